"""A run ends with an error when its workers crash before they begin any work."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from fleet import PLUGINS, PROFILES, write_picture

from cmean.config import Settings
from cmean.errors import CmeanError
from cmean.jobs.process_pool import ProcessPool

WITHOUT_GUARD = "from cmean.cli import entry\nentry()\n"


@pytest.fixture
def pool():
    return ProcessPool(Settings(), [], run_id=1)


def test_workers_that_crash_at_work_are_replaced(pool):
    assert [pool.count_replacements(2, has_worked=True) for _ in range(10)] == [2] * 10


def test_workers_that_crash_too_often_end_the_run(pool):
    assert pool.count_replacements(100, has_worked=True) == 100
    with pytest.raises(CmeanError, match="keep crashing"):
        pool.count_replacements(1, has_worked=True)


def test_workers_that_crash_before_any_work_end_the_run(pool):
    assert [pool.count_replacements(1, has_worked=False) for _ in range(2)] == [1, 1]
    with pytest.raises(CmeanError, match="before they began any work"):
        pool.count_replacements(1, has_worked=False)


def test_work_between_two_crashes_resets_the_count(pool):
    for _ in range(5):
        pool.count_replacements(1, has_worked=False)
        pool.count_replacements(1, has_worked=False)
        pool.count_replacements(1, has_worked=True)


def test_a_worker_that_crashed_before_any_work_is_not_replaced_while_others_live(pool):
    pool.processes.append(object())
    assert [pool.count_replacements(1, has_worked=False) for _ in range(5)] == [0] * 5


def test_a_program_without_a_main_guard_ends_with_an_error(tmp_path):
    (tmp_path / "cmean.toml").write_text(
        PROFILES.format(captioner="testing-captioner", signed="false")
    )
    (tmp_path / "media").mkdir()
    write_picture(tmp_path / "media" / "a.png", (1, 2, 3))
    program = tmp_path / "program.py"
    program.write_text(WITHOUT_GUARD)
    paths = [str(PLUGINS), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "CMEAN_DATABASE_URL": f"sqlite:///{tmp_path / 'cmean.db'}",
        "CMEAN_CONFIG": str(tmp_path / "cmean.toml"),
        "PYTHONPATH": os.pathsep.join(paths),
    }

    def call(*arguments):
        command = [sys.executable, program, *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    assert call("ingest", str(tmp_path / "media")).returncode == 0
    ended = call("run", "--profile", "testing", "--stage", "caption")
    assert ended.returncode == 1
    assert "if __name__ == '__main__'" in ended.stderr.splitlines()[-1]
