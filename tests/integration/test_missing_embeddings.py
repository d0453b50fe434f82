"""What `cmean evaluate` says is lacking, and the command that it prints, on tiny checkpoints."""

from __future__ import annotations

import re
import shlex

import pytest
import study_files
from support import Program, write_small_corpus

from cmean.backends import registry

EMBEDDERS = ("imagebind", "clip", "clap")
LACKING = "Tables III, IV and VI need embeddings by CLAP, CLIP and ImageBind"
PROFILES = """
[profiles.quiet]
extends = "embedded-stretched"

[profiles.mapped]
extends = "embedded-stretched"
embedders = [{ backend = "clap" }]
track = { mapper = { backend = "qwen3" } }
"""
JUDGED = """
[profiles.heard]
extends = "quiet"
embedders = [{ backend = "clap" }, { backend = "clip" }, { backend = "imagebind" }]
"""


@pytest.fixture
def program(models, tmp_path):
    """A catalog that is paired by `embedded`, where there are only the embedders' weights."""
    for name in EMBEDDERS:
        repository = tmp_path / "weights" / registry.get_info(name).model
        repository.parent.mkdir(parents=True, exist_ok=True)
        repository.symlink_to(models / registry.get_info(name).model)
    program = Program(tmp_path)
    program.environment |= {"CMEAN_MODEL_DIR": str(tmp_path / "weights"), "HF_HUB_OFFLINE": "1"}
    program.environment |= {"OMP_NUM_THREADS": "1", "HF_HOME": str(tmp_path / "cache")}
    (tmp_path / "cmean.toml").write_text(PROFILES)
    write_small_corpus(tmp_path / "media")
    for arguments in (("ingest", "media"), ("run",), ("pair",)):
        assert program(*arguments).code == 0
    return program


def printed(program, *arguments):
    """The command that an evaluation prints for what it lacks."""
    done = program("evaluate", *arguments)
    assert done.code == 0, done.err
    return re.search(rf"^{LACKING}: cmean (.*)$", done.err, re.MULTILINE)[1]


def counts(program, *arguments):
    """How many items and pairs the tables of embeddings rest on, once they are there."""
    done = program("evaluate", *arguments, "--json")
    assert "need" not in done.err
    tables = done.json["tables"]
    return [tables[number][row]["n"] for number, row in ROWS]


ROWS = (("III", "total"), ("III", "aggregated"), ("IV", "total"), ("VI", "pairs"))


def test_the_command_that_is_printed_makes_what_is_lacking(program):
    command = printed(program)
    assert command == "run --profile embedded-judged --stage embed"

    done = program(*shlex.split(command), "--json")

    assert done.code == 0, done.err
    media = 2 * (3 + 4) * 5  # ImageBind takes both kinds, CLIP and CLAP one each
    assert done.json["embed"]["done"] == media + 3 * (3 + 4) * 5
    assert counts(program) == [3, 3, 4, 3]


def test_a_control_has_a_command_of_its_own(program):
    for verb in ("run", "pair"):
        assert program(verb, "--control", "shuffled-captions", "--control-seed", 3).code == 0
    command = printed(program, 2)
    assert command == "run --profile embedded-judged+shuffled-captions:3 --stage embed"

    assert program(*shlex.split(command)).code == 0

    assert counts(program, 2) == [3, 3, 4, 3]
    rest = program("evaluate", 1).err  # of other captions, and of the same media
    assert "Tables III and IV need embeddings by CLAP and CLIP: cmean run --profile " in rest
    assert "--profile embedded-judged --stage embed\n" in rest


def test_another_profile_is_named_where_it_writes_the_same_captions(program):
    for verb in ("run", "pair"):
        assert program(verb, "--profile", "quiet").code == 0
    assert program("pair", "--profile", "quiet", "--method", "random").code == 0
    none = program("evaluate", 2).err
    assert f"{LACKING}, which profile 'quiet' does not have: add them" in none
    assert "docs/back-ends.md" in none

    (program.folder / "cmean.toml").write_text(PROFILES + JUDGED)

    assert printed(program, 2) == "run --profile heard --stage embed"
    (program.folder / "cmean.toml").unlink()
    gone = program("evaluate", 2)
    assert (gone.code, gone.err.count("\n")) == (0, 1)
    assert "which profile 'quiet' does not have" in gone.err


def test_published_items_have_no_media_to_embed(cmean, tmp_path):
    study_files.write(tmp_path / "published")
    earlier = cmean("reproduce", tmp_path / "published", "--json").json["pairings"]["earlier"]

    done = cmean("evaluate", earlier)

    assert done.code == 0
    assert "the items of published results have no media, so nothing can be embedded" in done.err
    assert "cmean run" not in done.err


def test_a_stage_needs_the_back_ends_of_no_other(program):
    """Of `paper` only media can be embedded: nobody has written its captions."""
    embedded = program("run", "--profile", "paper", "--stage", "embed", "--json")
    assert embedded.code == 0, embedded.err
    assert embedded.json["embed"]["done"] == 2 * (3 + 4) * 5

    written = program("run", "--profile", "mapped", "--stage", "caption", "--json")
    assert written.code == 0, written.err
    assert written.json["caption"]["done"] == 4 * 5  # those of tracks are those of `embedded`
    mapped = program("run", "--profile", "mapped", "--stage", "emotion")
    assert (mapped.code, mapped.err.count("\n")) == (1, 1)
    assert "backends --fetch Qwen/Qwen3-4B" in mapped.err
    assert program("run", "--profile", "mapped", "--stage", "caption", "embed").code == 0

    for stages in (["caption"], ["emotion"], []):  # who maps needs to know the captions
        done = program("run", "--profile", "paper", *(["--stage", *stages] if stages else []))
        assert (done.code, done.err.count("\n")) == (1, 1)
        assert "backends --fetch Qwen/Qwen2-Audio-7B-Instruct" in done.err
