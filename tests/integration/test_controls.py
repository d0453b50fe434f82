"""Controls of a profile: each by one option, in run and pair alike, under a name of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from support import write_artwork, write_small_corpus, write_track
from triples import Triples
from waiting import wait_for

from cmean.catalog import user_queries
from cmean.config import Settings
from cmean.domain import Kind
from cmean.errors import ConfigError
from cmean.inference import controls, recipes
from cmean.inference.queues import QUEUES
from cmean.jobs.planner import Planner, plan_recipe_tasks


def rows(program, query):
    return program("sql", query, "--json").json


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what asks the database nothing new."""


@pytest.fixture
def done(tmp_path, database_url, make_program):
    """A small corpus on which the usual profile was run."""
    program = make_program(tmp_path, database_url)
    assert program("init").code == 0
    assert program("ingest", write_small_corpus(tmp_path / "media")).code == 0
    assert program("run").code == 0
    return program


DEALT = """
    SELECT s.item_id, s.kind, s.position, s.text, o.item_id AS donor
    FROM v_captions s JOIN v_captions o ON o.text = s.text AND o.position = s.position
    WHERE s.captioner = 'shuffle' AND o.captioner <> 'shuffle' AND o.kind = s.kind
    ORDER BY s.item_id, s.position
"""


def donors_of(program):
    """Item → the items whose five captions it may have, by their texts."""
    found = {}
    for row in rows(program, DEALT):
        found.setdefault(row["item_id"], {}).setdefault(row["position"], set()).add(row["donor"])
    assert all(len(by_position) == 5 for by_position in found.values())
    return {item: set.intersection(*by.values()) for item, by in found.items()}


def test_each_item_has_the_five_captions_of_another(done):
    ran = done("run", "--control", "shuffled-captions", "--json").json
    assert [ran[stage]["done"] for stage in ("caption", "emotion")] == [35, 35]
    told = rows(done, "SELECT id, fragment_id, measurements FROM captions ORDER BY id")
    assert sum("donor" in str(row["measurements"]) for row in told) == 35
    dealt = donors_of(done)
    assert len(dealt) == 7
    assert all(donors - {item} for item, donors in dealt.items())
    paired = done("pair", "--control", "shuffled-captions", "--json").json
    plain = done("pair", "--json").json
    assert paired["pairing"] != plain["pairing"]
    (row, _) = rows(done, "SELECT profile, track_recipe_id FROM pairings ORDER BY id")
    assert row["profile"] == "embedded+shuffled-captions"
    assert done("pair", "--profile", "embedded+shuffled-captions", "--json").json == paired
    assert done("evaluate", paired["pairing"], "--json").code == 0
    assert done("report", paired["pairing"], "--output", "r.html").code == 0
    other = done("run", "--control", "shuffled-captions", "--control-seed", "7", "--json").json
    assert other["caption"]["done"] == 35
    again = done("run", "--profile", "embedded+shuffled-captions:7", "--json").json
    assert again["caption"]["done"] == 0


@on_sqlite
def test_what_was_dealt_stays_when_items_come_and_they_get_theirs(done, tmp_path):
    assert done("run", "--control", "shuffled-captions").code == 0
    query = "SELECT item_id, position, text FROM v_captions WHERE captioner = 'shuffle'"
    before = rows(done, query)
    write_artwork(tmp_path / "more" / "late.png", (90, 10, 200))
    assert done("ingest", tmp_path / "more").code == 0
    ran = done("run", "--control", "shuffled-captions", "--json").json
    assert ran["caption"]["done"] == 10  # its own captions, and those of another
    after = rows(done, query)
    assert [row for row in after if row in before] == before
    (late,) = {row["item_id"] for row in after} - {row["item_id"] for row in before}
    assert donors_of(done)[late] - {late}


