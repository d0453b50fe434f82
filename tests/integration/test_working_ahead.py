"""While a model works, the last claim is committed and the next decoded; never near a suspect."""

from __future__ import annotations

import threading

import pytest
from fleet import write_picture

from cmean.catalog import migrate
from cmean.catalog.engine import Catalog
from cmean.config import load_settings
from cmean.domain import Kind
from cmean.errors import CatalogError
from cmean.inference import recipes, steps
from cmean.jobs.executor import execute_tasks
from cmean.jobs.planner import plan_recipe_tasks
from cmean.jobs.session import start_session
from cmean.library.ingest import ingest_files

PROFILE = """
[profiles.ahead]
extends = "embedded"
[profiles.ahead.artwork]
preprocessing = { whole_size = 16, fragment_size = 16 }
[profiles.ahead.artwork.captioner]
backend = "testing-captioner"
"""
FRAGMENTS = 20
PATIENCE = 60.0


class Site:
    """A catalog with planned captions, and the step that writes them, a few at once, ahead."""

    def __init__(self, folder):
        (folder / "cmean.toml").write_text(PROFILE)
        settings = load_settings(
            {
                "CMEAN_CONFIG": str(folder / "cmean.toml"),
                "CMEAN_DATABASE_URL": f"sqlite:///{folder / 'cmean.db'}",
            }
        )
        self.catalog = Catalog(settings.database_url)
        migrate.ensure_schema(self.catalog)
        media = folder / "media"
        media.mkdir()
        for number in range(FRAGMENTS // 5):
            write_picture(media / f"{number}.png", (number, 7, 77))
        ingest_files(self.catalog, [media])
        with self.catalog.write() as connection:
            entered = recipes.enter_recipes(connection, settings.get_profile("ahead"))
            entry = entered.captioners[Kind.ARTWORK]
            plan_recipe_tasks(connection, entry)
        self.recipe_id = entry.id
        self.step = steps.load_step(entry.recipe)
        self.step.prefetches, self.step.batch_size = True, 5

    def work(self):
        with start_session(self.catalog, 60.0) as session:
            return list(execute_tasks(session, self.recipe_id, self.step, lambda: False))

    def number(self, what):
        with self.catalog.read() as connection:
            return connection.exec_driver_sql(f"SELECT COUNT(*) FROM {what}").scalar_one()  # noqa: S608 - of these tests

    def watch(self, before):
        """Call `before` ahead of each batch of the captioner."""
        caption = self.step.backend.caption

        def watched(batch):
            before()
            return caption(batch)

        self.step.backend.caption = watched


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.catalog.close()


def test_a_batch_is_committed_while_the_next_one_is_with_the_model(site):
    committed = threading.Event()
    write = site.step.write_results

    def seen(*arguments):
        committed.set()
        return write(*arguments)

    site.step.write_results = seen
    begun = []

    def before():
        begun.append(None)
        assert len(begun) == 1 or committed.wait(PATIENCE)  # or it would wait for ever

    site.watch(before)
    assert [batch.done for batch in site.work()] == [5, 5, 5, 5]
    assert site.number("captions") == FRAGMENTS


def test_a_task_that_a_worker_died_of_is_done_with_no_other_in_hand(site):
    with site.catalog.write() as connection:
        connection.exec_driver_sql("UPDATE tasks SET lease_attempts = 1 WHERE id % 10 = 3")
    in_hand = []
    begun = threading.Event()
    write = site.step.write_results

    def before():
        in_hand.append(site.number("tasks WHERE state = 'leased'"))
        begun.set()

    def late(*arguments):
        begun.clear()
        begun.wait(0.1)  # whatever does not wait for the commit has begun by then
        return write(*arguments)

    site.watch(before)
    site.step.write_results = late
    assert sum(batch.done for batch in site.work()) == FRAGMENTS
    assert in_hand[-2:] == [1, 1]


def test_what_cannot_be_committed_is_given_back_with_all_else_in_hand(site):
    def write(*_):
        raise CatalogError("the disk is full")

    site.step.write_results = write
    with pytest.raises(CatalogError, match="full"):
        site.work()
    assert site.number("tasks WHERE state = 'ready' AND lease_attempts = 0") == FRAGMENTS
