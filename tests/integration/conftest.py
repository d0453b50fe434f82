"""A catalog on which everything was done once, for tests that only look."""

from __future__ import annotations

import pytest
from support import Program, new_database, write_small_corpus

from cmean.backends import registry


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


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder of tiny checkpoints, each under the name of the real repository."""
    from checkpoints import (  # noqa: PLC0415 - they import torch, which few tests need
        clap,
        clip,
        imagebind,
        qwen2_5_vl,
        qwen2_audio,
        qwen3,
    )

    folder = tmp_path_factory.mktemp("models")
    for name, family in {
        "qwen2-audio": qwen2_audio,
        "qwen2.5-vl": qwen2_5_vl,
        "qwen3": qwen3,
        "clip": clip,
        "clap": clap,
        "imagebind": imagebind,
    }.items():
        (folder / registry.get_info(name).model).mkdir(parents=True)
        family.build(folder / registry.get_info(name).model)
    return folder