def test_one_item_alone_has_no_donor_till_another_comes(tmp_path, make_program):
    program = make_program(tmp_path)
    write_track(tmp_path / "media" / "one.wav")
    for number in range(2):
        write_artwork(tmp_path / "media" / f"{number}.png", (50 * number, 80, 90))
    assert program("ingest", tmp_path / "media").code == 0
    found = program("run", "--control", "shuffled-captions", "--json")
    assert (found.code, found.json["caption"]["failed"]) == (3, 5)
    assert "no-donor: there is no other track" in found.err
    write_track(tmp_path / "media" / "two.wav", pitch=500.0)
    assert program("ingest", tmp_path / "media").code == 0
    assert program("retry").code == 0
    assert program("run", "--control", "shuffled-captions").code == 0
    assert program("pair", "--control", "shuffled-captions", "--json").json["pairs"] == 2


def test_a_limit_holds_and_the_circle_waits_for_all(tmp_path, make_program):
    program = make_program(tmp_path)
    assert program("ingest", write_small_corpus(tmp_path / "media")).code == 0
    run = ("run", "--control", "shuffled-captions", "--stage", "caption")
    assert program(*run, "--limit", "20", "--json").json["caption"]["done"] == 20
    count = "SELECT COUNT(*) AS n FROM v_captions WHERE captioner = 'shuffle'"
    assert rows(program, count) == [{"n": 0}]
    assert program(*run, "--json").json["caption"]["done"] == 50
    assert rows(program, count) == [{"n": 35}]
    assert all(donors - {item} for item, donors in donors_of(program).items())


@on_sqlite
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_constant_triple_gives_a_pairing_whose_z_is_undefined(done, metric):
    ran = done("run", "--control", "constant-triple", "--json").json
    assert [ran[stage]["done"] for stage in ("caption", "emotion")] == [0, 35]
    for vector, method in (
        ("whole", "greedy"),
        ("fragments", "random"),
        ("concatenated", "optimal"),
    ):
        choice = ("--vector", vector, "--metric", metric, "--method", method)
        found = done("pair", "--control", "constant-triple", *choice, "--json")
        assert found.err == ""
        assert (found.json["mean"], found.json["null_sd"], found.json["z"]) == (1, 0, None)
    assert "z undefined" in done("pair", "--control", "constant-triple").out
    evaluated = done("evaluate", found.json["pairing"], "--json")
    assert (evaluated.code, "Warning" in evaluated.err) == (0, False)
    reported = done("report", found.json["pairing"], "--output", "r.html")
    assert (reported.code, "Warning" in reported.err) == (0, False)
    (row,) = rows(done, "SELECT DISTINCT profile FROM pairings")
    assert row["profile"] == "embedded+constant-triple"


def test_a_control_is_a_profile_by_its_name():
    settings = Settings()
    profile = settings.get_profile("paper-as-run")
    for control in controls.DESCRIPTIONS:
        made = controls.make_control_profile(profile, control)
        assert made.name == f"paper-as-run+{control}"
        assert controls.find_profile(settings, made.name) == made
    seeded = controls.make_control_profile(profile, "shuffled-captions", 3)
    assert seeded.name == "paper-as-run+shuffled-captions:3"
    assert controls.find_profile(settings, seeded.name) == seeded
    both = controls.find_profile(settings, f"{seeded.name}+constant-triple")
    track = both.kinds[Kind.TRACK]
    assert (track.shuffle, track.mapper.backend) == (3, "constant")
    told = controls.find_profile(settings, "paper-as-run+no-metadata").kinds[Kind.ARTWORK].captioner
    assert "metadata" not in told.options
    assert told.parameters == profile.kinds[Kind.ARTWORK].captioner.parameters


@pytest.mark.parametrize("rest", ["no-metadata", "nothing", "constant-triple:2"])
def test_a_control_that_cannot_be_is_refused(rest):
    with pytest.raises(ConfigError):
        controls.find_profile(Settings(), f"embedded+{rest}")


