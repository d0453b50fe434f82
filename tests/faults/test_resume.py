"""A run that is killed again and again ends in the same tables as one that is not."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from contextlib import closing

import psutil
import pytest

KILLS = 20
VIEWS = {
    "captions": "SELECT item_id, kind, title, position, text, words, finish_reason, tokens,"
    " language, windows, captioner, caption_id, recipe_id FROM v_captions ORDER BY 1, position",
    "emotions": "SELECT * FROM v_emotions ORDER BY item_id, position",
    "tasks": "SELECT id, stage, recipe_id, fragment_id, state FROM tasks ORDER BY id",
    "pairs": "SELECT * FROM v_pairs ORDER BY pairing_id, rank",
    "pairings": "SELECT id, digest, pairs, mean, null_mean, null_sd, z FROM pairings ORDER BY id",
}


def rows(database, query):
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        return connection.execute(query).fetchall()


def final_tables(program):
    program("pair")
    database = program.folder / "cmean.db"
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    return {name: rows(database, query) for name, query in VIEWS.items()}


def ingested(make_program, folder, media):
    folder.mkdir()
    program = make_program(folder)
    assert program("ingest", media).code == 0
    return program


def kill_when_done(program, threshold, *, whole_group):
    """Start a run and kill it as soon as that many tasks are done; False when it ended before."""
    database = program.folder / "cmean.db"
    process = program.start("run", start_new_session=True)
    try:
        while process.poll() is None:
            done = rows(database, "SELECT COUNT(*) FROM tasks WHERE state = 'done'")[0][0]
            if done >= threshold:
                target = os.killpg if whole_group else os.kill
                target(process.pid, signal.SIGKILL)
                return True
        return False
    finally:
        process.communicate()


def test_killed_twenty_times_and_equal_row_for_row(make_program, tmp_path, corpus):
    undisturbed = ingested(make_program, tmp_path / "undisturbed", corpus)
    assert undisturbed("run").code == 0
    expected = final_tables(undisturbed)

    disturbed = ingested(make_program, tmp_path / "disturbed", corpus)
    moments = random.Random(7)  # noqa: S311 - picks moments, guards no secret
    total = len(expected["captions"]) + len(expected["emotions"])
    thresholds = sorted(moments.randrange(total) for _ in range(KILLS))
    kills = sum(
        kill_when_done(disturbed, threshold, whole_group=bool(moments.getrandbits(1)))
        for threshold in thresholds
    )
    assert kills >= KILLS // 2  # late thresholds may be overtaken by the end of the run
    last = disturbed("run", "--json")
    assert last.code == 0
    assert all(stage["remaining"] == stage["failed"] == 0 for stage in last.json.values())
    assert final_tables(disturbed) == expected


def test_a_worker_that_is_killed_is_replaced(make_program, tmp_path, small_corpus):
    program = ingested(make_program, tmp_path / "run", small_corpus)
    process = program.start("run", "--json")
    database = program.folder / "cmean.db"
    held = "SELECT w.pid FROM tasks t JOIN workers w ON w.id = t.worker_id WHERE t.state = 'leased'"
    while process.poll() is None:
        if found := rows(database, held):
            psutil.Process(found[0][0]).kill()
            break
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert rows(database, "SELECT COUNT(*) FROM emotions") == [(35,)]
    assert rows(database, "SELECT COUNT(*) FROM tasks WHERE state <> 'done'") == [(0,)]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on(make_program, tmp_path, small_corpus, sign):
    program = ingested(make_program, tmp_path / "run", small_corpus)
    process = program.start("run", start_new_session=True)
    database = program.folder / "cmean.db"
    while process.poll() is None:
        if rows(database, "SELECT 1 FROM tasks WHERE state = 'leased'"):
            os.killpg(process.pid, sign) if sign is signal.SIGINT else process.send_signal(sign)
            break
    _, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert rows(database, "SELECT COUNT(*) FROM tasks WHERE state = 'leased'") == [(0,)]
    assert program("run").code == 0
    assert rows(database, "SELECT COUNT(*) FROM emotions") == [(35,)]


def test_two_runs_at_once_share_the_work(make_program, tmp_path, small_corpus):
    program = ingested(make_program, tmp_path / "run", small_corpus)
    both = [program.start("run") for _ in range(2)]
    for process in both:
        _, err = process.communicate()
        assert process.returncode == 0, err
    assert program("run").code == 0
    assert rows(program.folder / "cmean.db", "SELECT COUNT(*) FROM captions") == [(35,)]
