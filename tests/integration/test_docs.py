"""Every command that the documentation prints works as it is printed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support import Program, write_small_corpus

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])


def commands(page):
    """The lines of the page's shell blocks, without their comments."""
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        for line in block.splitlines():
            if words := shlex.split(line, comments=True):
                yield words


def inline(page):
    """Complete `cmean …` commands in running text: those with no placeholder in them."""
    for text in re.findall(r"`(cmean [a-z][^`]*)`", page.read_text(encoding="utf-8")):
        if "DIR" not in text and "VERB" not in text:
            yield shlex.split(text)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder as the README's reader has it, with a finished catalog."""
    folder = tmp_path_factory.mktemp("docs")
    media = write_small_corpus(folder / "media")
    for name, kind in (("MUSIC", "track"), ("PICTURES", "artwork")):
        (folder / name).mkdir()
        for path in media.glob(f"{kind}-*"):
            path.rename(folder / name / path.name)
    program = Program(folder)
    for arguments in (("ingest", "MUSIC", "PICTURES"), ("run",), ("pair",)):
        assert program(*arguments).code == 0
    return program


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page(prepared, page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for words in [*commands(page), *inline(page)]:
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", makefile, re.M), words
        elif words[0] == "echo":
            said, command = words[1], words[words.index("|") + 2 :]
            assert prepared(*command, text=said).code == 0, words
        else:
            assert words[0] == "cmean", words
            found = prepared(*words[1:])
            assert found.code == 0, (words, found)


def test_the_readme_names_only_files_that_are_there():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), (page.name, target)


def test_make_help_lists_the_targets():
    found = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "lint", "bench"):
        assert f"make {target}" in found.stdout
    assert sys.version_info >= (3, 11)
