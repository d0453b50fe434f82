"""Every verb as the process that a shell starts: streams, exit codes, pipes, the locale."""

from __future__ import annotations

import json
import subprocess

import pytest
import study_files
from support import Program, write_artwork, write_small_corpus

from cmean.cli import VERBS

JSON_VERBS = {
    "init": (),
    "ingest": ("media",),
    "run": ("--profile", "embedded-stretched"),  # with worker processes: there is work for them
    "status": (),
    "retry": (),
    "pair": ("--method", "optimal"),
    "match": ("tracks.csv", "artworks.csv", "--output", "matched.csv"),
    "labels": ("labels.csv", "--name", "mine"),
    "evaluate": (),
    "rate": ("sheet", "--output", "sheet.csv"),
    "report": ("--output", "report.html"),
    "reproduce": ("RESULTS",),
    "sql": ("SELECT COUNT(*) AS n FROM items",),
    "export": ("pairs", "--output", "pairs.csv"),
    "map-text": (),
    "distil": ("--output", "mapper.csv"),
    "backends": (),
}
"""Arguments with which each verb ends well, without `--json`."""
TESTED_ELSEWHERE = {
    "demo": "packaging/test_wheel.py",
    "setup": "test_setup_verb.py",
    "worker": "faults",
    "metrics": "test_metrics.py",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The program in a folder with a catalog that has a pairing, and what the verbs read."""
    folder = tmp_path_factory.mktemp("processes")
    media = write_small_corpus(folder / "media")
    for number in range(4):  # enough items to fit a mapper to
        write_artwork(media / f"more-{number}.png", (50 * number, 90, 160))
    for name in ("tracks", "artworks"):
        (folder / f"{name}.csv").write_text(f"{name} one,200,40,10\n{name} two,10,60,90\n")
    (folder / "labels.csv").write_text("item,valence\ntrack-0,1\n")
    study_files.write(folder / "RESULTS")
    made = Program(folder)
    for arguments in (("ingest", "media"), ("run",), ("pair",)):
        assert made(*arguments).code == 0
    return made


def test_every_verb_is_started_as_a_process():
    assert set(VERBS) == JSON_VERBS.keys() | TESTED_ELSEWHERE.keys()


@pytest.mark.parametrize("verb", JSON_VERBS)
def test_standard_output_is_one_document_and_all_else_goes_to_standard_error(program, verb):
    text = "a slow cello\n" if verb == "map-text" else None
    found = program.process(verb, *JSON_VERBS[verb], "--json", text=text)
    assert found.code == 0, found.err
    assert found.json is not None
    for line in found.err.splitlines():
        assert not line.startswith(("{", "[", "cmean: ")), found.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("sql", "SELECT nonsense"), 1, "cmean: "),
        (("pair", "--method", "guess"), 2, "usage: cmean pair"),
        (("ingest", "broken"), 3, "broken.png"),
        (("nonsense",), 2, "usage: cmean VERB"),
    ],
)
def test_exit_codes(program, arguments, code, said):
    (program.folder / "broken").mkdir(exist_ok=True)
    (program.folder / "broken" / "broken.png").write_bytes(b"no picture")
    found = program.process(*arguments)
    assert found.code == code
    assert said in found.err


def test_a_reader_that_has_enough_is_no_failure(program):
    query = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
        SELECT i FROM n"""
    process = program.start("sql", query, "--format", "csv")
    assert process.stdout.readline() == "i\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_any_title_is_printed_as_utf_8_whatever_the_locale(program, locale):
    command = [*program.command, "sql", "SELECT 'Erik Satie: Gymnopédie ♯1' AS title", "--json"]
    done = subprocess.run(
        command,
        cwd=program.folder,
        env=program.environment | {"LC_ALL": locale},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout.decode("utf-8")) == [{"title": "Erik Satie: Gymnopédie ♯1"}]


def test_standard_input_may_be_a_pipe_of_any_bytes(program):
    found = subprocess.run(
        [*program.command, "map-text"],
        cwd=program.folder,
        env=program.environment,
        input=b"a slow cello\n\xff\xfe\n",
        capture_output=True,
        check=False,
    )
    assert found.returncode in {1, 3}
    assert b"Traceback" not in found.stderr
