"""Finding media files: folders, links, permissions, identity."""

import hashlib
import os
from pathlib import Path

import pytest

from cmean.domain import Kind
from cmean.errors import InputError, MediaError
from cmean.media.files import (
    RejectedPath,
    find_media_files,
    guess_kind,
    hash_media_file,
    require_readable,
)
from cmean.media.formats import SUFFIXES


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.MP3", Kind.TRACK),
        ("a.b.opus", Kind.TRACK),
        ("a.JPeG", Kind.ARTWORK),
        ("a.tiff", Kind.ARTWORK),
        ("a.txt", None),
        ("mp3", None),
        (".mp3", None),
        ("a.eps", None),
    ],
)
def test_kind_is_guessed_from_the_suffix(name, kind):
    assert guess_kind(Path(name)) is kind


def test_a_folder_is_searched_through_in_the_order_of_names(tmp_path, put):
    names = ["b.png", "a.mp3", "sub/z.ogg", "sub/deeper/c.gif", "another/d.wav"]
    for name in [*names, "notes.txt", "metadata.csv", ".hidden.mp3", ".git/x.png", "no-suffix"]:
        put(name, b"x")
    found = [path.relative_to(tmp_path).as_posix() for path in find_media_files([tmp_path])]
    assert found == ["a.mp3", "b.png", "another/d.wav", "sub/z.ogg", "sub/deeper/c.gif"]


def test_a_named_file_is_always_taken(put):
    paths = [put("notes.txt", b""), put(".hidden", b"x"), put("a.mp3", b"x")]
    assert find_media_files(paths) == paths


@pytest.mark.parametrize("name", ["nowhere", "nowhere/deep.mp3", "a\0b", "x" * 5000])
def test_a_missing_path_is_an_error_in_one_line(tmp_path, name):
    with pytest.raises(InputError, match="no such file or folder"):
        find_media_files([tmp_path / name])


def test_a_folder_without_media_is_an_error(tmp_path, put):
    put("notes.txt", b"x")
    put(".hidden.mp3", b"x")
    with pytest.raises(InputError, match="no media file in folder"):
        find_media_files([tmp_path])


def test_links_inside_are_files_and_links_out_are_rejected(tmp_path, put):
    outside = put("outside/secret.mp3", b"x")
    root = tmp_path / "root"
    inside = put("root/real/a.mp3", b"x")
    (root / "b.mp3").symlink_to(inside)
    (root / "c.mp3").symlink_to(outside)
    (root / "d").symlink_to(outside.parent)
    (root / "e").symlink_to(inside.parent)
    (root / "loop").symlink_to(root)
    (root / "notes.txt").symlink_to("/etc/passwd")
    (root / "dangling.mp3").symlink_to(root / "gone.mp3")
    (root / "round.mp3").symlink_to(root / "round.mp3")
    found = find_media_files([root])
    taken = [entry for entry in found if isinstance(entry, Path)]
    rejected = {e.path.name: e.reason for e in found if isinstance(e, RejectedPath)}
    assert taken == [root / "b.mp3", inside]
    assert rejected == {
        "c.mp3": "outside-root",
        "d": "outside-root",
        "dangling.mp3": "missing",
        "round.mp3": "missing",
    }


def test_a_root_that_is_itself_a_link_is_entered(tmp_path, put):
    put("real/a.mp3", b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert find_media_files([tmp_path / "link"]) == [tmp_path / "link" / "a.mp3"]


def test_a_pipe_is_no_file(tmp_path):
    pipe = tmp_path / "a.mp3"
    os.mkfifo(pipe)
    (entry,) = find_media_files([tmp_path])
    assert (entry.path, entry.reason) == (pipe, "not-a-file")
    with pytest.raises(MediaError) as caught:
        require_readable(pipe)
    assert caught.value.reason == "not-a-file"


def test_what_may_not_be_read_is_rejected(open_folder, unprivileged):
    locked = open_folder / "locked"
    locked.mkdir()
    for path in (open_folder / "a.mp3", locked / "b.mp3"):
        path.write_bytes(b"x")
    locked.chmod(0)
    unprivileged()
    found = find_media_files([open_folder, locked / "b.mp3"])
    assert found[0] == open_folder / "a.mp3"
    assert [(entry.path, entry.reason) for entry in found[1:]] == [
        (locked, "no-permission"),
        (locked / "b.mp3", "no-permission"),
    ]
    with pytest.raises(MediaError) as caught:
        hash_media_file(locked / "b.mp3")
    assert caught.value.reason == "no-permission"


def test_identity_is_the_hash_of_the_bytes(put):
    content = os.urandom(300_000)
    expected = hashlib.sha256(content).hexdigest()
    assert (
        hash_media_file(put("a.mp3", content)) == hash_media_file(put("b.png", content)) == expected
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone", "missing"),
        ("empty/deeper", "missing"),
        ("a\0b", "missing"),
        ("empty", "empty-file"),
        (".", "not-a-file"),
        ("x" * 5000, "read-error"),
    ],
)
def test_what_has_no_content_has_no_identity(tmp_path, put, name, reason):
    put("empty", b"")
    with pytest.raises(MediaError) as caught:
        hash_media_file(tmp_path / name)
    assert caught.value.reason == reason


def test_every_suffix_is_in_lower_case_with_its_dot():
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in SUFFIXES)
