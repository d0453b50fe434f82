"""Fixtures that all tests share: real databases, the program, real media."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from functools import cache
from pathlib import Path

import pytest
from fleet import Redis
from hypothesis import settings
from sqlalchemy import make_url  # noqa: TID251 - names a database
from support import PostgreSQL, Program, create_schema, new_database, write_small_corpus
from weight_wheels import MadeWeights

from cmean.catalog.engine import Catalog
from cmean.weights import packages, store
from cmean.weights.store import PackageState

WEIGHTS = store.get_weights_folder()
"""Where `cmean setup` puts weights for whoever runs the tests."""
settings.register_profile("cmean", deadline=None)  # how long an example takes is no result
settings.load_profile("cmean")
SHARED = Path(__file__).resolve().parents[2] / "shared"


# What is started from a shell with `&` ignores Ctrl-C, and so would the programs that tests start
# and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@cache
def source(path):
    """The text of a test module."""
    return path.read_text(encoding="utf-8")


def spread_waiting_tests(items):
    """Order tests so that those of faults, which mostly wait, run beside those that compute."""
    sides = [], []
    for item in items:
        sides["faults" in item.path.parts].append(item)
    placed = [(n / len(side), item) for side in sides for n, item in enumerate(side)]
    return [item for _, item in sorted(placed, key=lambda pair: pair[0])]


def pytest_xdist_auto_num_workers():
    """More processes than cores: tests of faults mostly wait for others."""
    return 3 * (os.cpu_count() or 1) // 2


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the groups
def pytest_collection_modifyitems(config, items):
    """What is set up for a module, and PyTorch, which takes long to import, are had only once."""
    if hasattr(config, "workerinput"):
        items[:] = spread_waiting_tests(items)
    for item in items:
        text = source(item.path)
        if "checkpoints" in text and "test_docs" not in item.path.name:
            item.add_marker(pytest.mark.xdist_group("models"))
        elif 'scope="module"' in text:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session", autouse=True)
def _no_weights(tmp_path_factory):
    """The default profile of a test is the same whatever weights the machine has."""
    os.environ["CMEAN_WEIGHTS_DIR"] = str(tmp_path_factory.mktemp("no-weights"))


@pytest.fixture(scope="session")
def learned_weights():
    """The folder of the real weights, for tests that set CMEAN_WEIGHTS_DIR to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMEAN_WEIGHTS_DIR", str(WEIGHTS))
        states = {package.title: store.find_state(package) for package in packages.PACKAGES}
    lacking = [title for title, found in states.items() if found is not PackageState.PRESENT]
    if lacking:
        pytest.fail(f"{WEIGHTS} lacks {', '.join(lacking)}; run: cmean setup", pytrace=False)
    return WEIGHTS


@pytest.fixture
def made_weights(tmp_path):
    """Made-up weight packages, of which `tiny-tags` is there, and cmean set to them."""
    made = MadeWeights(tmp_path)
    made.add()
    return made


@pytest.fixture(scope="session")
def postgresql():
    """What gives the URL of a running PostgreSQL server.

    The one of CMEAN_TEST_DATABASE_URL, else one from a wheel: started here, and started again
    should it have ended.
    """
    given = os.environ.get("CMEAN_TEST_DATABASE_URL")
    if given:
        yield lambda: given
        return
    with PostgreSQL() as server:
        server.start()
        server.forgo_durability()
        yield server.start


@pytest.fixture
def own_postgresql():
    """A PostgreSQL server of this test's own, which it may kill."""
    with PostgreSQL() as server:
        server.start()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """A new database of each kind: empty, or with the schema where the test opens a `catalog`."""
    has_schema = "catalog" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "catalog.db"
        if has_schema:
            shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    elif has_schema:
        server_url = request.getfixturevalue("postgresql")()
        template = make_url(request.getfixturevalue("postgresql_template")).database
        yield from new_database(server_url, template)
    else:
        yield request.getfixturevalue("new_postgresql")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """An SQLite file with the schema and no rows: a copy takes less time than the migrations."""
    path = tmp_path_factory.mktemp("template") / "catalog.db"
    create_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql):
    """The URL of a PostgreSQL database with the schema and no rows."""
    for url in new_database(postgresql()):
        create_schema(url)
        yield url


@pytest.fixture
def new_postgresql(postgresql):
    """A new, empty PostgreSQL database."""
    yield from new_database(postgresql())


@pytest.fixture
def catalog(database_url):
    """An open catalog with its schema, on each database."""
    opened = Catalog(database_url)
    yield opened
    opened.close()


@pytest.fixture
def cmean(tmp_path):
    """The program, in an empty folder."""
    return Program(tmp_path)


@pytest.fixture
def make_program():
    """The program in another folder, or on another database."""
    return Program


@pytest.fixture(scope="session")
def corpus():
    """The small real corpus, where it lies beside the project."""
    folder = SHARED / "corpus"
    if not folder.is_dir():
        pytest.skip("the small real corpus is not beside the project")
    return folder


@pytest.fixture(scope="session")
def published():
    """The study's published results, where they lie beside the project."""
    folder = SHARED / "published"
    if not folder.is_dir():
        pytest.skip("the published results are not beside the project")
    return folder


@pytest.fixture
def small_corpus(tmp_path):
    """Three tracks and four artworks."""
    return write_small_corpus(tmp_path / "media")


@pytest.fixture
def redis_server(tmp_path):
    """A running Redis server of this test's own."""
    server = Redis(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def subject_of(tmp_path_factory):
    """What gives a model back-end by its case's name, with a tiny checkpoint built once."""
    from checkpoints.models import Subject  # noqa: PLC0415 - only tests of models need it

    def build(name):
        subject = Subject(name, tmp_path_factory.mktemp(name))
        # Back-ends collect garbage when they are unloaded. PyTorch's own million objects are left
        # out of that from here on: looking at them took a second each time.
        gc.freeze()
        return subject

    return cache(build)
