"""Artworks: what is read, what is rejected and why; colours, orientation, fragments."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_samples import four_corners, image_bytes, swapped_profile
from PIL import Image, ImageCms, PngImagePlugin

from cmean.errors import MediaError
from cmean.media import image
from cmean.media.limits import Limits

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90)


pytestmark = pytest.mark.filterwarnings("error")


def reason(path, limits=None):
    """Why both doors reject a file; they must agree."""
    reasons = set()
    for door in (image.probe_artwork, image.load_artwork):
        with pytest.raises(MediaError) as caught:
            door(path, limits or Limits())
        assert "\n" not in caught.value.detail
        reasons.add(caught.value.reason)
    (only,) = reasons
    return only


def corners(picture):
    """The colours near the four corners: top-left, top-right, bottom-left, bottom-right."""
    last_x, last_y = picture.width - 3, picture.height - 3
    return [picture.getpixel(at) for at in ((2, 2), (last_x, 2), (2, last_y), (last_x, last_y))]


def png(width, height, depth=8, colour=2):
    """A PNG of one black row, whatever size it declares."""

    def chunk(name, data):
        crc = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    rows = zlib.compress(bytes(1 + 3 * width))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("container", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_is_probed_and_loaded(put, container):
    path = put("a.img", image_bytes(four_corners(80, 60), container))
    info = image.probe_artwork(path)
    assert (info.format, info.width, info.height) == (container, 80, 60)
    loaded = image.load_artwork(path)
    assert (loaded.mode, loaded.size) == ("RGB", (80, 60))
    np.testing.assert_allclose(corners(loaded), [RED, GREEN, BLUE, GREY], atol=6)


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, GREY]),
        (2, [GREEN, RED, GREY, BLUE]),
        (3, [GREY, BLUE, GREEN, RED]),
        (6, [BLUE, RED, GREY, GREEN]),
        (8, [GREEN, GREY, RED, BLUE]),
    ],
)
def test_pictures_are_turned_upright(put, orientation, expected):
    exif = Image.Exif()
    exif[274] = orientation
    path = put("a.jpg", image_bytes(four_corners(80, 48), "JPEG", exif=exif, quality=95))
    size = (48, 80) if orientation > 4 else (80, 48)
    info, loaded = image.probe_artwork(path), image.load_artwork(path)
    assert (info.width, info.height) == loaded.size == size
    np.testing.assert_allclose(corners(loaded), expected, atol=12)


@pytest.mark.parametrize(
    ("mode", "container"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I", "TIFF"), ("F", "TIFF")]
)
def test_deep_grey_keeps_its_shades(put, mode, container):
    shades = np.linspace(0, 65_535, 32 * 20).reshape(20, 32)
    kinds = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
    picture = Image.fromarray(shades.astype(kinds[mode]))
    assert picture.mode == mode
    loaded = np.asarray(image.load_artwork(put("a.img", image_bytes(picture, container))))
    np.testing.assert_allclose(loaded, np.repeat(shades[:, :, None] / 257, 3, axis=2), atol=1)


def test_dark_grey_of_16_bits_stays_dark(put):
    picture = Image.fromarray(np.full((20, 20), 200, np.uint16))
    assert image.load_artwork(put("a.png", image_bytes(picture))).getpixel((0, 0)) == (1, 1, 1)


@pytest.mark.parametrize("top", [1.0, 255.0, 70_000.0])
def test_floating_point_grey_is_scaled_by_the_range_that_holds_it(put, top):
    values = np.full((20, 20), top, np.float32)
    values[0, 0] = top / 2
    values[0, 1] = -3
    loaded = image.load_artwork(put("a.tif", image_bytes(Image.fromarray(values), "TIFF")))
    assert [loaded.getpixel((x, 0))[0] for x in range(3)] == [128, 0, 255]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_rejected(put, bad):
    values = np.zeros((20, 20), np.float32)
    values[5, 5] = bad
    path = put("a.tif", image_bytes(Image.fromarray(values), "TIFF"))
    with pytest.raises(MediaError, match="NaN or infinite"):
        image.load_artwork(path)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_stands_on_white(put, mode):
    picture = Image.new("RGBA", (20, 20), (0, 0, 0, 255))
    picture.paste((10, 20, 30, 0), (10, 0, 20, 20))
    loaded = image.load_artwork(put("a.png", image_bytes(picture.convert(mode), "PNG")))
    assert loaded.getpixel((2, 2)) == (0, 0, 0)
    assert loaded.getpixel((15, 2)) == (255, 255, 255)


def test_a_transparent_colour_stands_on_white(put):
    content = image_bytes(four_corners(), "PNG", transparency=RED)
    loaded = image.load_artwork(put("a.png", content))
    assert corners(loaded) == [(255, 255, 255), GREEN, BLUE, GREY]


def test_of_an_animation_the_first_frame_is_the_artwork(put):
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, BLUE)]
    content = image_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert image.load_artwork(put("a.gif", content)).getpixel((9, 9)) == RED


def test_colours_go_through_the_profile(put):
    content = image_bytes(four_corners(), "PNG", icc_profile=swapped_profile())
    loaded = image.load_artwork(put("a.png", content))
    np.testing.assert_allclose(corners(loaded), [BLUE, GREEN, RED, GREY], atol=2)


# Named, for a profile holds the second in which it was made: workers must agree on names.
@pytest.mark.parametrize("profile", [b"broken", swapped_profile()[:300]], ids=["broken", "cut"])
def test_a_broken_profile_is_no_profile(put, profile):
    loaded = image.load_artwork(
        put("a.png", image_bytes(four_corners(), "PNG", icc_profile=profile))
    )
    assert corners(loaded) == [RED, GREEN, BLUE, GREY]


def test_a_profile_of_another_mode_is_no_profile(put):
    content = image_bytes(four_corners().convert("L"), "PNG", icc_profile=swapped_profile())
    assert image.load_artwork(put("a.png", content)).mode == "RGB"


def test_print_and_lab_colours_are_converted(put):
    cmyk = four_corners().convert("CMYK")
    loaded = image.load_artwork(put("a.jpg", image_bytes(cmyk, "JPEG", quality=95)))
    np.testing.assert_allclose(corners(loaded), [RED, GREEN, BLUE, GREY], atol=12)
    lab = ImageCms.profileToProfile(
        four_corners(),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    loaded = image.load_artwork(put("a.tif", image_bytes(lab, "TIFF")))
    np.testing.assert_allclose(corners(loaded), [RED, GREEN, BLUE, GREY], atol=24)  # 8-bit LAB


def test_tags_are_read(put):
    text = PngImagePlugin.PngInfo()
    for key, value in {"Title": "A  title", "Author": "Somebody", "Creation Time": "1872"}.items():
        text.add_text(key, value)
    info = image.probe_artwork(put("a.png", image_bytes(four_corners(), "PNG", pnginfo=text)))
    assert (info.title, info.creator, info.year) == ("A title", "Somebody", "1872")
    exif = Image.Exif()
    exif[306] = "2011:01:01 00:00:00"
    exif[270], exif[315] = "Löwe".encode(), "Dürer".encode("latin-1")
    info = image.probe_artwork(put("a.jpg", image_bytes(four_corners(), "JPEG", exif=exif)))
    assert (info.title, info.creator, info.year) == ("Löwe", "Dürer", None)
    exif = Image.Exif()
    exif[40091] = "Löwe\0".encode("utf-16-le")
    info = image.probe_artwork(put("b.jpg", image_bytes(four_corners(), "JPEG", exif=exif)))
    assert info.title == "Löwe"


def test_iptc_tags_are_read(put):
    fields = {5: "Sunrise", 80: "Monet", 55: "18721113"}
    iptc = b"".join(
        struct.pack(">BBBH", 0x1C, 2, field, len(value)) + value.encode()
        for field, value in fields.items()
    )
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + bytes(len(iptc) % 2)
    segment = b"Photoshop 3.0\0" + block
    jpeg = image_bytes(four_corners(), "JPEG")
    content = jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    info = image.probe_artwork(put("a.jpg", content))
    assert (info.title, info.creator, info.year) == ("Sunrise", "Monet", "1872")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty-file"),
        (b"a text", "not-an-image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n", "not-an-image"),
        (image_bytes(four_corners(), "PPM"), "not-an-image"),
        (image_bytes(four_corners(), "JPEG")[:-200], "decode-error"),
        (image_bytes(four_corners(), "PNG")[:-60], "decode-error"),
        (image_bytes(Image.new("RGB", (1, 1)), "PNG"), "too-small"),
        (image_bytes(Image.new("RGB", (15, 500)), "PNG"), "too-small"),
        (png(60_000, 60_000), "too-large"),
        (png(9_500, 9_500), "too-large"),
    ],
)
def test_what_is_no_artwork_is_rejected(put, content, expected):
    assert reason(put("a.png", content)) == expected


def test_the_pixel_limit_is_a_parameter(put):
    path = put("a.png", image_bytes(four_corners(80, 60), "PNG"))
    assert reason(path, Limits(max_pixels=80 * 60 - 1)) == "too-large"
    assert image.probe_artwork(path, Limits(max_pixels=80 * 60)).width == 80


def test_what_is_not_there_says_so(tmp_path):
    assert reason(tmp_path / "a.png") == "missing"
    assert reason(tmp_path) == "not-a-file"


def test_a_file_that_may_not_be_read_says_so(open_folder, unprivileged):
    path = open_folder / "a.png"
    path.write_bytes(image_bytes(four_corners()))
    path.chmod(0)
    unprivileged()
    assert reason(path) == "no-permission"


def test_decoders_do_not_chatter(put):
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    spoilt = bytearray(image_bytes(noise, "TIFF", compression="tiff_lzw"))
    spoilt[400:900] = bytes(500)
    count = struct.pack("<HHI", 277, 3, 1)  # samples per pixel
    many = image_bytes(noise, "TIFF").replace(count + b"\3\0", count + b"\xff\xff")
    exif = Image.Exif()
    exif[270] = "a title"
    lost = image_bytes(noise, "JPEG", exif=exif.tobytes()[:-6])
    contents = (bytes(spoilt), many, lost)
    paths = [put(f"{number}.img", content) for number, content in enumerate(contents)]
    program = (  # a process of its own: under pytest, neither logs nor warnings reach the terminal
        "import pathlib, sys, cmean.errors, cmean.media.image as image\n"
        "for name in sys.argv[1:]:\n"
        "    try: image.probe_artwork(pathlib.Path(name))\n"
        "    except cmean.errors.MediaError: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_centre_takes_the_square_and_its_quarters():
    picture = Image.new("RGB", (300, 100), "white")
    picture.paste(four_corners(100, 100), (100, 0))
    whole, *parts = image.cut_fragments(picture, "centre", 64, 32)
    assert whole.pixels.shape == (64, 64, 3)
    assert whole.pixels.dtype == np.uint8
    np.testing.assert_allclose(
        corners(Image.fromarray(whole.pixels)), [RED, GREEN, BLUE, GREY], atol=1
    )
    for part, colour in zip(parts, [RED, GREEN, BLUE, GREY], strict=True):
        assert part.pixels.shape == (32, 32, 3)
        assert (part.pixels == colour).all()  # nothing of the neighbour comes through the cut


def test_stretch_takes_all_of_the_picture():
    whole, *parts = image.cut_fragments(four_corners(300, 100), "stretch", 512, 256)
    assert whole.pixels.shape == (512, 512, 3)
    for part, colour in zip(parts, [RED, GREEN, BLUE, GREY], strict=True):
        assert part.pixels.shape == (256, 256, 3)
        assert (part.pixels == colour).all()


def test_fragments_have_the_detail_of_the_full_resolution():
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255
    whole, top_left, *_ = image.cut_fragments(Image.fromarray(stripes), "centre", 256, 512)
    assert whole.pixels.std() < 5  # the shrunken whole lost the stripes
    assert top_left.pixels.std() > 120


@given(st.integers(16, 90), st.integers(16, 90), st.sampled_from(["centre", "stretch"]))
def test_any_shape_gives_five_pictures_of_the_size_asked_for(width, height, square):
    pictures = image.cut_fragments(Image.new("RGB", (width, height), GREY), square, 40, 20)
    assert [picture.pixels.shape for picture in pictures] == [(40, 40, 3)] + [(20, 20, 3)] * 4
    assert all((picture.pixels == 90).all() for picture in pictures)
