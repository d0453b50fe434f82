"""Worker processes are restarted when they crash, told to stop, waited for, and never orphaned."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "waitid"), reason="this system has no waitid")
WORKERS = Path(__file__).resolve().parents[2] / "workers"
PATIENCE_SECONDS = 120  # how long anything here may take before the test fails

SUPERVISOR = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from supervise import Job, RestartDelay, supervise
commands, delay = json.loads(sys.argv[2]), RestartDelay(**json.loads(sys.argv[3]))
jobs = [Job(f"job {n}", command, os.environ) for n, command in enumerate(commands)]
sys.exit(supervise(jobs, delay))
"""
CHILD = """
import os, signal, subprocess, sys

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # one write: lines do not mix

def on_signal(number, _):
    say("told", signal.Signals(number).name)

for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, on_signal)
"""
# A worker with a batch that ends when the test says so, by closing the standard input of all.
BATCH = """
say("working", os.getpid())
sys.stdin.read()
say("finished")
"""


class Supervisor:
    """A supervisor as a process of its own, with what it and its children print."""

    def __init__(self, *children, **patience):
        python = [sys.executable, "-c"]
        commands = [[*python, CHILD + c] if isinstance(c, str) else c for c in children]
        arguments = [str(WORKERS), json.dumps(commands), json.dumps(patience)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def lines(self, count, stream="stdout"):
        """The next lines that children (on stderr: the supervisor) print, in no order."""
        pipe, text = getattr(self.process, stream).fileno(), ""
        while text.count("\n") < count:
            assert select.select([pipe], [], [], PATIENCE_SECONDS)[0], "it says nothing"
            text += os.read(pipe, 1).decode()  # byte by byte: what follows is for others to read
        return sorted(text.splitlines())

    def working(self, count=1):
        """The process numbers of so many children that are at work."""
        return [int(line.split()[1]) for line in self.lines(count)]

    def end(self):
        """Wait for the end: the exit code, what children still printed, and what it said."""
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        assert "Traceback" not in err
        return self.process.returncode, out.splitlines(), err.splitlines()


@pytest.fixture
def start():
    started = []

    def starter(*children, **patience):
        started.append(Supervisor(*children, **patience))
        return started[-1]

    yield starter
    for supervisor in started:
        if supervisor.process.poll() is None:
            for process in psutil.Process(supervisor.process.pid).children(recursive=True):
                process.kill()
            supervisor.process.kill()
            supervisor.process.wait()


def wait_for_death(pid):
    deadline = time.monotonic() + PATIENCE_SECONDS
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                psutil.Process(pid).kill()
                pytest.fail("an orphan lives on")


def crashing(tmp_path, times, how="sys.exit(3)"):
    """A child that crashes so many times, then ends well."""
    return f"""
from pathlib import Path
log = Path({str(tmp_path / "starts")!r})
log.open("a").write("x")
if len(log.read_text()) <= {times}: {how}
"""


def test_a_crash_is_followed_by_a_longer_and_longer_pause(start, tmp_path):
    supervisor = start(crashing(tmp_path, 4), first=0.001, longest=0.004)
    code, _, said = supervisor.end()
    pauses = ["0.001", "0.002", "0.004", "0.004"]
    assert said == [f"job 0 ended with exit code 3; again in {pause} s" for pause in pauses]
    assert code == 0
    assert (tmp_path / "starts").read_text() == "xxxxx"


def test_the_pause_is_short_again_after_a_long_life(start, tmp_path):
    child = crashing(tmp_path, 3, how="os.kill(os.getpid(), signal.SIGKILL)")
    code, _, said = start(child, first=0.001, settled=0.0).end()
    assert said == ["job 0 was killed by SIGKILL; again in 0.001 s"] * 3
    assert code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_are_told_to_stop_and_waited_for(start, number):
    supervisor = start(BATCH, BATCH)
    pids = supervisor.working(2)
    supervisor.process.send_signal(number)
    assert supervisor.lines(2) == [f"told {number.name}"] * 2
    assert supervisor.process.poll() is None
    assert all(psutil.pid_exists(pid) for pid in pids)
    code, out, said = supervisor.end()
    assert (code, out, said) == (0, ["finished", "finished"], [])


def test_a_second_signal_is_passed_on_too(start):
    supervisor = start(BATCH)
    supervisor.working()
    for number in (signal.SIGINT, signal.SIGTERM):
        supervisor.process.send_signal(number)
        assert supervisor.lines(1) == [f"told {number.name}"]
    assert supervisor.end()[0] == 0


def test_a_worker_that_fails_to_stop_well_is_told_of(start):
    supervisor = start(BATCH + "sys.exit(7)", BATCH)
    supervisor.working(2)
    supervisor.process.terminate()
    supervisor.lines(2)
    assert supervisor.end()[0] == 1


def test_nothing_is_started_again_after_a_signal(start):
    supervisor = start("sys.exit(3)", first=3600.0)
    assert supervisor.lines(1, "stderr") == ["job 0 ended with exit code 3; again in 3600 s"]
    supervisor.process.terminate()
    assert supervisor.end() == (0, [], [])


def test_a_worker_that_cannot_be_started_is_tried_again(start, tmp_path):
    supervisor = start([str(tmp_path / "nothing")], first=3600.0)
    said = supervisor.lines(1, "stderr")
    assert said == ["job 0 cannot start: No such file or directory; again in 3600 s"]
    supervisor.process.terminate()
    assert supervisor.end() == (0, [], [])


def test_what_a_killed_worker_had_started_dies_with_it(start):
    grandchild = "import os, signal; os.write(1, b'working %d\\n' % os.getpid()); signal.pause()"
    child = f"subprocess.run([sys.executable, '-c', {grandchild!r}])"
    supervisor = start(child, first=0.001)
    (orphan,) = supervisor.working()
    psutil.Process(orphan).parent().kill()
    (successor,) = supervisor.working()
    wait_for_death(orphan)
    supervisor.process.terminate()
    psutil.Process(successor).kill()
    assert supervisor.end()[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that it was killed")
def test_workers_end_when_the_supervisor_is_killed(start):
    supervisor = start(BATCH)
    supervisor.working()
    supervisor.process.kill()
    assert supervisor.lines(1) == ["told SIGTERM"]
    assert supervisor.end()[1] == ["finished"]


class Script:
    """A script of workers/, in an environment where each worker only tells how it was started."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "log"
        # Python imports this module when it starts, in workers as in the script itself.
        (folder / "sitecustomize.py").write_text(
            "import json, os, sys\n"
            "if sys.orig_argv[1:3] == ['-m', 'cmean']:\n"
            "    told = [os.environ.get('CUDA_VISIBLE_DEVICES'), sys.orig_argv[3:]]\n"
            f"    open({str(self.log)!r}, 'a').write(json.dumps(told) + '\\n')\n"
            "    os._exit(0)\n"
        )

    def nvidia_smi(self, answer):
        """Put a program of that name where it is looked for."""
        program = self.folder / "nvidia-smi"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
        program.chmod(0o755)

    def __call__(self, name, *arguments, **environment):
        """Run it: exit code, standard error, and for each worker its GPU and its arguments."""
        found = subprocess.run(
            [sys.executable, WORKERS / name, *arguments],
            env={"PATH": f"{self.folder}:/bin", "PYTHONPATH": str(self.folder), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        told = self.log.read_text().splitlines() if self.log.exists() else []
        return found.returncode, found.stderr, sorted(map(json.loads, told))


@pytest.fixture
def script(tmp_path):
    return Script(tmp_path)


def test_each_gpu_has_a_worker_that_sees_no_other(script):
    command = ["worker", "--concurrency", "1", "--queue", "caption.track", "--queue", "emotion"]
    found = script("gpu.py", *("--gpus", "0,1", "--queue", "caption.track", "--queue", "emotion"))
    assert found == (0, "", [["0", command], ["1", command]])


def test_gpus_are_found(script):
    script.nvidia_smi(
        "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaa)\n"
        "GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbb)\n"
        "  MIG 3g.20gb     Device  0: (UUID: MIG-ccc)\n"
        "  MIG 3g.20gb     Device  1: (UUID: MIG-ddd)"
    )
    code, _, told = script("gpu.py")
    assert (code, [gpu for gpu, _ in told]) == (0, ["GPU-aaa", "MIG-ccc", "MIG-ddd"])


@pytest.mark.parametrize(("limit", "seen"), [("3, 5", ["3", "5"]), ("2,-1,4", ["2"])])
def test_gpus_that_were_chosen_before_are_respected(script, limit, seen):
    script.nvidia_smi("GPU 0: NVIDIA T4 (UUID: GPU-aaa)")
    code, _, told = script("gpu.py", CUDA_VISIBLE_DEVICES=limit)
    assert (code, [gpu for gpu, _ in told]) == (0, seen)


@pytest.mark.parametrize("environment", [{}, {"CUDA_VISIBLE_DEVICES": ""}])
def test_without_a_gpu_it_says_so(script, environment):
    code, err, told = script("gpu.py", **environment)
    assert (code, told) == (1, [])
    assert re.fullmatch(r"gpu.py: no GPU found; .*\n", err)


@pytest.mark.parametrize(
    "arguments",
    [
        ("gpu.py", "--gpus", "0,0"),
        ("gpu.py", "--gpus", ""),
        ("gpu.py", "--gpus", "0", "--queue", "nonsense"),
        ("cpu.py", "--processes", "0"),
    ],
)
def test_wrong_usage_starts_nothing(script, arguments):
    code, _, told = script(*arguments)
    assert (code, told) == (2, [])


def test_the_cpu_worker_takes_all_cores_or_as_many_as_are_asked_for(script):
    queues = ("caption.track", "caption.artwork", "emotion", "pair", "evaluate")
    served = [word for queue in queues for word in ("--queue", queue)]
    cores = str(len(psutil.Process().cpu_affinity()))
    assert script("cpu.py") == (0, "", [[None, ["worker", "--concurrency", cores, *served]]])
    assert script("cpu.py", "--processes", "3")[2][-1][1][:3] == ["worker", "--concurrency", "3"]
