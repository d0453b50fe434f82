"""`cmean report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli.common import add_json, opened, print_json, progress
from cmean.cli.tabular import replacing
from cmean.cli.types import positive
from cmean.report.gather import gather
from cmean.report.page import render

if TYPE_CHECKING:
    import argparse

    from cmean.catalog.engine import Catalog


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "id", nargs="?", type=positive, metavar="ID", help="of the pairing (default: the newest)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE.html", required=True)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Write the page."""
    with opened() as (_, catalog):
        size = write(catalog, args.id, args.output)
    if args.json:
        print_json({"output": str(args.output), "bytes": size})
    else:
        print(f"{args.output} written ({size / 1e6:.1f} MB)")
    return 0


def write(catalog: Catalog, pairing_id: int | None, output: Path) -> int:
    """Gather, render, write; returns the size in bytes."""
    with replacing(output) as path:
        with progress("report") as update:
            found = gather(
                catalog,
                pairing_id,
                on_progress=lambda done, total: update("pairs", done, total, ""),
            )
        return path.write_text(render(found), encoding="utf-8")
