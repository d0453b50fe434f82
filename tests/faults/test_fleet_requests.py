"""Pairings and evaluations by a fleet: done once, written whole or not at all."""

from __future__ import annotations

import json
import os
import signal

import pytest
from fleet import WRAPPERS, kill_group, write_picture
from waiting import wait_for

from cmean.pairing import computation
from cmean.pairing import service as pairing_service
from cmean.pairing.pairing_request import PairingRequest


@pytest.fixture
def finished_fleet(fleet):
    """A fleet whose items all have triples; its worker has ended."""
    fragments = fleet.ingest(12)
    for number in range(6):
        from support import write_track  # noqa: PLC0415 - beside its only use

        write_track(fleet.folder / "media" / f"track-{number}.wav", 1.5, 200 + 50 * number)
    fragments += 5 * fleet.register(fleet.folder / "media")
    environment = dict(fleet.environment)
    fleet.environment.pop("CMEAN_BROKER_URL", None)  # alone, so that it ends by itself
    assert fleet.program("run").code == 0
    fleet.environment.update(environment)
    return fleet


def test_a_worker_pairs_and_evaluates(finished_fleet):
    fleet = finished_fleet
    worker = fleet.ready(fleet.start("--queue", "pair", "--queue", "evaluate"))
    paired = fleet.program("pair", "--json")
    evaluated = fleet.program("evaluate", "--json")
    assert paired.json["pairs"] == 6
    assert evaluated.json["tables"]["V"]["pairs (whole)"]["mean"] == paired.json["mean"]

    def said():
        return worker.log.read_text().split("is ready")[1].split("\n", 1)[1]

    if fleet.catalog.is_sqlite:  # there is no broker to ask through: the command does it itself
        assert "pair" not in said()
    else:
        wait_for(lambda: "pair" in said(), "the worker to report the pairing")
    assert fleet.program("pair", "--json").json == paired.json  # the same, made once
    assert fleet.number("SELECT COUNT(*) FROM pairings") == 1
    assert fleet.number("SELECT COUNT(*) FROM tasks WHERE stage = 'pair'") == 1
    assert fleet.number("SELECT COUNT(*) FROM evaluations") == 1


def test_a_version_by_a_worker_is_the_one_that_the_command_makes(finished_fleet):
    fleet = finished_fleet
    assert fleet.program("pair", "--vector", "fragments").code == 0
    fleet.ready(fleet.start("--queue", "pair"))
    for options in (("--extend", 1), ("--vector", "concatenated"), ("--compare", 1)):
        first = fleet.program("pair", *options, "--json")
        assert fleet.program("pair", *options, "--json").json == first.json
    wishes = fleet.rows(
        "SELECT t.request, p.digest FROM tasks t JOIN pairings p ON p.id = t.pairing_id"
    )
    assert len(wishes) == fleet.number("SELECT COUNT(*) FROM pairings") == 3
    for wish, digest in wishes:
        asked = wish if isinstance(wish, dict) else json.loads(wish)
        made = computation.compute_pairing(fleet.catalog, PairingRequest.from_json(asked))
        assert made.columns.digest == digest


def test_a_pairing_that_is_asked_for_ten_times_at_once_is_made_once(finished_fleet):
    fleet = finished_fleet
    fleet.ready(fleet.start("--queue", "pair"))
    asked = [fleet.program.start("pair", "--json") for _ in range(10)]
    answers = {process.communicate()[0] for process in asked}
    assert len(answers) == 1
    assert fleet.rows("SELECT COUNT(*), COUNT(DISTINCT track_id) FROM pairs") == [(6, 6)]


@pytest.mark.parametrize("by", ["worker", "command"])
def test_a_matcher_that_is_killed_leaves_all_pairs_or_none(finished_fleet, by):
    fleet = finished_fleet
    fleet.wish("hold")
    script = WRAPPERS / "held_matcher.py"
    if by == "worker":
        matcher = fleet.start("--queue", "pair", wrapper=script)
        fleet.ready(matcher)
        asking = fleet.program.start("pair", "--json") if not fleet.catalog.is_sqlite else None
        if asking is None:  # without a broker the command would do it: enter the wish by hand
            enter_wish(fleet)
    else:
        matcher, asking = fleet.run_wrapped(script, "pair", "--json"), None
    wait_for(lambda: matcher.pid in fleet.holding(), "the matching to be under way")
    os.kill(matcher.pid, signal.SIGKILL)
    kill_group(matcher)
    assert fleet.number("SELECT COUNT(*) FROM pairings") == 0
    assert fleet.number("SELECT COUNT(*) FROM pairs") == 0
    fleet.unwish("hold")
    if by == "worker":
        fleet.start("--queue", "pair")
    if asking is not None:
        out, err = asking.communicate()
        assert asking.returncode == 0, err
        assert '"pairs": 6' in out
    assert fleet.program("pair", "--json").json["pairs"] == 6
    wait_for(lambda: fleet.in_state("done", "pair") == 1, "the request to be done")
    assert fleet.number("SELECT COUNT(*) FROM pairs") == 6


def enter_wish(fleet):
    from cmean.config import load_settings  # noqa: PLC0415 - beside its only use

    settings = load_settings({"CMEAN_CONFIG": str(fleet.folder / "cmean.toml")})
    pairing_service.request_pairing(fleet.catalog, settings.get_profile("testing"))


def test_a_pairing_does_not_wait_for_a_long_queue(finished_fleet):
    fleet = finished_fleet
    for number in range(250):
        write_picture(fleet.folder / "media" / f"more-{number}.png", (number, 9, 9))
    fleet.register(fleet.folder / "media")
    fleet.wish("slow")
    worker = fleet.start()
    wait_for(lambda: "failed in" in worker.log.read_text(), "the long work to be under way")
    enter_wish(fleet)
    wait_for(lambda: fleet.in_state("done", "pair") == 1, "the pairing")
    assert fleet.in_state("ready") > 0


def test_a_pairing_of_nothing_is_refused_in_one_line(fleet):
    found = fleet.program("pair")
    assert found.code == 1
    assert found.err.count("\n") == 1
