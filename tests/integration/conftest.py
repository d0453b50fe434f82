"""A catalog on which everything was done once, for tests that only look."""

from __future__ import annotations

import pytest
from support import Program, new_database, write_small_corpus


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def finished(request, tmp_path_factory):
    """The program in a folder, on each database, with everything done once."""
    folder = tmp_path_factory.mktemp("finished")
    if request.param == "sqlite":
        yield all_done(Program(folder))
        return
    for url in new_database(request.getfixturevalue("postgresql")()):
        yield all_done(Program(folder, url))


def all_done(program):
    """Do everything once."""
    assert program("init").code == 0
    program.ingested = program("ingest", write_small_corpus(program.folder / "media"), "--json")
    program.ran = program("run", "--json")
    program.paired = program("pair", "--json")
    return program
