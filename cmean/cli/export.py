"""`cmean export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.catalog import queries
from cmean.cli import tabular
from cmean.cli.common import add_json, opened, print_json
from cmean.errors import InputError

if TYPE_CHECKING:
    import argparse

_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("what", choices=queries.EXPORTS, metavar="WHAT", help=_one_of())
    parser.add_argument(
        "--output", type=Path, metavar="FILE", required=True, help=" ".join(_FORMATS)
    )
    add_json(parser)


def _one_of() -> str:
    return ", ".join(queries.EXPORTS)


def main(args: argparse.Namespace) -> int:
    """Write a view to a file whose suffix says the format."""
    form = _FORMATS.get(args.output.suffix.lower())
    if form is None:
        raise InputError(f"{args.output}: the name must end in one of {' '.join(_FORMATS)}")
    query = queries.EXPORTS[args.what]
    with opened() as (_, catalog), queries.rows_of(catalog, query) as (columns, rows):
        number = tabular.write(columns, rows, form, args.output)
    if args.json:
        print_json({"rows": number, "output": str(args.output)})
    else:
        print(f"{number} {args.what} written to {args.output}")
    return 0
