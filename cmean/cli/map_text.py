"""`cmean map-text`."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cmean.cli import EXIT_OK, EXIT_PARTIAL
from cmean.cli.common import add_profile, say, tell_default_profile
from cmean.config import load_settings
from cmean.domain import Kind
from cmean.errors import InputError, ItemError
from cmean.inference import controls
from cmean.inference.map_texts import text_mapper

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from cmean.domain import RGB

_BATCH = 500


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="default: standard input"
    )
    parser.add_argument(
        "--kind", choices=list(Kind), default=Kind.TRACK, help="whose mapper (default: track)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_profile(parser)


def main(args: argparse.Namespace) -> int:
    """Map texts, a line each; a line that cannot be mapped gets its reason instead of a triple."""
    settings = load_settings()
    map_texts = text_mapper(controls.find(settings, args.profile), Kind(args.kind))
    tell_default_profile(settings, args.profile)
    number, failed = 0, 0
    with _lines(args.file) as lines:
        while batch := [line.rstrip("\r\n") for line in islice(lines, _BATCH)]:
            for text, found in zip(batch, map_texts(batch), strict=True):
                number += 1
                if isinstance(found, ItemError):
                    failed += 1
                    say(f"line {number}: {found.reason}: {found.detail}")
                print(_json(text, found) if args.json else _plain(text, found))
    return EXIT_PARTIAL if failed else EXIT_OK


def _json(text: str, found: RGB | ItemError) -> str:
    if isinstance(found, ItemError):
        triple: dict[str, object] = dict.fromkeys(("red", "green", "blue"))
        triple["reason"] = found.reason
    else:
        triple = {"red": found.red, "green": found.green, "blue": found.blue}
    return json.dumps({"text": text, **triple}, ensure_ascii=False)


def _plain(text: str, found: RGB | ItemError) -> str:
    if isinstance(found, ItemError):
        return f"{'–':>3} {'–':>3} {'–':>3}  {text}"
    return f"{found.red:3} {found.green:3} {found.blue:3}  {text}"


@contextmanager
def _lines(path: Path | None) -> Iterator[Iterator[str]]:
    """The lines of a file, or of standard input; split at line feeds only."""
    try:
        if path is None:
            sys.stdin.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]  # a TextIOWrapper
            yield iter(sys.stdin)
        else:
            with path.open(encoding="utf-8-sig", newline="\n") as file:
                yield _text_lines(file)
    except UnicodeDecodeError as error:
        raise InputError(f"{path or 'standard input'} is not UTF-8 text") from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}; texts come from a file or from standard "
            "input: echo TEXT | cmean map-text"
        ) from error


def _text_lines(file: IO[str]) -> Iterator[str]:
    return iter(file)
