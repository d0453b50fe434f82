"""What verbs print: results on standard output, notices for people on standard error."""

from __future__ import annotations

import json
import sys


def print_json(document: object) -> None:
    """Print one JSON document to standard output.

    Raises:
        ValueError: it holds not-a-number or an infinity, which JSON cannot express.
    """
    json.dump(document, sys.stdout, ensure_ascii=False, allow_nan=False, default=str)
    sys.stdout.write("\n")


def print_notice(line: str) -> None:
    """Print a line for people to standard error."""
    print(line, file=sys.stderr, flush=True)
