"""What a pairing was made from stays what it was, whatever is committed and when."""

# ruff: noqa: S608 - the statements hold numbers and words of these tests only

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import select  # noqa: TID251 - looks into the catalog

from cmean.catalog import (
    embeddings,
    items,
    pairing_inputs,
    pairings,
    published_results,
    recipes,
    report_rows,
)
from cmean.catalog.tables import fragments
from cmean.domain import RGB, Caption, Kind, Recipe, Role
from cmean.errors import InputError
from cmean.pairing import computation, spaces
from cmean.pairing.pairing_request import PairingRequest

POSITIONS = (0, 1, 2, 3, 4)


class Corpus:
    """Tracks and artworks with captions and triples, entered as done work."""

    def __init__(self, connection):
        self.mappers, self.captioners = {}, {}
        for kind in Kind:
            captioner = Recipe(Role.CAPTIONER, kind, "a", "1", {})
            self.captioners[kind] = recipes.ensure_recipe(connection, captioner)
            mapper = Recipe(Role.MAPPER, kind, "b", "1", {}, input=captioner)
            self.mappers[kind] = recipes.ensure_recipe(connection, mapper, self.captioners[kind])
        self.number = 0

    def add(self, connection, kind, count=1, positions=POSITIONS):
        """More items of a kind, fragments captioned and mapped."""
        for _ in range(count):
            self.number += 1
            item = items.NewItem(
                kind, f"{self.number:064x}", f"file:///{self.number}", 1, 0.0, "PNG"
            )
            item_id = items.add_item(connection, item)
            query = select(fragments.c.id).where(fragments.c.item_id == item_id)
            parts = list(connection.execute(query.order_by(fragments.c.position)).scalars())
            self.process(connection, kind, [parts[position] for position in positions])

    def process(self, connection, kind, parts):
        """Captions and triples of some fragments."""
        texts = {part: (Caption("red"), 1) for part in parts}
        made = published_results.add_captions(connection, self.captioners[kind], texts)
        n = self.number * 7 % 200
        triples = {part: (made[part], RGB(n, 255 - n, n // 2)) for part in parts}
        published_results.add_emotions(connection, self.mappers[kind], triples)

    def request(self, **choices):
        keys = {f"{kind.value}_recipe_id": self.mappers[kind] for kind in Kind}
        given = {"method": "greedy", "vector": "whole", "metric": "cosine"} | choices
        return PairingRequest(profile="p", **given, **keys)


@pytest.fixture
def corpus(catalog):
    with catalog.write() as connection:
        made = Corpus(connection)
        for kind in Kind:
            made.add(connection, kind, 5)
    return made


def pair(catalog, request):
    made = computation.compute_pairing(catalog, request)
    with catalog.write() as connection:
        return pairings.write_pairing(connection, made.columns, made.pairs, made.inputs)


def seen(catalog, corpus, pairing_id):
    """How many triples, captions and compared items there are as of a pairing."""
    with catalog.read() as connection:
        row = pairings.read_pairing(connection, pairing_id)
        sides = spaces.read_sides(connection, row, pairing_id)
        found = {}
        for kind in Kind:
            mapper, captioner = corpus.mappers[kind], corpus.captioners[kind]
            triples = pairings.read_triples(connection, mapper, POSITIONS, pairing_id)
            captions = report_rows.read_captions_of_pairing(connection, captioner, pairing_id)
            found[kind] = len(triples), len(captions), len(sides[kind][0])
        return found


FIVE = dict.fromkeys(Kind, (25, 5, 5))


def test_what_is_committed_in_the_same_second_is_no_input(catalog, corpus):
    pairing_id = pair(catalog, corpus.request())
    with catalog.write() as connection:
        corpus.add(connection, Kind.TRACK, 5)
    assert seen(catalog, corpus, pairing_id) == FIVE
    later = pair(catalog, corpus.request())
    assert later != pairing_id
    assert seen(catalog, corpus, later)[Kind.TRACK] == (50, 10, 10)
    assert seen(catalog, corpus, pairing_id) == FIVE


def test_what_an_open_transaction_had_inserted_is_no_input(catalog, corpus):
    """Its rows have lower ids and earlier times than the pairing, and are committed after it."""
    if catalog.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    with catalog.write() as earlier:
        corpus.add(earlier, Kind.TRACK, 5)
        with catalog.write() as other:  # later ids, committed before
            corpus.add(other, Kind.ARTWORK, 1)
        pairing_id = pair(catalog, corpus.request())
    expected = {Kind.TRACK: (25, 5, 5), Kind.ARTWORK: (30, 6, 6)}
    assert seen(catalog, corpus, pairing_id) == expected
    later = pair(catalog, corpus.request())
    assert seen(catalog, corpus, later)[Kind.TRACK] == (50, 10, 10)
    assert seen(catalog, corpus, pairing_id) == expected


def test_fragments_that_came_later_belong_to_another_pairing(catalog, corpus):
    def count_shown(pairing_id):
        with catalog.read() as connection:
            shown = report_rows.read_fragments_of_items(
                connection, list(corpus.mappers.values()), range(1, 12), pairing_id
            )
        return sum(map(len, shown.values()))

    with catalog.write() as connection:
        corpus.add(connection, Kind.TRACK, 1, positions=(0,))
        parts = select(fragments.c.id).where(fragments.c.item_id == 11, fragments.c.position > 0)
        later = list(connection.execute(parts).scalars())
    pairing_id = pair(catalog, corpus.request())
    assert pair(catalog, corpus.request()) == pairing_id
    assert count_shown(pairing_id) == 51
    with catalog.write() as connection:
        corpus.process(connection, Kind.TRACK, later)
    other = pair(catalog, corpus.request())
    assert other != pairing_id
    assert pair(catalog, corpus.request()) == other
    assert (count_shown(pairing_id), count_shown(other)) == (51, 55)


def test_what_came_between_reading_and_writing_is_no_input(catalog, corpus):
    made = computation.compute_pairing(catalog, corpus.request())
    with catalog.write() as connection:
        corpus.add(connection, Kind.TRACK, 2)
    with catalog.write() as connection:
        pairing_id = pairings.write_pairing(connection, made.columns, made.pairs, made.inputs)
    assert seen(catalog, corpus, pairing_id) == FIVE


def test_a_random_control_has_the_inputs_of_its_pairing(catalog, corpus):
    pairing_id = pair(catalog, corpus.request())
    with catalog.write() as connection:
        corpus.add(connection, Kind.ARTWORK, 3)
    control = pair(catalog, corpus.request(method="random", seed=1, as_of=pairing_id))
    assert seen(catalog, corpus, control) == FIVE


def test_embeddings_are_those_that_there_were(catalog, corpus):
    with catalog.write() as connection:
        embedder = Recipe(Role.EMBEDDER, Kind.TRACK, "imagebind", "1", {})
        embedder_id = recipes.ensure_recipe(connection, embedder)
        embed(connection, embedder_id)
    request = corpus.request(
        space="imagebind",
        track_embedding_recipe_id=embedder_id,
        artwork_embedding_recipe_id=embedder_id,
    )
    made = computation.compute_pairing(catalog, corpus.request())
    with catalog.read() as connection:
        inputs = pairing_inputs.read_current_inputs(connection, request)
    with catalog.write() as connection:
        pairing_id = pairings.write_pairing(connection, made.columns, made.pairs, inputs)
        corpus.add(connection, Kind.TRACK, 1)
        embed(connection, embedder_id)
    with catalog.read() as connection:
        before = embeddings.read_vectors(connection, embedder_id, 0, pairing_id)
        now = embeddings.read_vectors(connection, embedder_id, 0)
    assert (len(before.items), len(now.items)) == (10, 11)
    assert len(before.unit) == len(before.captions) == 10


def embed(connection, recipe_id):
    """An embedding for each fragment that has none, as done work."""
    connection.exec_driver_sql(
        "INSERT INTO tasks (stage, recipe_id, fragment_id, state)"
        f" SELECT 'embed', {recipe_id}, id, 'done' FROM fragments WHERE id NOT IN"
        f" (SELECT fragment_id FROM tasks WHERE recipe_id = {recipe_id})"
    )
    vector = np.array([1, 0], "<f4").tobytes().hex()
    literal = f"X'{vector}'" if connection.dialect.name == "sqlite" else f"'\\x{vector}'"
    connection.exec_driver_sql(
        "INSERT INTO embeddings (id, recipe_id, fragment_id, width, vector)"
        f" SELECT id, recipe_id, fragment_id, 2, {literal} FROM tasks"
        f" WHERE recipe_id = {recipe_id} AND id NOT IN (SELECT id FROM embeddings)"
    )


def test_a_recipe_that_the_pairing_did_not_read_is_refused(catalog, corpus):
    pairing_id = pair(catalog, corpus.request())
    with catalog.read() as connection, pytest.raises(InputError, match="no record"):
        pairings.read_triples(connection, corpus.captioners[Kind.TRACK], POSITIONS, pairing_id)
