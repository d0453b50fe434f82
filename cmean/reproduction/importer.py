"""Import of the study's published results as rows of the catalog.

The import is one transaction and idempotent: interrupted it leaves nothing, and repeated it adds
only what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cmean.catalog import pairing_inputs, pairings, published_results
from cmean.catalog import recipes as recipe_rows
from cmean.catalog.pairing_rows import PairingColumns
from cmean.datasets.published import BACKEND, COLLECTION
from cmean.domain import WHOLE, Caption, FinishReason, Kind, Recipe, Role
from cmean.matching.summary import compute_tenth_percentile
from cmean.reproduction.published_items import find_unpaired, list_published_items
from cmean.stats.text_lengths import count_words, is_complete
from cmean.util.hashing import hash_json
from cmean.util.language import detect_language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.published_results import Place
    from cmean.datasets.published.model import (
        PublishedPair,
        PublishedResults,
        PublishedScoredCaption,
        PublishedTable,
        PublishedTriples,
    )

REVISION_LENGTH: Final = 12
"""Hexadecimal digits of a file's SHA-256 that are the revision of its recipe."""


@dataclass(frozen=True, slots=True)
class ImportedStudy:
    """The outcome of an import.

    Attributes:
        pairing_id: of the published pairs; None without any.
        earlier: the mappers' recipes of the earlier run, where there are triples of both kinds.
        row_counts: the number of rows in the catalog, by what they are.
    """

    pairing_id: int | None
    earlier: Mapping[Kind, int] | None
    row_counts: Mapping[str, int]


def import_published_results(catalog: Catalog, published: PublishedResults) -> ImportedStudy:
    """Enter everything that was published; what is there already stays as it is."""
    with catalog.write() as connection:
        return _Importer(connection, published).import_all()


