"""`cmean demo`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmean.catalog import browse
from cmean.cli import EXIT_OK, EXIT_PARTIAL
from cmean.cli import ingest as ingest_verb
from cmean.cli import report as report_verb
from cmean.cli import run as run_verb
from cmean.cli.common import (
    add_json,
    add_profile,
    opened,
    print_json,
    print_table,
    progress,
    tell_default_profile,
)
from cmean.cli.pair import describe
from cmean.config import load_settings
from cmean.datasets import demo
from cmean.domain import Kind
from cmean.errors import UsageError
from cmean.inference import controls
from cmean.jobs import requests
from cmean.library import ingest, metadata
from cmean.pairing import service as pairing_service

if TYPE_CHECKING:
    import argparse

    from cmean.catalog.engine import Catalog
    from cmean.config import Settings
    from cmean.library.ingest import IngestResult


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("cmean-demo"),
        metavar="DIR",
        help="where the catalog, the corpus and report.html go (default: cmean-demo)",
    )
    parser.add_argument("--tracks", type=Path, metavar="DIR", help="your music, with --artworks")
    parser.add_argument("--artworks", type=Path, metavar="DIR", help="your pictures")
    add_profile(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Do everything once: a corpus, captions, emotions, pairs, their null, the report."""
    if (args.tracks is None) != (args.artworks is None):
        raise UsageError(
            "--tracks and --artworks go together: the demo pairs the one with the other"
        )
    args.folder.mkdir(parents=True, exist_ok=True)
    settings = _settings(args.folder)
    profile = controls.find(settings, args.profile)
    tell_default_profile(settings, args.profile)
    with opened(settings) as (_, catalog):
        ingested = _corpus(args, catalog) if args.tracks is None else _own(args, catalog)
        if not args.json:
            ingest_verb.show(ingested)
        stages = run_verb.carry_out(settings, profile)
        task = pairing_service.request(catalog, profile)
        requests.complete_request(catalog, settings, task)
        result = pairing_service.summary(catalog, task)
        pairs = _pairs(catalog, result["pairing"])
        output = args.folder / "report.html"
        report_verb.write(catalog, settings, result["pairing"], output)
    failed = sum(stage.failed for stage in stages.values())
    agreement = _agreement(pairs)
    if args.json:
        document = result | {"agreement": agreement, "matched": pairs, "report": str(output)}
        print_json(document | {"rejected": ingested.as_dict()["rejected"], "failed": failed})
    else:
        _show(result, pairs, agreement)
        print(f"Look at {output}, and ask the catalog {args.folder / 'cmean.db'} in SQL.")
    return EXIT_PARTIAL if failed or ingested.rejected else EXIT_OK


def _settings(folder: Path) -> Settings:
    """The settings, with a catalog of the demo's own: it never writes into another."""
    database = (folder / "cmean.db").resolve()
    return replace(load_settings(), database_url=f"sqlite:///{database}", broker_url=None)


def _corpus(args: argparse.Namespace, catalog: Catalog) -> IngestResult:
    """Compose the corpus and register it."""
    folder = args.folder / "corpus"
    with progress("compose") as update:
        titles = count()
        made = demo.compose(folder, lambda title: update("works", next(titles), demo.NUMBER, title))
        update("works", len(made), demo.NUMBER, "")
    facts = metadata.read(folder / "metadata.csv")
    by_name = sorted(item.path for item in made)  # ties go by id, which must not tell the emotion
    return ingest.ingest(catalog, by_name, metadata=facts)


def _own(args: argparse.Namespace, catalog: Catalog) -> IngestResult:
    """Register the user's own folders."""
    tracks = ingest_verb.register(catalog, [args.tracks], Kind.TRACK)
    artworks = ingest_verb.register(catalog, [args.artworks], Kind.ARTWORK)
    return ingest.IngestResult(
        tracks.added + artworks.added,
        tracks.known + artworks.known,
        tracks.rejected + artworks.rejected,
    )


def _pairs(catalog: Catalog, pairing_id: int) -> list[dict[str, Any]]:
    """The pairs with the intended emotions of both sides, where these are known."""
    with catalog.read() as connection:
        return browse.pairs_with_intentions(connection, pairing_id)


def _agreement(pairs: list[dict[str, Any]]) -> dict[str, float] | None:
    """How many pairs have one intended emotion on both sides, beside what chance would give.

    Chance: for random one-to-one pairing of the same sides, Σ tracks(e) · artworks(e) / pairs.
    """
    known = [
        pairing_service
        for pairing_service in pairs
        if pairing_service["track_intended"] and pairing_service["artwork_intended"]
    ]
    if not known:
        return None
    sides = [
        Counter(pairing_service[f"{kind.value}_intended"] for pairing_service in known)
        for kind in Kind
    ]
    expected = sum(sides[0][emotion] * sides[1][emotion] for emotion in sides[0]) / len(known)
    same = sum(
        pairing_service["track_intended"] == pairing_service["artwork_intended"]
        for pairing_service in known
    )
    return {"agree": same, "of": len(known), "expected_by_chance": round(expected, 2)}


def _show(
    result: dict[str, Any], pairs: list[dict[str, Any]], agreement: dict[str, float] | None
) -> None:
    rows = []
    for found in pairs:
        row = [found["rank"], found["similarity"]]
        for kind in Kind:
            name = kind.value
            row += [found[f"{name}_title"], _triple(found, name)]
            if agreement:
                row.append(found[f"{name}_intended"])
        rows.append(row)
    header = ["", "similarity"]
    for kind in Kind:
        header += [kind.value, "R G B"] + (["intended"] if agreement else [])
    print_table("Pairs", header, rows)
    print(describe(result))
    if agreement:
        print(
            f"intended emotions agree in {agreement['agree']} of {agreement['of']} pairs; "
            f"random pairing gives {agreement['expected_by_chance']:g}"
        )


def _triple(found: dict[str, Any], side: str) -> str:
    return " ".join(f"{found[f'{side}_{channel}']:3}" for channel in ("red", "green", "blue"))
