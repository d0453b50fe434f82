"""`cmean setup` killed or interrupted in the middle, and two at once."""

from __future__ import annotations

import signal
import subprocess

import pytest


@pytest.fixture
def waiting(made_weights):
    """A package whose conversion waits for a line on standard input."""
    made_weights.packages.clear()
    made_weights.add(convert="cmean_testing_weights:wait")
    return made_weights


def start(made):
    return made.program.start("setup", "--json", stdin=subprocess.PIPE)


def until(process, said):
    """Read standard error up to a line that has this in it."""
    for line in process.stderr:
        if said in line:
            return
    raise AssertionError(f"it ended without {said!r}")


def unfinished(made):
    return list(made.weights.glob(".unfinished-*"))


def weights_of_backend(made):
    rows = made.program("backends", "--json").json
    return next(row["weights"] for row in rows if row["name"] == "testing-learned")


def test_a_killed_setup_leaves_nothing_that_passes_for_ready(waiting):
    process = start(waiting)
    until(process, "converting")
    process.kill()
    process.communicate()
    assert unfinished(waiting)
    assert not waiting.folder_of("tiny-tags").exists()
    assert weights_of_backend(waiting) == "absent"
    again = waiting.program("setup", "--json", text="go\n")
    assert (again.code, again.json[0]["state"]) == (0, "fetched")
    assert weights_of_backend(waiting) == "present"
    assert not unfinished(waiting)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_setup_tidies_up_and_can_be_repeated(waiting, number):
    process = start(waiting)
    until(process, "converting")
    process.send_signal(number)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err == "cmean: interrupted; finished work is kept\n"
    assert waiting.kept() == [".lock"]
    again = waiting.program("setup", "--json", text="go\n")
    assert (again.code, again.json[0]["state"]) == (0, "fetched")


def test_two_at_once_fetch_once(waiting):
    first = start(waiting)
    until(first, "converting")
    second = start(waiting)
    until(second, "waiting for another cmean setup")
    out, _ = first.communicate("go\n")
    assert '"state": "fetched"' in out
    out, err = second.communicate()
    assert '"state": "present"' in out
    assert "converting" not in err
    assert (first.returncode, second.returncode) == (0, 0)
    assert waiting.kept() == [".lock", "tiny-tags-1.0-1"]


def test_the_other_takes_over_when_one_is_killed(waiting):
    first = start(waiting)
    until(first, "converting")
    second = start(waiting)
    until(second, "waiting for another cmean setup")
    first.kill()
    first.communicate()
    until(second, "converting")
    out, _ = second.communicate("go\n")
    assert '"state": "fetched"' in out
    assert not unfinished(waiting)
