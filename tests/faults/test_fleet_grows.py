"""A fleet takes up what comes: new files, new recipes, models that are not here."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress

from fleet import fleet_on, write_picture
from waiting import PATIENCE, wait_for


def test_what_is_ingested_while_workers_run_is_picked_up(fleet):
    worker = fleet.ready(fleet.start())
    fragments = fleet.ingest(3)
    fleet.finished(fragments)
    more = 5 * fleet.register(write_picture(fleet.folder / "later.png", (4, 5, 6)))
    fleet.finished(fragments + more)
    fleet.check(fragments + more)
    wait_for(lambda: "0 failed" in worker.log.read_text(), "the batches to be reported")
    assert not re.search(r"[1-9]\d* failed", worker.log.read_text())


def test_a_folder_is_watched(fleet):
    media = fleet.folder / "inbox"
    media.mkdir()
    watching = fleet.program.start("run", "--watch", media)
    if not fleet.catalog.is_sqlite:
        fleet.start()
    write_picture(media / "one.png", (1, 2, 3))
    (media / "half.png").write_bytes((media / "one.png").read_bytes()[:60])  # not yet copied
    fleet.finished(5)
    wait_for(lambda: fleet.rows("SELECT reason FROM rejections"), "the half file to be refused")
    write_picture(media / "two.png", (3, 2, 1))
    write_picture(media / "half.png", (7, 7, 7))
    fleet.finished(15)
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate()
    assert watching.returncode == 130, err
    assert fleet.rows("SELECT * FROM rejections") == []
    fleet.check(15)


def test_a_changed_recipe_makes_only_its_own_work(fleet):
    fragments = fleet.ingest(3)
    worker = fleet.start()
    fleet.finished(fragments)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    before = fleet.rows("SELECT id, text FROM captions ORDER BY id")
    config = fleet.folder / "cmean.toml"
    config.write_text(config.read_text().replace("signed = false", "signed = true"))
    fleet.start()
    fleet.finished(2 * fragments)
    after = fleet.rows("SELECT id, text FROM captions ORDER BY id")
    assert after[: len(before)] == before
    assert fleet.number("SELECT COUNT(*) FROM recipes WHERE role = 'captioner'") == 3
    assert len(after) == len(before) + fragments


def test_work_of_a_model_that_is_not_installed_waits_and_status_says_why(tmp_path, database_url):
    with fleet_on(tmp_path / "fleet", database_url, captioner="testing-missing") as fleet:
        fragments = fleet.ingest(2)
        installed = tmp_path / "installed"  # where the recipe is entered the model is there
        installed.mkdir()
        (installed / "no_such_module.py").touch()
        here = fleet.environment["PYTHONPATH"]
        entering = fleet.start("--queue", "caption.artwork", PYTHONPATH=f"{installed}:{here}")
        fleet.wish("hold")
        wait_for(
            lambda: fleet.in_state("ready") + fleet.in_state("leased") > 0, "work to be entered"
        )
        entering.kill()
        entering.wait()
        fleet.unwish("hold")
        worker = fleet.ready(fleet.start())

        def waiting():
            found = fleet.program("status", "--json").json
            return [row for row in found["waiting"] if row["queue"] == "caption.artwork"]

        (row,) = wait_for(waiting, "status to say why it waits")
        assert row["backend"] == "testing-missing"
        assert row["ready"] == fragments - fleet.in_state("done")
        assert "pip install 'cmean[models]'" in row["why"]
        assert "pip install" in fleet.program("status").out
        assert worker.poll() is None
        fleet.start("--queue", "caption.artwork", PYTHONPATH=f"{installed}:{here}")
        wait_for(lambda: fleet.in_state("done") == fragments, "a worker that has it to do it")
        assert not waiting()


def test_status_says_that_nobody_serves_a_queue(fleet):
    fleet.ingest(1)
    worker = fleet.ready(fleet.start("--queue", "caption.artwork"))
    wait_for(lambda: fleet.in_state("done") == 5, "the captions")
    found = fleet.program("status", "--json").json
    assert found["stages"]["caption"]["done"] == 5
    assert [w["queues"] for w in found["workers"]] == [["caption.artwork"]]
    follow = fleet.number("SELECT COUNT(*) FROM tasks WHERE stage = 'emotion'")
    assert follow == 5
    assert [row["queue"] for row in found["waiting"]] in ([], ["emotion"])
    (waiting,) = wait_for(
        lambda: fleet.program("status", "--json").json["waiting"], "the waiting to be said"
    )
    assert waiting["why"] == "no worker serves it; start one: cmean worker --queue emotion"
    assert worker.poll() is None


def test_status_is_watched_from_any_machine(fleet):
    fragments = fleet.ingest(2)
    watching = fleet.program.start("status", "--watch", "--json")
    fleet.start()
    for line in watching.stdout:
        now = json.loads(line)
        if now["stages"]["emotion"]["done"] == fragments:
            break
    assert now["workers"][0]["heartbeat_age"] < 60
    watching.send_signal(signal.SIGINT)
    watching.communicate()
    assert watching.returncode == 130


def test_on_a_terminal_the_fleet_is_shown_live(fleet):
    fleet.ingest(1)
    fleet.ready(fleet.start())
    terminal, inside = pty.openpty()
    environment = fleet.environment | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    watching = subprocess.Popen(
        [sys.executable, "-m", "cmean", "status", "--watch"],
        cwd=fleet.folder,
        env=environment,
        stdin=inside,
        stdout=inside,
        stderr=inside,
    )
    os.close(inside)
    screen = b""
    while not (b"heartbeat" in screen and b"s ago" in screen and b"caption" in screen):
        screen += os.read(terminal, 4096)
    watching.send_signal(signal.SIGINT)
    with suppress(OSError):  # the other end is closed
        while rest := os.read(terminal, 4096):
            screen += rest
    os.close(terminal)
    assert watching.wait(PATIENCE) == 130
    assert b"Traceback" not in screen


def test_a_vanished_file_of_an_odd_name_harms_nobody(fleet):
    path = fleet.folder / "media" / os.fsdecode(b"odd-\xff.png")
    fragments = fleet.ingest(2)
    write_picture(fleet.folder / "plain.png", (1, 2, 3))
    (fleet.folder / "plain.png").rename(path)
    fleet.register(fleet.folder / "media")
    path.unlink()
    worker = fleet.start()
    fleet.finished(fragments)
    wait_for(lambda: fleet.in_state("failed") == 5, "the failures to be recorded")
    assert {row[0] for row in fleet.rows("SELECT DISTINCT reason FROM tasks")} == {None, "missing"}
    assert worker.poll() is None


def test_a_machine_without_the_media_leaves_the_work_to_others(fleet):
    fragments = fleet.ingest(60)
    (fleet.folder / "media").rename(fleet.folder / "elsewhere")
    worker = fleet.start("--queue", "caption.artwork")
    wait_for(
        lambda: [
            w["unable"] for w in fleet.program("status", "--json").json["workers"] if w["unable"]
        ],
        "the worker to say that it has no media",
    )
    assert fleet.in_state("failed") < fragments / 2
    assert fleet.in_state("ready") > 0
    assert worker.poll() is None


def test_a_changed_file_is_mended_by_ingesting_it_again(fleet):
    fleet.ingest(1)
    path = fleet.folder / "media" / "artwork-00000.png"
    write_picture(path, (200, 100, 0))
    fleet.environment.pop("CMEAN_BROKER_URL", None)
    assert fleet.program("run").code == 3
    assert fleet.register(path) == 1
    assert fleet.program("run").code == 0
    assert fleet.number("SELECT COUNT(*) FROM captions") == 5
