"""The verb `map-text`: map plain texts to emotion triples."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmean.cli.catalog_session import print_profile_notice
from cmean.cli.exit_codes import EXIT_OK, EXIT_PARTIAL
from cmean.cli.options import add_profile
from cmean.cli.output import print_notice
from cmean.config import load_settings
from cmean.domain import Kind
from cmean.errors import InputError, ItemError
from cmean.inference import controls
from cmean.inference.map_texts import load_text_mapper
from cmean.presentation.number_formats import UNDEFINED

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from cmean.domain import RGB

_BATCH_SIZE: Final = 500


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="default: standard input"
    )
    parser.add_argument(
        "--kind",
        choices=list(Kind),
        default=Kind.TRACK,
        help="use the mapper of this kind (default: track)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    add_profile(parser)


def main(args: argparse.Namespace) -> int:
    """Map texts, one a line; a line that cannot be mapped gets a reason instead of a triple."""
    settings = load_settings()
    map_texts = load_text_mapper(controls.find_profile(settings, args.profile), Kind(args.kind))
    print_profile_notice(settings, args.profile)
    number, failed = 0, 0
    with _open_lines(args.file) as lines:
        while batch := [line.rstrip("\r\n") for line in islice(lines, _BATCH_SIZE)]:
            for text, result in zip(batch, map_texts(batch), strict=True):
                number += 1
                if isinstance(result, ItemError):
                    failed += 1
                    print_notice(f"line {number}: {result.reason}: {result.detail}")
                print(_encode_json(text, result) if args.json else _format_line(text, result))
    return EXIT_PARTIAL if failed else EXIT_OK


def _encode_json(text: str, result: RGB | ItemError) -> str:
    if isinstance(result, ItemError):
        triple: dict[str, object] = dict.fromkeys(("red", "green", "blue"))
        triple["reason"] = result.reason
    else:
        triple = {"red": result.red, "green": result.green, "blue": result.blue}
    return json.dumps({"text": text, **triple}, ensure_ascii=False)


def _format_line(text: str, result: RGB | ItemError) -> str:
    if isinstance(result, ItemError):
        return f"{UNDEFINED:>3} {UNDEFINED:>3} {UNDEFINED:>3}  {text}"
    return f"{result.red:3} {result.green:3} {result.blue:3}  {text}"


@contextmanager
def _open_lines(path: Path | None) -> Iterator[Iterator[str]]:
    """Open the lines of a file, or of standard input; split at line feeds only."""
    try:
        if path is None:
            sys.stdin.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]  # a TextIOWrapper
            yield iter(sys.stdin)
        else:
            with path.open(encoding="utf-8-sig", newline="\n") as file:
                yield iter(file)
    except UnicodeDecodeError as error:
        raise InputError(f"{path or 'standard input'} is not UTF-8 text") from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}; texts come from a file or from standard "
            "input: echo TEXT | cmean map-text"
        ) from error
