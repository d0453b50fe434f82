"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmean.cli.argument_types import parse_natural_number, parse_positive_integer
from cmean.inference import controls
from cmean.presentation.row_files import EXPORT_SUFFIXES
from cmean.presentation.table_files import TABLE_FORMATS
from cmean.profile_names import SHUFFLED

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

DEFAULT_PAIRING: Final = "default: the newest that is neither random nor of a control profile"
"""Which pairing is meant where none is named."""

METRIC_HELP: Final = "cosine: proportions of the channels; euclidean: also their magnitude"
MIN_SIMILARITY_HELP: Final = (
    "minimum similarity of a pair, -1 to 1: items without such a partner stay unpaired; optimal "
    "removes pairs below it after matching"
)
_PROFILE_HELP: Final = (
    "profile whose recipes are used (default: CMEAN_PROFILE; if unset, learned after cmean setup, "
    "else embedded)"
)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document to standard output"
    )


def add_profile(parser: argparse.ArgumentParser) -> None:
    """Add `--profile`."""
    parser.add_argument("--profile", metavar="NAME", help=_PROFILE_HELP)


def add_control(parser: argparse.ArgumentParser) -> None:
    """Add `--control` and `--control-seed`."""
    parser.add_argument(
        "--control",
        choices=list(controls.DESCRIPTIONS),
        help=f"use a control variant of the profile ({describe_choices(controls.DESCRIPTIONS)})",
    )
    parser.add_argument(
        "--control-seed",
        type=parse_natural_number,
        metavar="SEED",
        help=f"random seed of --control {SHUFFLED} (default: 0)",
    )


def add_pairing(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Add the optional argument `ID` of one pairing."""
    parser.add_argument("id", nargs="?", type=parse_positive_integer, metavar="ID", help=help_text)


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add `--labels`."""
    parser.add_argument(
        "--labels",
        action="append",
        default=[],
        metavar="NAME",
        help="compare emotions and pairs with a label set; may be repeated",
    )


def add_table_format(parser: argparse.ArgumentParser) -> None:
    """Add `--format` and `--output` of an evaluation's tables."""
    parser.add_argument(
        "--format",
        choices=list(TABLE_FORMATS.values()),
        help="output format (default: by the suffix of FILE, else table); csv and parquet have "
        "one row per cell",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help=f"write to FILE: {' '.join(TABLE_FORMATS)}"
    )


def add_export_output(parser: argparse.ArgumentParser) -> None:
    """Add the required `--output` of an export."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        required=True,
        help=f"file to write: {EXPORT_SUFFIXES}",
    )


def describe_choices(choices: Mapping[str, str]) -> str:
    """Describe the choices of an option, each with what it does."""
    return "; ".join(f"{name}: {meaning}" for name, meaning in choices.items())
