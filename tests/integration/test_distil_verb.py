"""`cmean distil`: a catalog's captions and triples become a mapper that a profile can name."""

from __future__ import annotations

import json

import pytest
from support import Program, write_artwork, write_track


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A catalog with enough items to fit to, and the weights that were fitted to them."""
    program = Program(tmp_path_factory.mktemp("distil"))
    for number in range(10):
        colour = (25 * number, 250 - 25 * number, (90 * number) % 256)
        write_artwork(program.folder / "media" / f"{number}.png", colour)
    write_track(program.folder / "media" / "track.wav")
    assert program("ingest", "media").code == 0
    assert program("run").code == 0
    program.distilled = program("distil", "--output", "mine.csv", "--json")
    return program


def test_it_says_what_was_fitted_and_how_well(done):
    found = done.distilled.json
    assert done.distilled.code == 0
    assert (found["items"], found["captions"]) == (11, 55)
    assert found["source"]["profile"] == "embedded"
    assert found["source"]["recipes"]["track"]["backend"] == "embedded-mapper"
    assert set(found["agreement"]) == {"distilled", "embedded", "constant"}
    # its triples are the embedded mapper's own
    assert found["agreement"]["embedded"]["mean_cosine"] == 1
    assert found["agreement"]["embedded"]["mean_absolute_error"]["red"] == 0
    first, *_ = (done.folder / "mine.csv").read_text(encoding="utf-8").splitlines()
    assert json.loads(first).items() <= found.items()


def test_a_profile_can_name_its_weights(done):
    (done.folder / "cmean.toml").write_text(
        '[profiles.mine]\nextends = "embedded"\n'
        '[profiles.mine.track]\nmapper = { backend = "distilled", weights = "mine.csv" }\n'
        '[profiles.mine.artwork]\nmapper = { backend = "distilled", weights = "mine.csv" }\n'
    )
    assert done("run", "--profile", "mine", "--json").json["emotion"]["done"] == 55
    query = "SELECT revision FROM recipes WHERE backend = 'distilled'"
    rows = done("sql", query, "--format", "json").json
    assert {row["revision"] for row in rows} == {done.distilled.json["revision"]}


def test_people_get_a_table(done):
    said = done("distil")
    assert said.code == 0
    assert "constant" in said.out
    assert 'backend = "distilled"' in said.err
    assert (done.folder / "distilled.csv").exists()


def test_without_triples_it_says_what_to_do(tmp_path):
    program = Program(tmp_path)
    nothing = program("distil")
    assert nothing.code == 1
    assert "cmean run --profile embedded" in nothing.err
    assert program("distil", "--held-out", "0.9").code == 2
