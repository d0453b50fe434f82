"""`cmean export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cmean.catalog import browse
from cmean.cli import tabular
from cmean.cli.common import add_json, opened, print_json
from cmean.errors import InputError

if TYPE_CHECKING:
    import argparse

_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}

OUTPUTS = " ".join(_FORMATS)
"""How the name of a file may end."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("what", choices=browse.EXPORTS, metavar="WHAT", help=_one_of())
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help=OUTPUTS)
    add_json(parser)


def _one_of() -> str:
    return ", ".join(browse.EXPORTS)


def main(args: argparse.Namespace) -> int:
    """Write a view to a file whose suffix says the format."""
    form = form_of(args.output)
    query = browse.EXPORTS[args.what]
    with opened() as (_, catalog), browse.rows_of(catalog, query) as (columns, rows):
        number = tabular.write(columns, rows, form, args.output)
    if args.json:
        print_json({"rows": number, "output": str(args.output)})
    else:
        print(f"{number} {args.what} written to {args.output}")
    return 0


def form_of(output: Path) -> str:
    """The format (as of `tabular.write`) that the suffix of a file's name says.

    Raises:
        InputError: it says none.
    """
    form = _FORMATS.get(output.suffix.lower())
    if form is None:
        raise InputError(f"{output}: the name must end in one of {OUTPUTS}")
    return form
