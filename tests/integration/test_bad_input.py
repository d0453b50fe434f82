"""Bad input: one line that says what is wrong, the exit code of the contract, nothing good lost."""

from __future__ import annotations

import os
import resource
import sqlite3
import struct
import zlib

import numpy as np
import pytest
import soundfile
from PIL import Image

RATE = 16_000
MINE = "[profiles.mine]\nextends = 'embedded'\n"


def one_line(found, code=1):
    """The single line of an error."""
    assert found.code == code, found
    lines = [line for line in found.err.splitlines() if line.startswith("cmean: ")]
    assert len(lines) == 1, found.err
    return lines[0]


def png_header(width, height):
    """A PNG that declares a size and holds next to nothing."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def write_bad_files(folder):
    """A file of each kind of badness; returns the reasons that it must be refused for."""
    silent = np.zeros(2 * RATE, np.float32)
    soundfile.write(folder / "silent.wav", silent, RATE)
    soundfile.write(folder / "short.wav", np.sin(np.arange(RATE // 5)) * 0.5, RATE)
    soundfile.write(folder / "nan.wav", np.full(2 * RATE, np.nan, np.float32), RATE, "FLOAT")
    (folder / "text.mp3").write_text("this is no music\n" * 100)
    (folder / "empty.flac").write_bytes(b"")
    Image.effect_noise((200, 200), 80).save(folder / "whole.jpg")
    data = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    (folder / "cut.jpg").write_bytes(data[: len(data) // 2])
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    (folder / "huge.png").write_bytes(png_header(60_000, 60_000))
    (folder / "empty.png").write_bytes(b"")
    return {
        "silent.wav": "silent",
        "short.wav": "too-short",
        "nan.wav": "not-finite",
        "text.mp3": "not-audio",
        "empty.flac": "empty-file",
        "cut.jpg": "decode-error",
        "dot.png": "too-small",
        "huge.png": "too-large",
        "empty.png": "empty-file",
    }


def test_bad_files_are_refused_with_reasons_and_good_ones_kept(cmean, small_corpus):
    reasons = write_bad_files(small_corpus)
    found = cmean("ingest", small_corpus, "--json")
    assert found.code == 3
    assert found.json["added"] == 7
    got = {os.path.basename(r["path"]): r["reason"] for r in found.json["rejected"]}  # noqa: PTH119 - text
    assert got == reasons
    assert all("\n" not in r["detail"] for r in found.json["rejected"])
    stored = cmean("sql", "SELECT reason FROM rejections", "--json").json
    assert sorted(row["reason"] for row in stored) == sorted(reasons.values())
    assert cmean("run", "--json").json["caption"]["done"] == 35


def test_a_refused_file_that_was_mended_is_taken(cmean, small_corpus):
    bad = small_corpus / "bad.png"
    bad.write_bytes(b"")
    assert cmean("ingest", small_corpus).code == 3
    Image.new("RGB", (64, 64), "teal").save(bad)
    assert cmean("ingest", small_corpus, "--json").json["added"] == 1
    assert cmean("sql", "SELECT * FROM rejections", "--json").json == []


def test_a_path_that_is_not_there(cmean):
    assert "no such file or folder" in one_line(cmean("ingest", "nowhere"))


def test_an_empty_folder(cmean, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no media file" in one_line(cmean("ingest", "empty"))


def test_a_file_without_permission(cmean, small_corpus):
    secret = small_corpus / "artwork-0.png"
    secret.chmod(0)
    if os.access(secret, os.R_OK):
        pytest.skip("this user may read everything")
    found = cmean("ingest", small_corpus, "--json")
    assert found.code == 3
    assert [r["reason"] for r in found.json["rejected"]] == ["no-permission"]


def test_a_catalog_that_is_not_sqlite(cmean, tmp_path):
    (tmp_path / "cmean.db").write_text("not a database " * 1000)
    assert "not an SQLite database" in one_line(cmean("status"))


def test_a_catalog_from_a_newer_version(cmean, tmp_path):
    assert cmean("init").code == 0
    with sqlite3.connect(tmp_path / "cmean.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer version" in one_line(cmean("run"))
    assert "newer version" in one_line(cmean("init"))


def test_a_wrong_profile(cmean):
    assert "no profile 'nope'" in one_line(cmean("run", "--profile", "nope"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profile = ", "not valid TOML"),
        ("colour = 'red'", "unknown setting 'colour'"),
        ("lease_seconds = 'soon'", "positive number"),
        ("profile = 3", "must be a text"),
        ("[profiles.mine]\nextends = 'nobody'\n", "no profile 'nobody'"),
        ("[profiles.mine]\nextends = 'mine'\n", "extends itself"),
        ("[profiles.mine.track]\npreprocessing = {}\n", "not well formed"),
        (MINE + "[profiles.mine.track.captioner]\nbackend = 'embedded-artwork'", "not take tracks"),
        (MINE + "[profiles.mine.track.captioner]\nloud = 1\n", "takes no parameter"),
        (MINE + "[profiles.mine.track.preprocessing]\nsped = 1\n", "unknown preprocessing"),
    ],
)
def test_a_wrong_configuration(cmean, tmp_path, small_corpus, text, said):
    del cmean.environment["CMEAN_PROFILE"]  # it would win over the file's
    cmean("ingest", small_corpus)
    (tmp_path / "cmean.toml").write_text(text)
    assert said in one_line(cmean("run", "--profile", "mine"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "cannot be parsed"),
        ("mysql://u:secret@h/d", "not supported"),
        ("sqlite:////nowhere/at/all/cmean.db", "folder does not exist"),
        ("postgresql://u:secret@127.0.0.1:1/d", "Connection refused"),
    ],
)
def test_a_wrong_database_url(make_program, tmp_path, url, said):
    line = one_line(make_program(tmp_path, url)("status"))
    assert said in line
    assert "secret" not in line


def limited(program, *arguments, file_bytes):
    """Run with a limit on the size of files, which is what a full disk looks like to a writer."""
    process = program.start(
        *arguments,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes)),
    )
    out, err = process.communicate()
    assert "Traceback" not in err, err
    return process.returncode, out, err


def test_a_full_disk_while_running_loses_nothing(cmean, small_corpus, tmp_path):
    cmean("ingest", small_corpus)
    size = (tmp_path / "cmean.db").stat().st_size
    code, _, err = limited(cmean, "run", file_bytes=size + 4096)
    assert code == 1
    assert "disk" in err.splitlines()[-1]
    assert cmean("run", "--json").json["emotion"]["remaining"] == 0
    assert cmean("sql", "SELECT COUNT(*) AS n FROM emotions", "--json").json == [{"n": 35}]


def test_a_full_disk_leaves_no_half_report(finished, tmp_path):
    output = tmp_path / "report.html"
    output.write_text("the old one")
    code, _, err = limited(finished, "report", "--output", output, file_bytes=100_000)
    assert code == 1
    assert "cannot be written" in err.splitlines()[-1]
    assert output.read_text() == "the old one"
    assert list(tmp_path.glob(".report*")) == []


def test_a_file_that_vanished_fails_alone_and_comes_back(cmean, small_corpus):
    cmean("ingest", small_corpus)
    lost = small_corpus / "track-1.wav"
    kept = lost.read_bytes()
    lost.unlink()
    found = cmean("run", "--json")
    assert found.code == 3
    assert (found.json["caption"]["done"], found.json["caption"]["failed"]) == (30, 5)
    assert "missing" in found.err
    lost.write_bytes(kept)
    assert cmean("retry", "--reason", "missing", "--json").json == {"ready": 5}
    assert cmean("run", "--json").code == 0


def test_a_file_that_changed_is_not_captioned_as_the_old_one(cmean, small_corpus):
    cmean("ingest", small_corpus)
    (small_corpus / "artwork-0.png").write_bytes((small_corpus / "artwork-1.png").read_bytes())
    found = cmean("run", "--json")
    assert found.code == 3
    assert "changed" in found.err


def test_pairing_before_there_is_anything(cmean, small_corpus):
    assert "cmean run" in one_line(cmean("pair"))
    cmean("ingest", small_corpus / "track-0.wav")
    cmean("run")
    assert "no artwork has an emotion" in one_line(cmean("pair"))
    assert "cmean pair" in one_line(cmean("report", "--output", "r.html"))
    assert "no pairing 7" in one_line(cmean("evaluate", 7))


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest",),
        ("paint",),
        ("run", "--limit", "0"),
        ("run", "--stage", "sing"),
        ("report",),
        ("sql",),
        ("export", "secrets", "--output", "x.csv"),
    ],
)
def test_wrong_usage_exits_with_2(cmean, arguments):
    assert cmean(*arguments).code == 2


def test_output_that_cannot_be(finished):
    for output in ("no/such/folder/x.csv", "x.txt"):
        one_line(finished("export", "pairs", "--output", output))
    one_line(finished("sql", "SELECT 1", "--format", "parquet"))


def test_metadata_that_cannot_be_read(cmean, small_corpus, tmp_path):
    (tmp_path / "no-path.csv").write_text("title,creator\na,b\n")
    (tmp_path / "cut.csv").write_text('path,title\na.wav,"Café\n', encoding="utf-8")
    for name, said in (
        ("nowhere.csv", "no such metadata file"),
        ("no-path.csv", "column 'path'"),
        ("cut.csv", "line 2: a quote is opened but not closed"),
    ):
        found = cmean("ingest", small_corpus, "--metadata", tmp_path / name)
        assert said in one_line(found)


def test_hostile_titles_stay_data(cmean, small_corpus, tmp_path):
    title = "<script>alert(1)</script>'; DROP TABLE items; -- [red]\x1b[31m"
    facts = small_corpus / "metadata.csv"
    facts.write_text(f'path,title\ntrack-0.wav,"{title}"\n')
    cmean("ingest", small_corpus, "--metadata", facts)
    cmean("run")
    cmean("pair")
    cmean("report", "--output", "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    shown = cmean("sql", "SELECT title FROM items").out
    assert "[red]" in shown
    assert "\x1b" not in shown


def test_a_file_name_that_is_no_text(cmean, small_corpus):
    odd = os.fsdecode(os.fsencode(small_corpus) + b"/caf\xe9.png")
    (small_corpus / "artwork-0.png").rename(odd)
    found = cmean("ingest", small_corpus, "--json")
    assert (found.code, found.json["added"]) == (0, 7)
    assert cmean("run", "--json").json["caption"]["failed"] == 0