class _Importer:
    """One import, in an open transaction."""

    def __init__(self, connection: Connection, published: PublishedResults) -> None:
        self.connection = connection
        self.published = published
        collection_id = published_results.lock_collection(connection, COLLECTION)
        self.items = published_results.add_items(
            connection, collection_id, list_published_items(published)
        )
        self.fragments: Mapping[Place, int] = published_results.read_fragment_ids(
            connection, collection_id
        )
        self.recipe_ids: list[int] = []

    def import_all(self) -> ImportedStudy:
        """Enter all of it: captions before triples, triples before pairs."""
        captioners = {
            Kind.TRACK: self._import_track_captions(),
            Kind.ARTWORK: self._import_artwork_captions(),
        }
        mappers, triples = {}, {}
        for kind, sheet in ((Kind.TRACK, self.published.triples), (Kind.ARTWORK, None)):
            captioner, made = captioners[kind]
            mappers[kind] = self._enter_recipe(Role.MAPPER, kind, sheet, captioner)
            triples[kind] = self._import_triples(kind, sheet, mappers[kind][1], made)
        self._import_item_scores(
            {kind: captioner[1] for kind, (captioner, _) in captioners.items()}
        )
        earlier = self._import_earlier_run()
        pairing_id = self._import_pairs({k: m[1] for k, m in mappers.items()}, triples[Kind.TRACK])
        counts = published_results.count_published_results(
            self.connection, sorted(set(self.recipe_ids))
        )
        mine = [
            kind
            for kind, _ in {(item.kind, item.file) for item in list_published_items(self.published)}
        ]
        numbers = {f"{kind.value}s": mine.count(kind) for kind in Kind}
        pairs = len(self.published.pairs.rows)
        return ImportedStudy(pairing_id, earlier, numbers | counts | {"pairs": pairs})

    def _enter_recipe(
        self,
        role: Role,
        kind: Kind,
        sheet: PublishedTable[Any] | None,
        source: tuple[Recipe, int] | None = None,
        note: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[Recipe, int]:
        """Enter the recipe of a file, or of unpublished content that others are based on."""
        known = sheet is not None and sheet.sha256 is not None
        sha256 = sheet.sha256 if sheet is not None else None
        source_file = {"file": sheet.name, "sha256": sha256} if sheet is not None and known else {}
        revision = (sha256 or "")[:REVISION_LENGTH] or "unpublished"
        recipe = Recipe(
            role,
            kind,
            BACKEND,
            revision,
            source_file | dict(note),
            None if source is None else source[0],
        )
        input_id = None if source is None else source[1]
        recipe_id = recipe_rows.ensure_recipe(self.connection, recipe, input_id)
        self.recipe_ids.append(recipe_id)
        return recipe, recipe_id

    def _import_track_captions(self) -> tuple[tuple[Recipe, int], dict[int, int]]:
        sheet = self.published.captions
        recipe = self._enter_recipe(Role.CAPTIONER, Kind.TRACK, sheet)
        results = {
            self._find_fragment(Kind.TRACK, row.name, position): _make_caption(text)
            for row in sheet.rows
            for position, text in row.texts.items()
        }
        return recipe, published_results.add_captions(self.connection, recipe[1], results)

    def _import_artwork_captions(self) -> tuple[tuple[Recipe, int], dict[int, int]]:
        """Enter the captions of wholes; those of fragments, joined, have their own recipe."""
        found = []
        both: Sequence[tuple[PublishedTable[PublishedScoredCaption], Mapping[str, str]]] = (
            (self.published.clip_aggregated, {"of": "the four fragments, joined"}),
            (self.published.clip, {}),
        )
        for sheet, what in both:
            recipe = self._enter_recipe(Role.CAPTIONER, Kind.ARTWORK, sheet, note=what)
            results = {
                self._find_fragment(Kind.ARTWORK, row.name, WHOLE): _make_caption(row.text)
                for row in sheet.rows
                if row.text is not None
            }
            found.append(
                (recipe, published_results.add_captions(self.connection, recipe[1], results))
            )
        return found[-1]

    def _import_triples(
        self,
        kind: Kind,
        sheet: PublishedTable[PublishedTriples] | None,
        recipe_id: int,
        captions: Mapping[int, int],
    ) -> dict[int, int]:
        results = {}
        for row in () if sheet is None else sheet.rows:
            for position, rgb in row.rgb.items():
                fragment_id = self._find_fragment(kind, row.name, position)
                results[fragment_id] = (captions.get(fragment_id), rgb)
        return published_results.add_emotions(self.connection, recipe_id, results)

    def _import_item_scores(self, captioners: Mapping[Kind, int]) -> None:
        """Enter the scores of items and their captions, by the captioner's recipe."""
        sheets = self.published
        by_metric: Sequence[tuple[str, Kind, PublishedTable[Any]]] = (
            ("clap", Kind.TRACK, sheets.clap),
            ("clap-aggregated", Kind.TRACK, sheets.clap_aggregated),
            ("clip", Kind.ARTWORK, sheets.clip),
            ("clip-aggregated", Kind.ARTWORK, sheets.clip_aggregated),
        )
        for metric, kind, sheet in by_metric:
            values = {
                self.items[kind, row.name]: row.value for row in sheet.rows if row.value is not None
            }
            published_results.add_scores(
                self.connection, metric, captioners[kind], "item_id", values
            )

    def _import_earlier_run(self) -> dict[Kind, int] | None:
        """Enter the triples of the earlier run, whose captions were not published."""
        sheets = {
            Kind.TRACK: self.published.earlier_tracks,
            Kind.ARTWORK: self.published.earlier_artworks,
        }
        made = {}
        for kind, sheet in sheets.items():
            if sheet.rows:
                captioner = self._enter_recipe(Role.CAPTIONER, kind, None, note={"run": "earlier"})
                _, made[kind] = self._enter_recipe(Role.MAPPER, kind, sheet, captioner)
                self._import_triples(kind, sheet, made[kind], {})
        return made if len(made) == len(sheets) else None

    def _import_pairs(self, mappers: Mapping[Kind, int], triples: Mapping[int, int]) -> int | None:
        """Enter the published pairs as a pairing, with their ImageBind scores."""
        sheet = self.published.pairs
        if not sheet.rows:
            return None
        parameters = {
            "method": "greedy",
            "vector": "concatenated",
            "metric": "cosine",
            **{f"{kind.value}_recipe_id": mappers[kind] for kind in Kind},
            "extends": None,
            "file": sheet.name,
            "sha256": sheet.sha256,
        }
        rows = self._build_pair_rows(sheet.rows, triples)
        digest = hash_json(parameters)
        pairing = PairingColumns(
            profile=BACKEND,
            method="greedy",
            vector="concatenated",
            metric="cosine",
            track_recipe_id=mappers[Kind.TRACK],
            artwork_recipe_id=mappers[Kind.ARTWORK],
            parameters=parameters,
            digest=digest,
            pairs=len(rows),
            unpaired_tracks=len(find_unpaired(self.published, Kind.TRACK)),
            unpaired_artworks=len(find_unpaired(self.published, Kind.ARTWORK)),
            mean=float(rows["similarity"].mean()),
            tenth_percentile=compute_tenth_percentile(rows["similarity"]),
            minimum=float(rows["similarity"].min()),
            maximum=float(rows["similarity"].max()),
        )
        inputs = pairing_inputs.read_current_inputs(self.connection, pairing)
        pairing_id = pairings.write_pairing(self.connection, pairing, rows, inputs)
        self._import_pair_scores(pairing_id)
        return pairing_id

    def _build_pair_rows(self, pairs: Sequence[PublishedPair], triples: Mapping[int, int]) -> Any:  # noqa: ANN401
        rows = np.zeros(len(pairs), pairings.PAIR)
        for at, pair in enumerate(pairs):
            track = self.items[Kind.TRACK, pair.track]
            fragment_id = self.fragments[track, WHOLE]
            rows[at] = (
                *(WHOLE, pair.rank, pair.similarity),
                *(track, self.items[Kind.ARTWORK, pair.artwork]),
                *(triples.get(fragment_id, 0), 0),
            )
        return rows

    def _import_pair_scores(self, pairing_id: int) -> None:
        sheet = self.published.imagebind
        if not sheet.rows:
            return
        _, recipe_id = self._enter_recipe(Role.EMBEDDER, Kind.TRACK, sheet)
        known = published_results.map_pair_ids(self.connection, pairing_id)
        values = {}
        for row in sheet.rows:
            key = self.items[Kind.TRACK, row.track], self.items[Kind.ARTWORK, row.artwork]
            if key in known:
                values[known[key]] = row.value
        published_results.add_scores(self.connection, "imagebind", recipe_id, "pair_id", values)

    def _find_fragment(self, kind: Kind, name: str, position: int) -> int:
        return self.fragments[self.items[kind, name], position]


def _make_caption(text: str) -> tuple[Caption, int]:
    """Make a caption with its number of words; without a sentence end it counts as truncated."""
    ended = FinishReason.STOP if is_complete(text) else FinishReason.LENGTH
    return Caption(text, ended, language=detect_language(text)), count_words(text)
