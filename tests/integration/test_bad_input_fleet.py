"""Wrong settings of a fleet are said in one line, and no password is ever shown."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text  # noqa: TID251 - changes the schema's version

from cmean.catalog import engine, migrate
from cmean.errors import CatalogUnavailableError

VERSION = text("UPDATE alembic_version SET version_num = :version")


def one_line(finished, code=1):
    assert finished.code == code, finished
    lines = [line for line in finished.err.splitlines() if line]
    assert len(lines) == 1, finished.err
    assert "secret" not in finished.err + finished.out
    return lines[0]


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("verb", ["worker", "status", "init"])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://user:secret@127.0.0.1:{port}/x", "check the server and CMEAN_DATABASE_URL"),
        ("postgresql://user@127.0.0.1:{port}/x?password=secret", "check the server"),
        ("postgresql://user:secret@host:no-port/x", "cannot be parsed"),
        ("postgresql+psycopg2://user:secret@host/x", "use postgresql+psycopg://"),
        ("mysql://user:secret@host/x", "mysql is not supported"),
        ("secret", "cannot be parsed"),
    ],
)
def test_a_database_that_cannot_be(cmean, verb, url, said):
    cmean.environment["CMEAN_DATABASE_URL"] = url.format(port=free_port())
    assert said in one_line(cmean(verb))


@pytest.mark.parametrize("verb", [["worker"], ["run"], ["ingest", "media"]], ids=lambda v: v[0])
@pytest.mark.parametrize(
    "url",
    [
        "amqp://user:secret@host",
        "redis://:secret@host:no-port/0",
        "redis://:secret@host/zero",
        "redis://host/0?password=secret",
        "redis://:secret@a..b/0",
        "redis://",
        "secret",
    ],
)
def test_a_broker_that_cannot_be(cmean, small_corpus, verb, url):
    cmean.environment["CMEAN_BROKER_URL"] = url
    assert "CMEAN_BROKER_URL must look like redis" in one_line(cmean(*verb))
    assert small_corpus.is_dir()


def test_a_worker_wants_a_catalog_with_tables(make_program, tmp_path, new_postgresql):
    program = make_program(tmp_path, new_postgresql)
    assert one_line(program("worker")).endswith("has no tables yet; run: cmean init")
    assert program("init").code == 0


def test_a_worker_refuses_a_catalog_of_another_version(catalog, make_program, tmp_path):
    program = make_program(tmp_path, catalog.url.render_as_string(hide_password=False))
    for version, said in (("9999", "from a newer version"), ("0001", "run: cmean init")):
        with catalog.write() as connection:
            connection.execute(VERSION, {"version": version})
        for verb in ("worker", "run", "status", "metrics"):
            assert said in one_line(program(verb))


def test_a_file_that_another_program_keeps_locked_is_only_away(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_SQLITE_BUSY_SECONDS", 0.1)
    catalog = engine.Catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    migrate.upgrade_schema(catalog)
    with closing(sqlite3.connect(tmp_path / "catalog.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogUnavailableError, match="locked"), catalog.write():
            pass
    with catalog.write():  # and later all is well
        pass
    catalog.close()


def test_watching_takes_neither_a_limit_nor_json(cmean, small_corpus):
    for option in (["--limit", "3"], ["--json"]):
        assert "--watch" in one_line(cmean("run", "--watch", small_corpus, *option), 2)
    assert "no such folder" in one_line(cmean("run", "--watch", "nowhere"))


def test_a_queue_that_is_none(cmean):
    found = cmean("worker", "--queue", "captions")
    assert found.code == 2
    assert "caption.track" in found.err


def test_several_processes_want_a_broker(cmean):
    assert "CMEAN_BROKER_URL" in one_line(cmean("worker", "--concurrency", "2"))


def test_an_unknown_profile(cmean):
    assert "there is no profile" in one_line(cmean("worker", "--profile", "nobody"))


def test_metrics_on_a_port_that_is_taken(cmean):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "name another --port" in one_line(cmean("metrics", "--port", port))
    assert cmean("metrics", "--port", "70000").code == 2


def test_no_worker_is_not_healthy(cmean):
    assert cmean("worker", "--healthy").code == 1
