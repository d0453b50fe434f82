"""`cmean backends`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from cmean.backends import registry
from cmean.cli import EXIT_ERROR, EXIT_OK
from cmean.cli.common import add_json, add_profile, print_json, print_table, say
from cmean.config import load_settings
from cmean.domain import Role
from cmean.errors import InputError

if TYPE_CHECKING:
    import argparse

    from cmean.backends.fetch import WeightsToFetch
    from cmean.backends.info import BackendInfo


_SHOWN = 6
"""Columns that the list shows to people: up to the licence; programs get all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", metavar="NAME", help="load a back-end, try it out, and say what works"
    )
    what.add_argument(
        "--fetch",
        metavar="NAME|REPOSITORY",
        help="download the weights of a back-end, or of a repository (organisation/name)",
    )
    parser.add_argument(
        "--role", choices=list(Role), help="which to check, where a name stands for several"
    )
    parser.add_argument("--revision", metavar="R", help="commit, branch or tag to fetch")
    parser.add_argument(
        "--accept-licence", action="store_true", help="fetch weights that are not free for all uses"
    )
    add_profile(parser)
    add_json(parser)


def main(args: argparse.Namespace) -> int:
    """List the back-ends, check one, or fetch weights."""
    if args.check:
        return _check(args)
    return _fetch(args) if args.fetch else _list(args)


def _list(args: argparse.Namespace) -> int:
    rows = [
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
        cells = [
            [", ".join(cell) if isinstance(cell, list) else cell for cell in row.values()]
            for row in rows
        ]
        print_table("Back-ends", list(rows[0])[:_SHOWN], [row[:_SHOWN] for row in cells])
    return EXIT_OK


def _check(args: argparse.Namespace) -> int:
    from cmean.inference import backend_check, controls  # noqa: PLC0415 - the list needs none of it

    info = registry.get_info(args.check, Role(args.role) if args.role else None)
    found = []
    for done in backend_check.run(info, controls.find(load_settings(), args.profile)):
        found.append(done)
        if not args.json:
            print(f"{'ok' if done.ok else 'FAILED':6}  {done.check:30}  {done.detail}", flush=True)
    well = all(done.ok for done in found)
    if args.json:
        checks = [asdict(done) for done in found]
        print_json({"name": info.name, "role": info.role.value, "checks": checks, "ok": well})
    return EXIT_OK if well else EXIT_ERROR


def _fetch(args: argparse.Namespace) -> int:
    from cmean.backends import fetch  # noqa: PLC0415 - the list needs none of it

    wanted = fetch.find_weights_to_fetch(args.fetch, args.revision, _chosen(args))
    _agree(wanted, accepted=args.accept_licence)
    say(f"fetching {wanted.model}, revision {wanted.revision}, licence {wanted.licence}")
    weights = fetch.fetch_weights(wanted)
    found = {"model": wanted.model, "revision": weights.revision, "path": str(weights.folder)}
    if args.json:
        print_json(found | {"licence": wanted.licence})
    else:
        print(f"{wanted.model} lies in {weights.folder}")
    return EXIT_OK


def _chosen(args: argparse.Namespace) -> dict[tuple[str, Role], dict[str, object]]:
    """The parameters that the profile gives its back-ends."""
    from cmean.inference import backend_check, controls  # noqa: PLC0415 - as above

    profile = controls.find(load_settings(), args.profile)
    infos: list[BackendInfo] = [
        info for info in registry.list_backends() if info.name == args.fetch
    ]
    return {(info.name, info.role): backend_check.parameters(info, profile) for info in infos}


def _agree(wanted: WeightsToFetch, *, accepted: bool) -> None:
    """Go on only with what may be used for all, or what the user says yes to.

    Raises:
        InputError: the user did not.
    """
    if wanted.commercial:
        return
    say(f"{wanted.model} is licensed as {wanted.licence}: not for commercial use")
    if accepted:
        return
    if sys.stdin.isatty():
        say("Type yes to fetch it under that licence:")
        if sys.stdin.readline().strip().lower() == "yes":
            return
    raise InputError(f"not fetched: read the licence of {wanted.model}, then add --accept-licence")
