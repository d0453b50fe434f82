"""Which processes live, whatever the machine's clock does."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from cmean.catalog.workers import Process, Worker
from cmean.pipeline import host


def test_this_process_lives():
    assert host.alive(Worker(1, None, host.this_process()))


def test_a_step_of_the_clock_makes_nobody_dead(monkeypatch):
    own = Worker(1, None, host.this_process())
    created = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + 3600)
    assert host.alive(own)
    assert abs(host.this_process().started - own.process.started) < 1


def test_another_process_of_the_same_number_is_another():
    own = host.this_process()
    assert not host.alive(Worker(1, None, Process(own.host, own.pid, own.started - 60)))


def test_a_process_that_ended_is_dead_even_before_it_is_buried():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = host._started(child.pid)  # noqa: SLF001 - of a process that is not this one
    theirs = Worker(1, None, Process("here", child.pid, started))
    assert host.alive(theirs)
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not host.alive(theirs)
    child.wait()
    assert not host.alive(theirs)
