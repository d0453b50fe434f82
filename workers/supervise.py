"""Keeps processes running: restarts those that crash, forwards signals, ends all children."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_STOP: Final = (signal.SIGTERM, signal.SIGINT)
_CLEAN: Final = {0, 130, -signal.SIGTERM, -signal.SIGINT}
"""Exit codes of a process that was told to end, perhaps before it handled signals."""
_PR_SET_PDEATHSIG: Final = 1  # from <linux/prctl.h>


@dataclass(frozen=True, slots=True)
class Job:
    """A process to keep running. `environment` is all of it, not an addition."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RestartDelay:
    """Seconds between a crash and the restart: doubled at each crash, from `first` to `longest`.

    A process that lived for `settled` seconds starts again with `first`.
    """

    first: float = 1.0
    longest: float = 60.0
    settled: float = 60.0


def supervise(jobs: Sequence[Job], delay: RestartDelay | None = None) -> int:
    """Run jobs until all have ended with exit code 0, or have ended after SIGTERM or SIGINT.

    Must be called in the main thread. A signal goes to every job, each time that it comes: what the
    first and the second of them mean is the job's affair.

    Returns:
        The exit code: 0, or 1 when a job that was told to stop ended with an error.
    """
    members = [_Member(job, delay or RestartDelay()) for job in jobs]
    with _receive_signals() as inbox:
        try:
            return _watch(members, inbox)
        finally:
            for member in members:
                member.kill()


def _watch(members: Sequence[_Member], inbox: socket.socket) -> int:
    stopping = False
    while True:
        if not stopping:
            for member in members:
                member.start_if_due()
        waiting = [] if stopping else [member.due for member in members if member.due is not None]
        if not waiting and not any(member.process for member in members):
            return 0 if all(member.code in _CLEAN for member in members) else 1
        pause = max(0.0, min(waiting) - time.monotonic()) if waiting else None
        for number in _read_signals(inbox, pause):
            if number in _STOP:
                stopping = True
                for member in members:
                    member.send(number)
        for member in members:
            member.collect_if_ended(final=stopping)


class _Member:
    """A job with its process, or with the time at which it is due to start."""

    def __init__(self, job: Job, delay: RestartDelay) -> None:
        self.job = job
        self.delay = delay
        self.pause = delay.first
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.due: float | None = time.monotonic()
        self.code = 0

    def start_if_due(self) -> None:
        if self.due is None or self.due > time.monotonic():
            return
        self.started, self.due = time.monotonic(), None
        try:
            self.process = subprocess.Popen(  # noqa: S603 - the caller's own command, no shell
                self.job.command,
                env=self.job.environment,
                start_new_session=True,  # a group of its own, which can be killed as a whole
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - there are no threads here
            )
        except OSError as error:  # e.g. too many processes
            self._schedule_restart(f"cannot start: {error.strerror}")

    def send(self, number: int) -> None:
        if self.process:  # not send_signal, which would collect it if it has just ended
            os.kill(self.process.pid, number)

    def collect_if_ended(self, *, final: bool) -> None:
        """Wait for a process that ended, and schedule its restart if it crashed."""
        if self.process is None or not _has_ended(self.process.pid):
            return
        self.kill()
        if self.code != 0 and not final:
            self._schedule_restart(_describe_exit(self.code))

    def _schedule_restart(self, why: str) -> None:
        self.code = 0
        now = time.monotonic()
        if now - self.started >= self.delay.settled:
            self.pause = self.delay.first
        self.due = now + self.pause
        _print_line(f"{self.job.name} {why}; again in {self.pause:g} s")
        self.pause = min(2 * self.pause, self.delay.longest)

    def kill(self) -> None:
        """Kill the process with all that it started, and wait for it."""
        if self.process is None:
            return
        # Before waiting: until then a dead leader keeps the group's number from being given away.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.code = self.process.wait()
        self.process = None


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end_with_parent() -> None:
    """Let Linux tell this process to stop when the supervisor is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def _receive_signals() -> Iterator[socket.socket]:
    """Yield a socket that receives the number of each signal of interest."""
    inbox, outbox = socket.socketpair()
    inbox.setblocking(False)
    outbox.setblocking(False)
    old_outbox = signal.set_wakeup_fd(outbox.fileno(), warn_on_full_buffer=False)
    # Python writes to the socket only the signals that have a handler.
    old = {number: signal.signal(number, lambda *_: None) for number in (*_STOP, signal.SIGCHLD)}
    try:
        yield inbox
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(old_outbox)
        inbox.close()
        outbox.close()


def _read_signals(inbox: socket.socket, timeout: float | None) -> bytes:
    """Read the numbers of the signals that arrived, waiting for at most `timeout` seconds."""
    select.select([inbox], [], [], timeout)
    try:
        return inbox.recv(4096)
    except BlockingIOError:
        return b""


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"was killed by signal {-code}"


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
