"""The settings, the catalog and the profile that a verb works with."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cmean.cli.output import print_notice
from cmean.config import load_settings
from cmean.errors import UsageError
from cmean.inference import controls, default_profile
from cmean.library.catalog_access import open_catalog

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from cmean.config import Profile, Settings
    from cmean.jobs.hints import HintSender
    from cmean.library.catalog_access import Catalog


@contextmanager
def open_catalog_session(settings: Settings | None = None) -> Iterator[tuple[Settings, Catalog]]:
    """Yield the settings (default: those of the environment) and their catalog, open."""
    settings = settings or load_settings()
    with open_catalog(settings.database_url) as catalog:
        yield settings, catalog


def make_hint_sender(settings: Settings) -> HintSender | None:
    """Make a function that wakes the workers of a queue; None without a broker."""
    if settings.broker_url is None:
        return None
    from cmean.jobs.celery.hint_sender import CeleryHintSender  # noqa: PLC0415 - Celery, which most verbs never need

    return CeleryHintSender(settings.broker_url)


def select_profile(settings: Settings, args: argparse.Namespace) -> Profile:
    """Select the profile that `--profile`, `--control` and `--control-seed` select.

    Raises:
        ConfigError: there is no such profile, or no such control of it.
        UsageError: a seed without a control.
    """
    profile = controls.find_profile(settings, args.profile)
    if args.control is None and args.control_seed is not None:
        raise UsageError("--control-seed needs --control")
    if args.control is None:
        return profile
    return controls.make_control_profile(profile, args.control, args.control_seed)


def print_profile_notice(
    settings: Settings, profile_name: str | None, catalog: Catalog | None = None
) -> None:
    """Explain the default profile on standard error where it may surprise.

    Args:
        settings: the settings.
        profile_name: the profile that the command names; then there is nothing to explain.
        catalog: where results of another profile may be; None: it is not looked at.
    """
    if profile_name or settings.profile:
        return
    notice = default_profile.explain_fallback(settings)
    if notice is None and catalog is not None:
        notice = default_profile.explain_change(settings, catalog)
    if notice is not None:
        print_notice(notice)
