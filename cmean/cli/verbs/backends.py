"""The verb `backends`: list, check and fetch back-ends."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from cmean.backends import registry
from cmean.cli.exit_codes import EXIT_ERROR, EXIT_OK
from cmean.cli.options import add_json, add_profile
from cmean.cli.output import print_json, print_notice
from cmean.config import load_settings
from cmean.domain import Role
from cmean.errors import InputError
from cmean.presentation.text_tables import print_table

if TYPE_CHECKING:
    import argparse

    from cmean.backends.fetch import WeightsToFetch
    from cmean.backends.info import BackendInfo

_PRINTED_COLUMNS: Final = ("name", "role", "kinds", "installed", "weights", "licence")
"""Columns of the printed list; `--json` has all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--check", metavar="NAME", help="load a back-end, run it on test inputs, and report"
    )
    action.add_argument(
        "--fetch",
        metavar="NAME|REPOSITORY",
        help="download the weights of a back-end, or of a repository (organisation/name)",
    )
    parser.add_argument(
        "--role", choices=list(Role), help="role to check, where a back-end has several"
    )
    parser.add_argument("--revision", metavar="R", help="commit, branch or tag to fetch")
    parser.add_argument(
        "--accept-licence",
        action="store_true",
        help="fetch weights whose licence excludes commercial use",
    )
    add_profile(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """List the back-ends, check one, or fetch weights."""
    if args.check:
        return _check_backend(args)
    return _fetch_weights(args) if args.fetch else _list_backends(args)


def _list_backends(args: argparse.Namespace) -> int:
    rows: list[dict[str, Any]] = [
        {
            "name": info.name,
            "role": info.role.value,
            "kinds": [kind.value for kind in info.kinds],
            "installed": info.installed,
            "weights": info.weights,
            "licence": info.licence,
            "repository": info.repository,
            "revision": info.revision,
        }
        for info in registry.list_backends()
    ]
    if args.json:
        print_json(rows)
    else:
        rows.sort(key=_get_family)
        cells = [[_format_cell(row[name]) for name in _PRINTED_COLUMNS] for row in rows]
        print_table("Back-ends", _PRINTED_COLUMNS, cells)
    for name, why in registry.list_broken_plugins().items():
        print_notice(f"left out: the back-end {name!r} cannot be imported from {why}")
    return EXIT_OK


def _get_family(row: dict[str, Any]) -> int:
    """Return the sort key that lists the profiles' own back-ends together, before all others."""
    for rank, family in enumerate(("embedded-", "learned-")):
        if row["name"].startswith(family):
            return rank
    return 2


def _format_cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _check_backend(args: argparse.Namespace) -> int:
    from cmean.inference import backend_check, controls  # noqa: PLC0415 - the list needs neither

    info = registry.get_info(args.check, Role(args.role) if args.role else None)
    checks = []
    profile = controls.find_profile(load_settings(), args.profile)
    for check in backend_check.check_profile_backend(info, profile):
        checks.append(check)
        if not args.json:
            result = "ok" if check.ok else "FAILED"
            print(f"{result:6}  {check.check:30}  {check.detail}", flush=True)
    ok = all(check.ok for check in checks)
    if args.json:
        results = [asdict(check) for check in checks]
        print_json({"name": info.name, "role": info.role.value, "checks": results, "ok": ok})
    return EXIT_OK if ok else EXIT_ERROR


def _fetch_weights(args: argparse.Namespace) -> int:
    from cmean.backends import fetch  # noqa: PLC0415 - the list does not need it

    wanted = fetch.find_weights_to_fetch(args.fetch, args.revision, _collect_parameters(args))
    _require_consent(wanted, accepted=args.accept_licence)
    print_notice(f"fetching {wanted.model}, revision {wanted.revision}, licence {wanted.licence}")
    weights = fetch.fetch_weights(wanted)
    result = {"model": wanted.model, "revision": weights.revision, "path": str(weights.folder)}
    if args.json:
        print_json(result | {"licence": wanted.licence})
    else:
        print(f"{wanted.model} is in {weights.folder}")
    return EXIT_OK


def _collect_parameters(args: argparse.Namespace) -> dict[tuple[str, Role], dict[str, object]]:
    """Collect the parameters that the profile gives the back-ends of the name to fetch."""
    from cmean.inference import backend_check, controls  # noqa: PLC0415 - as above

    profile = controls.find_profile(load_settings(), args.profile)
    infos: list[BackendInfo] = [
        info for info in registry.list_backends() if info.name == args.fetch
    ]
    return {(info.name, info.role): backend_check.find_parameters(info, profile) for info in infos}


def _require_consent(wanted: WeightsToFetch, *, accepted: bool) -> None:
    """Ask before fetching weights whose licence excludes commercial use.

    Raises:
        InputError: the user did not consent.
    """
    if wanted.commercial:
        return
    print_notice(f"{wanted.model} is licensed as {wanted.licence}: not for commercial use")
    if accepted:
        return
    if sys.stdin.isatty():
        print_notice("Type yes to fetch it under that licence:")
        if sys.stdin.readline().strip().lower() == "yes":
            return
    raise InputError(f"not fetched: read the licence of {wanted.model}, then add --accept-licence")
