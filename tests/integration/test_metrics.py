"""Prometheus metrics, scraped over HTTP from the program itself."""

from __future__ import annotations

import signal
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support import write_artwork


@pytest.fixture
def scrape():
    """Start `cmean metrics` and give what scrapes it."""
    started = []

    def start(program):
        process = program.start("metrics", "--port", "0")
        started.append(process)
        line = process.stderr.readline()
        address = line.split("http://")[1].split(";")[0]

        def get():
            with urllib.request.urlopen(f"http://{address}") as answer:
                text = answer.read().decode()
            families = text_string_to_metric_families(text)
            return {
                (sample.name, *sorted(sample.labels.values())): sample.value
                for family in families
                for sample in family.samples
            }

        return get

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
        assert process.returncode == 0, err


def test_queues_rates_failures_and_workers(database_url, make_program, tmp_path, scrape):
    program = make_program(tmp_path, database_url)
    assert program("init").code == 0
    broken = write_artwork(tmp_path / "media" / "broken.png")
    write_artwork(tmp_path / "media" / "good.png", (20, 90, 200))
    assert program("ingest", tmp_path / "media").code == 0
    broken.unlink()
    assert program("run").code == 3
    get = scrape(program)
    worker = program.start("worker", "--queue", "caption.artwork")
    try:
        for line in worker.stderr:
            if "is ready" in line:
                break
        found = get()
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate()
    assert found["cmean_up",] == 1
    assert found["cmean_items", "artwork"] == 2
    assert found["cmean_tasks", "caption", "done"] == 5
    assert found["cmean_tasks", "caption", "failed"] == 5
    assert found["cmean_tasks_done_total", "emotion"] == 5
    assert found["cmean_task_failures", "caption", "missing"] == 5
    ages = {k: v for k, v in found.items() if k[0] == "cmean_worker_heartbeat_age_seconds"}
    assert len(ages) == 1
    assert all(0 <= age < 60 for age in ages.values())
    assert found["cmean_workers",] == 1
    assert found["cmean_tasks", "done", "pair"] == 0
    assert any(key[0] == "cmean_worker_batch_seconds_count" for key in found)


def test_a_catalog_that_is_away_is_a_metric_too(own_postgresql, make_program, tmp_path, scrape):
    program = make_program(tmp_path, own_postgresql.start())
    assert program("init").code == 0
    get = scrape(program)
    assert get()["cmean_up",] == 1
    own_postgresql.stop_at_once()
    assert get() == {("cmean_up",): 0}
    own_postgresql.start()
    get()  # the first finds the old connection broken
    assert get()["cmean_up",] == 1
