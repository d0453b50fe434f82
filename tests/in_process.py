"""The command line in the test's own process: what a program costs to start is not paid per test.

What a process gives for nothing is made here: a working directory, an environment, standard
streams (the file descriptors themselves, so that libraries and child processes write there too),
and an end that leaves nothing behind: handlers of signals and logs, and filters of warnings.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import warnings
from contextlib import chdir, contextmanager
from typing import TYPE_CHECKING, TextIO

from cmean import cli
from cmean.jobs import local_run, process_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

STDERR = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)


def run_in_process(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    text: str = "",
    main: Callable[[Sequence[str]], int] = cli.main,
) -> tuple[int, str, str]:
    """Run a command line to its end.

    Args:
        arguments: of the command line.
        folder: the working directory.
        environment: all environment variables.
        text: standard input.
        main: of the program; returns the exit code.

    Returns:
        Exit code, standard output and standard error.

    Raises:
        Exception: what the program raises beyond its own failures is a defect, and is raised.
    """
    streams = _Streams(text)
    with (
        _replaced_environment(environment),
        chdir(folder),
        streams.replaced(),
        _restored_signals(),
        _own_logging(),
        _own_warnings(),
        _work_in_calling_process(),
    ):
        code = _call_main(main, arguments)
    return code, *streams.written()


def _call_main(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return int(end.code or 0)


@contextmanager
def _replaced_environment(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    try:
        _set_environment(environment)
        yield
    finally:
        _set_environment(before)


def _set_environment(environment: Mapping[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)


class _Streams:
    """Files in place of the file descriptors 0, 1 and 2 and of Python's streams on them."""

    def __init__(self, text: str) -> None:
        self.files = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115 - until `written`
        self.files[0].write(text.encode())
        self.files[0].seek(0)

    @contextmanager
    def replaced(self) -> Iterator[None]:
        """Point the streams at the files, and back."""
        sys.stdout.flush()
        sys.stderr.flush()
        python = sys.stdin, sys.stdout, sys.stderr
        descriptors = [os.dup(number) for number in range(3)]
        try:
            for number, file in enumerate(self.files):
                os.dup2(file.fileno(), number)
            sys.stdin, sys.stdout, sys.stderr = _text(0, "r"), _text(1, "w"), _text(2, "w")
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            sys.stdin, sys.stdout, sys.stderr = python
            for number, saved in enumerate(descriptors):
                os.dup2(saved, number)
                os.close(saved)

    def written(self) -> tuple[str, str]:
        """What came out: standard output, which must be UTF-8, and standard error."""
        texts = []
        for file in self.files[1:]:
            file.seek(0)
            texts.append(file.read().decode())
        for file in self.files:
            file.close()
        return texts[0], texts[1]


def _text(descriptor: int, mode: str) -> TextIO:
    """A text stream on a descriptor, buffered and strict as Python's own is."""
    error = descriptor == STDERR
    return open(
        descriptor,
        mode,
        buffering=1 if error else -1,
        encoding="utf-8",
        errors="backslashreplace" if error else "strict",
        closefd=False,
    )


@contextmanager
def _restored_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _own_logging() -> Iterator[None]:
    """The root logger as a new process has it, without pytest's handlers."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers, root.level = [], logging.WARNING
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)


@contextmanager
def _own_warnings() -> Iterator[None]:
    """Warnings go to standard error, and those that a new process ignores are ignored."""

    def show(message, category, filename, lineno, file=None, line=None):
        stream = file or sys.stderr
        stream.write(warnings.formatwarning(message, category, filename, lineno, line))

    with warnings.catch_warnings():
        warnings.resetwarnings()
        for ignored in (DeprecationWarning, PendingDeprecationWarning, ImportWarning):
            warnings.simplefilter("ignore", ignored)
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.showwarning = show
        yield


@contextmanager
def _work_in_calling_process() -> Iterator[None]:
    """`cmean run` does the work of its worker processes itself, one worker after the other."""
    pool = local_run.ProcessPool
    local_run.ProcessPool = _CallingProcess
    try:
        yield
    finally:
        local_run.ProcessPool = pool


class _CallingProcess(process_pool.ProcessPool):
    """A pool of workers that have done all their work when they are started."""

    def start(self, budgets: Sequence[int]) -> None:
        """Do the work of so many workers."""
        for budget in budgets:
            mine, theirs = multiprocessing.Pipe()
            process_pool._run_process(self.settings, self.entries, self.run_id, budget, theirs)  # noqa: SLF001
            theirs.close()
            self.processes.append((_Ended(), mine))

    def wait(self) -> None:
        """All have ended."""


class _Ended:
    """What a process is like when it has ended well."""

    exitcode = 0

    def is_alive(self) -> bool:
        """It is not."""
        return False

    def join(self, _timeout: float | None = None) -> None:
        """It has."""

    def kill(self) -> None:
        """There is nothing to kill."""
