"""Sound and picture files made by code, for the tests of the media room."""

import io

import numpy as np
import soundfile
from PIL import Image, ImageCms

RATE = 8_000


def tone(seconds=2.0, rate=RATE, channels=1, hertz=440.0, level=0.5):
    """A sine as float64 of shape (n, channels), the same in all channels."""
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[:, None], channels, axis=1)


def sound_bytes(samples, rate=RATE, container="WAV", subtype=None, **tags):
    """An encoded sound file; `tags` as soundfile names them: title, artist, date."""
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", rate, samples.shape[1], subtype=subtype, format=container
    ) as file:
        for name, value in tags.items():
            setattr(file, name, value)
        file.write(samples)
    return buffer.getvalue()


def four_corners(
    width=64, height=48, colours=((255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90))
):
    """A picture whose quarters have one colour each: top-left, top-right, bottom-left, -right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    x, y = width // 2, height // 2
    pixels[:y, :x], pixels[:y, x:], pixels[y:, :x], pixels[y:, x:] = colours
    return Image.fromarray(pixels)


def image_bytes(image, container="PNG", **options):
    """An encoded picture file."""
    buffer = io.BytesIO()
    image.save(buffer, container, **options)
    return buffer.getvalue()


def swapped_profile():
    """An ICC profile that says: what is stored as red is to be seen as blue, and vice versa."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for table in range(int.from_bytes(profile[128:132], "big")):
        name = slice(132 + 12 * table, 136 + 12 * table)
        names = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}
        profile[name] = names.get(bytes(profile[name]), profile[name])
    return bytes(profile).replace(b"s\0R\0G\0B", b"o\0d\0d\0 ")


def all_sounds():
    """One short file of each container and of the codecs with a decoder of their own."""
    samples = tone(1.2, channels=2) + np.random.default_rng(0).normal(0, 0.05, (9_600, 2))
    kinds = [
        *[("wav", "WAV", "PCM_16"), ("wav", "WAV", "FLOAT"), ("wav", "WAV", "MS_ADPCM")],
        *[("flac", "FLAC", "PCM_16"), ("aiff", "AIFF", "PCM_16"), ("mp3", "MP3", None)],
        *[("ogg", "OGG", "VORBIS"), ("opus", "OGG", "OPUS")],
    ]
    return [
        (suffix, sound_bytes(samples, RATE, container, codec)) for suffix, container, codec in kinds
    ]


def all_images():
    """One small file of each container, with and without metadata, and of the odd modes."""
    noise = Image.effect_mandelbrot((48, 36), (-2, -1.5, 1, 1.5), 50)
    colour = Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180)))
    exif = Image.Exif()
    exif[274], exif[270], exif[315] = 6, "a title", "a creator"
    meta = {"exif": exif, "icc_profile": swapped_profile()}
    plain = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP", "tif": "TIFF"}
    files = [(suffix, image_bytes(colour, container)) for suffix, container in plain.items()]
    told = ("jpg", "png", "webp", "tif")
    codecs = ("tiff_lzw", "jpeg", "tiff_adobe_deflate", "packbits")
    files += [(suffix, image_bytes(colour, plain[suffix], **meta)) for suffix in told]
    files += [("tif", image_bytes(colour, "TIFF", compression=codec)) for codec in codecs]
    files += [("png", image_bytes(colour.convert(mode))) for mode in ("RGBA", "LA", "1", "P")]
    files += [("tif", image_bytes(noise.convert(mode), "TIFF")) for mode in ("CMYK", "F", "I;16")]
    files.append(("gif", image_bytes(colour, "GIF", save_all=True, append_images=[noise])))
    files.append(("jpg", image_bytes(colour, "JPEG", progressive=True)))
    return files
