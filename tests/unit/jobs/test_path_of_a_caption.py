"""How much of the program one caption passes through: a newcomer has to read so many files."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

import cmean
from cmean.catalog import job_queue, migrate, user_queries
from cmean.catalog.engine import Catalog
from cmean.config import load_settings
from cmean.domain import Kind
from cmean.inference.queues import get_queue
from cmean.jobs import delays
from cmean.jobs.planner import Planner
from cmean.jobs.worker import Worker
from cmean.library.ingest import ingest_files

MOST_FILES = 12
LEFT_OUT = {"domain.py", "errors.py"}
"""The words of the field and the failures, which every file uses."""
ROOT = Path(cmean.__file__).parent

PROFILE = """
[profiles.tracing]
extends = "embedded"
[profiles.tracing.track.captioner]
backend = "testing-captioner"
[profiles.tracing.artwork.captioner]
backend = "testing-captioner"
"""


class Recorder:
    """Notes the functions of cmean that are called in any thread between `start` and `stop`."""

    def __init__(self):
        self.active = False
        self.functions = defaultdict(set)

    def start(self):
        """Record from now on, and what is being called already."""
        self.active = True
        frame = sys._getframe(1)  # noqa: SLF001 - the only way to the callers
        while frame is not None:
            self.note(frame)
            frame = frame.f_back

    def stop(self):
        self.active = False

    def note(self, frame):
        path = Path(frame.f_code.co_filename)
        if frame.f_code.co_name != "<module>" and path.is_relative_to(ROOT):
            self.functions[path.relative_to(ROOT).as_posix()].add(frame.f_code.co_qualname)

    def __call__(self, frame, event, _argument):
        if self.active and event == "call":
            self.note(frame)

    @property
    def files(self):
        """File → its functions that were called."""
        return {name: self.functions[name] for name in sorted(self.functions.keys() - LEFT_OUT)}


def write_media(folder, kind):
    folder.mkdir()
    if kind is Kind.TRACK:
        tone = np.sin(np.arange(2 * 16_000) / 20).astype(np.float32)
        soundfile.write(folder / "a.wav", tone, 16_000)
    else:
        Image.new("RGB", (64, 64), (200, 30, 90)).save(folder / "a.png")


@pytest.mark.parametrize("kind", list(Kind))
def test_one_caption_passes_through_few_files(tmp_path, monkeypatch, kind):
    (tmp_path / "cmean.toml").write_text(PROFILE)
    settings = load_settings(
        {
            "CMEAN_CONFIG": str(tmp_path / "cmean.toml"),
            "CMEAN_DATABASE_URL": f"sqlite:///{tmp_path / 'cmean.db'}",
            "CMEAN_PROFILE": "tracing",
            "CMEAN_LEASE_SECONDS": "3600",
        }
    )
    catalog = Catalog(settings.database_url)
    migrate.ensure_schema(catalog)
    write_media(tmp_path / "media", kind)
    ingest_files(catalog, [tmp_path / "media"])

    recorder = Recorder()
    worker = Worker(settings, [get_queue("captioner", kind.value)])
    claim, plan = job_queue.claim_tasks, Planner.plan_dependent_tasks
    claimed, committed = [], []

    def watched_claim(connection, recipe_id, worker_id, _limit, *arguments, **options):
        claimed.append(None)
        # when models are loaded and, as the first caption is committed, statements compiled
        if len(claimed) == 3:
            recorder.start()
        return claim(connection, recipe_id, worker_id, 1, *arguments, **options)

    def watched_plan(*arguments):  # called as soon as a batch has been committed
        committed.append(None)
        if len(committed) == 3:
            recorder.stop()
            worker.stop()
        return plan(*arguments)

    # Heartbeats and sweeps go by the clock; on a slow machine that may be amid the caption.
    monkeypatch.setattr(delays, "HEARTBEAT", 600.0)
    monkeypatch.setattr(delays, "BATCH_HEARTBEAT", 600.0)
    monkeypatch.setattr(delays, "ABANDONED_TASKS_SEARCH", 600.0)
    monkeypatch.setattr(job_queue, "claim_tasks", watched_claim)
    monkeypatch.setattr(Planner, "plan_dependent_tasks", watched_plan)
    threading.setprofile(recorder)
    try:
        thread = threading.Thread(target=worker.run)
        thread.start()
        thread.join(60)
    finally:
        threading.setprofile(None)
    assert not thread.is_alive()
    with user_queries.run_query(catalog, "SELECT COUNT(*) FROM captions") as (_, rows):
        assert next(iter(rows))[0] >= 3
    catalog.close()
    shown = "\n".join(f"{name}: {', '.join(sorted(f))}" for name, f in recorder.files.items())
    assert len(recorder.files) <= MOST_FILES, f"{len(recorder.files)} files:\n{shown}"
