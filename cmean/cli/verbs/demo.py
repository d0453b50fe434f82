"""The verb `demo`: run every step on a small corpus or on given files."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmean.cli.catalog_session import open_catalog_session, print_profile_notice
from cmean.cli.exit_codes import EXIT_OK, EXIT_PARTIAL
from cmean.cli.ingest_display import ingest_paths, print_ingest_result
from cmean.cli.options import add_json, add_profile
from cmean.cli.output import print_json
from cmean.cli.progress import show_progress
from cmean.cli.report_output import write_report
from cmean.cli.run_display import run_stages
from cmean.config import load_settings
from cmean.datasets import demo
from cmean.domain import CHANNELS, Kind
from cmean.errors import UsageError
from cmean.inference import controls
from cmean.jobs import requests
from cmean.library import ingest
from cmean.library.metadata import read_metadata_file
from cmean.pairing import service as pairing_service
from cmean.presentation.pairing_phrases import PairingSummary, describe_pairing
from cmean.presentation.text_tables import print_table
from cmean.stats.intended_emotions import IntentionAgreement, compare_intended_emotions

if TYPE_CHECKING:
    import argparse

    from cmean.config import Settings
    from cmean.library.catalog_access import Catalog
    from cmean.library.ingest import IngestResult


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("cmean-demo"),
        metavar="DIR",
        help="folder of the catalog, the corpus and report.html (default: cmean-demo)",
    )
    parser.add_argument(
        "--tracks", type=Path, metavar="DIR", help="your own music; needs --artworks"
    )
    parser.add_argument(
        "--artworks", type=Path, metavar="DIR", help="your own pictures; needs --tracks"
    )
    add_profile(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Run every step once: corpus, captions, emotions, pairs with their null, report."""
    if (args.tracks is None) != (args.artworks is None):
        raise UsageError("--tracks and --artworks need each other: the demo pairs one with one")
    args.folder.mkdir(parents=True, exist_ok=True)
    settings = _make_settings(args.folder)
    profile = controls.find_profile(settings, args.profile)
    print_profile_notice(settings, args.profile)
    with open_catalog_session(settings) as (_, catalog):
        ingested = _ingest(args, catalog)
        if not args.json:
            print_ingest_result(ingested)
        stages = run_stages(settings, profile)
        task = pairing_service.request_pairing(catalog, profile)
        requests.complete_request(catalog, settings, task)
        result = pairing_service.read_pairing_document(catalog, task)
        pairs = pairing_service.list_pairs_with_intentions(catalog, result["pairing"])
        output = args.folder / "report.html"
        write_report(catalog, settings, result["pairing"], output)
    failed = sum(stage.failed for stage in stages.values())
    agreement = compare_intended_emotions(
        (None, pair["track_intended"], pair["artwork_intended"]) for pair in pairs
    )
    if args.json:
        document = result | {"agreement": _encode_agreement(agreement), "matched": pairs}
        document |= {"report": str(output), "rejected": ingested.as_dict()["rejected"]}
        print_json(document | {"failed": failed})
    else:
        _print_pairs(pairs, agreement)
        print(describe_pairing(PairingSummary.from_document(result)))
        if agreement:
            print(
                f"intended emotions agree in {agreement.same} of {agreement.known} pairs; "
                f"null (random pairing) {agreement.expected:.3g}"
            )
        print(f"report: {output}")
        print(f"catalog: {args.folder / 'cmean.db'}")
    return EXIT_PARTIAL if failed or ingested.rejected else EXIT_OK


def _make_settings(folder: Path) -> Settings:
    """Make the settings with the demo's own catalog, so that it never writes into another."""
    database = (folder / "cmean.db").resolve()
    return replace(load_settings(), database_url=f"sqlite:///{database}", broker_url=None)


def _ingest(args: argparse.Namespace, catalog: Catalog) -> IngestResult:
    """Register the user's folders, or a corpus that is composed first."""
    if args.tracks is None:
        return _ingest_composed_corpus(args.folder / "corpus", catalog)
    tracks = ingest_paths(catalog, [args.tracks], Kind.TRACK)
    artworks = ingest_paths(catalog, [args.artworks], Kind.ARTWORK)
    return ingest.IngestResult(
        tracks.added + artworks.added,
        tracks.known + artworks.known,
        tracks.rejected + artworks.rejected,
    )


def _ingest_composed_corpus(folder: Path, catalog: Catalog) -> IngestResult:
    with show_progress("compose") as update:
        titles = count()
        made = demo.compose_corpus(
            folder, lambda title: update("works", next(titles), demo.NUMBER, title)
        )
        update("works", len(made), demo.NUMBER, "")
    facts = read_metadata_file(folder / "metadata.csv")
    # By file name: ties of a matching go by id, which must not follow the intended emotions.
    paths = sorted(item.path for item in made)
    return ingest.ingest_files(catalog, paths, metadata=facts)


def _encode_agreement(agreement: IntentionAgreement | None) -> dict[str, float] | None:
    if agreement is None:
        return None
    return {
        "agree": agreement.same,
        "of": agreement.known,
        "expected_by_chance": round(agreement.expected, 2),
    }


def _print_pairs(pairs: list[dict[str, Any]], agreement: IntentionAgreement | None) -> None:
    header = ["", "similarity"]
    for kind in Kind:
        header += [kind.value, "R G B"] + (["intended"] if agreement else [])
    rows = []
    for pair in pairs:
        row = [pair["rank"], pair["similarity"]]
        for kind in Kind:
            triple = " ".join(f"{pair[f'{kind.value}_{channel}']:3}" for channel in CHANNELS)
            row += [pair[f"{kind.value}_title"], triple]
            if agreement:
                row.append(pair[f"{kind.value}_intended"])
        rows.append(row)
    print_table("Pairs", header, rows)
