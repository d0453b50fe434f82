"""Which processes live, whatever the machine's clock does."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from cmean.catalog.workers import ProcessIdentity, RegisteredWorker
from cmean.jobs import local_processes


def test_this_process_lives():
    assert local_processes.is_alive(
        RegisteredWorker(1, None, local_processes.describe_this_process())
    )


def test_a_step_of_the_clock_kills_no_process(monkeypatch):
    own = RegisteredWorker(1, None, local_processes.describe_this_process())
    created = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + 3600)
    assert local_processes.is_alive(own)
    assert abs(local_processes.describe_this_process().started - own.process.started) < 1


def test_another_process_of_the_same_number_is_another():
    own = local_processes.describe_this_process()
    assert not local_processes.is_alive(
        RegisteredWorker(1, None, ProcessIdentity(own.host, own.pid, own.started - 60))
    )


def test_a_process_that_ended_is_dead_even_before_it_is_waited_for():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = local_processes._read_start_time(child.pid)  # noqa: SLF001 - of a process that is not this one
    theirs = RegisteredWorker(1, None, ProcessIdentity("here", child.pid, started))
    assert local_processes.is_alive(theirs)
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not local_processes.is_alive(theirs)
    child.wait()
    assert not local_processes.is_alive(theirs)
