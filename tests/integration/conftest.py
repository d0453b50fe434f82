"""A catalog on which everything was done once, for tests that only look."""

from __future__ import annotations

import pytest
from support import Program, write_small_corpus


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The program in a folder whose catalog holds a finished run and a pairing."""
    folder = tmp_path_factory.mktemp("finished")
    program = Program(folder)
    program.ingested = program("ingest", write_small_corpus(folder / "media"), "--json")
    program.ran = program("run", "--json")
    program.paired = program("pair", "--json")
    return program