def test_a_profile_of_the_user_may_have_a_plus_in_its_name():
    own = {"a+constant-triple": {"extends": "embedded"}}
    found = controls.find_profile(Settings(user_profiles=own), "a+constant-triple")
    assert found.kinds[Kind.TRACK].mapper.backend == "embedded-mapper"


class Dealing:
    """The work of a control in a catalog without media files: captions are written as they come."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.triples = Triples(catalog)
        name = "embedded+shuffled-captions"
        self.planner = Planner(catalog, Settings(profile=name), QUEUES, lambda *_, **__: None)
        with catalog.write() as connection:
            self.recipes = recipes.enter_recipes(
                connection, controls.find_profile(Settings(), name)
            )

    def number(self, query):
        with user_queries.run_query(self.catalog, query) as (_, found):
            return next(iter(found))[0]

    @property
    def shuffler(self):
        return self.recipes.captioners[Kind.TRACK].id

    def dealing(self):
        query = f"SELECT COUNT(*) FROM tasks WHERE recipe_id = {self.shuffler}"  # noqa: S608
        return self.number(query)

    def set_states(self, state, of=None):
        captioner = (of or self.triples.recipes).captioners[Kind.TRACK].id
        with self.catalog.write() as connection:
            connection.exec_driver_sql(
                f"UPDATE tasks SET state = '{state}' WHERE recipe_id = {captioner} "  # noqa: S608
                "AND state <> 'done'"
            )


def is_waiting_for_a_lock(catalog):
    query = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with user_queries.run_query(catalog, query) as (_, found):
        return next(iter(found))[0] > 0


FULL = {position: (position, 2, 3) for position in range(5)}


def test_the_planner_deals_when_nothing_of_the_captions_is_open_and_not_before(catalog):
    dealing = Dealing(catalog)
    for _ in range(3):
        dealing.triples.add(Kind.TRACK, FULL)
    dealing.triples.add(Kind.TRACK, {0: (1, 2, 3)})
    assert dealing.planner.plan_all()  # the captions that are missing become tasks
    assert dealing.dealing() == 0
    assert not dealing.planner.plan_all()
    dealing.set_states("failed")
    dealing.planner.plan_all()
    assert dealing.dealing() == 15  # nobody waits for what has failed, and it is not dealt out
    assert dealing.planner.plan_all()  # that these are open is a change
    assert not dealing.planner.plan_all()
    dealing.set_states("ready")
    dealing.triples.add(Kind.TRACK, FULL)
    dealing.planner.plan_all()
    assert dealing.dealing() == 15
    dealing.set_states("dead")
    dealing.planner.plan_all()
    assert dealing.dealing() == 15  # those that wait for donors get them among the same items
    dealing.set_states("done", dealing.recipes)
    dealing.planner.plan_all()
    assert dealing.dealing() == 20


def test_the_items_of_a_control_are_the_same_for_all_its_open_tasks(catalog):
    """Also where an item comes in the second in which they were entered, by another planner."""
    dealing = Dealing(catalog)
    for _ in range(3):
        dealing.triples.add(Kind.TRACK, FULL)
    (entry,) = (e for e in dealing.recipes.entries if e.id == dealing.shuffler)
    with catalog.write() as first, ThreadPoolExecutor() as threads:
        assert plan_recipe_tasks(first, entry) == 15

        def plan_again():
            with catalog.write() as connection:
                return plan_recipe_tasks(connection, entry)

        if catalog.is_sqlite:  # its writers queue
            first.commit()
            dealing.triples.add(Kind.TRACK, FULL)
            assert plan_again() == 0
        else:
            dealing.triples.add(Kind.TRACK, FULL)
            second = threads.submit(plan_again)
            wait_for(lambda: is_waiting_for_a_lock(catalog), "the second to wait for the first")
            first.commit()
            assert second.result() == 0
    assert dealing.dealing() == 15
