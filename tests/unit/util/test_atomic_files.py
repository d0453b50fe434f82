"""A file is written completely or not at all."""

from __future__ import annotations

import os

import pytest

from cmean.errors import InputError
from cmean.util.atomic_files import replace_file


def test_a_file_is_replaced_when_the_block_succeeds(tmp_path):
    output = tmp_path / "out.txt"
    output.write_text("before")
    with replace_file(output) as path:
        path.write_text("after")
        assert output.read_text() == "before"
    assert output.read_text() == "after"
    assert list(tmp_path.iterdir()) == [output]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    output = tmp_path / "out.txt"
    output.write_text("before")

    def fail():
        with replace_file(output) as path:
            path.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert output.read_text() == "before"
    assert list(tmp_path.iterdir()) == [output]


def test_a_symbolic_link_stays_one(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("before")
    link.symlink_to(target)
    with replace_file(link) as path:
        path.write_text("after")
    assert link.is_symlink()
    assert target.read_text() == "after"


def test_a_new_file_has_the_usual_permissions(tmp_path):
    mask = os.umask(0o027)
    try:
        with replace_file(tmp_path / "out.txt") as path:
            path.write_text("text")
    finally:
        os.umask(mask)
    assert (tmp_path / "out.txt").stat().st_mode & 0o777 == 0o640


def test_a_missing_folder_is_an_input_error(tmp_path):
    with (
        pytest.raises(InputError, match="cannot be written"),
        replace_file(tmp_path / "missing" / "out.txt"),
    ):
        pass
