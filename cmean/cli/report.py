"""`cmean report`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli.common import NEWEST, add_json, make_hint_sender, opened, print_json, progress
from cmean.cli.tabular import replacing
from cmean.cli.types import positive
from cmean.evaluation import service as evaluation_service
from cmean.jobs import requests
from cmean.report.gather import gather
from cmean.report.page import render

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cmean.catalog.engine import Catalog
    from cmean.config import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "id", nargs="?", type=positive, metavar="ID", help=f"of the pairing ({NEWEST})"
    )
    parser.add_argument("--output", type=Path, metavar="FILE.html", required=True)
    parser.add_argument(
        "--labels",
        action="append",
        default=[],
        metavar="NAME",
        help="hold emotions and pairs against a label set; may be given several times",
    )
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Write the page."""
    with opened() as (settings, catalog):
        size = write(catalog, settings, args.id, args.output, args.labels)
    if args.json:
        print_json({"output": str(args.output), "bytes": size})
    else:
        print(f"{args.output} written ({size / 1e6:.1f} MB)")
    return 0


def write(
    catalog: Catalog,
    settings: Settings,
    pairing_id: int | None,
    output: Path,
    labels: Sequence[str] = (),
) -> int:
    """Evaluate, gather, render, write; returns the size in bytes."""
    task = evaluation_service.request_evaluation(catalog, pairing_id, labels)
    with replacing(output) as path:
        with progress("report", brief=True) as update:
            requests.complete_request(
                catalog, settings, task, make_hint_sender(settings), partial(update, "nulls")
            )
            found = gather(
                catalog,
                evaluation_service.load_document(catalog, task),
                on_progress=partial(update, "pairs"),
            )
        return path.write_text(render(found), encoding="utf-8")
