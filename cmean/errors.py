"""Errors that users meet: each has a short machine-readable reason and a one-line message.

A `CmeanError` that reaches the command line is printed as one line, with exit code 1, or 2 where
the command line itself is wrong. An `ItemError` concerns one item only: it is recorded as a row
with its `reason`, and the run continues.
"""

from __future__ import annotations

import unicodedata


class CmeanError(Exception):
    """An error that the user can fix; the message says what is wrong and what to do."""


class ConfigError(CmeanError):
    """A setting, a profile or a TOML file is wrong."""


class CatalogError(CmeanError):
    """The catalog cannot be opened, read or written."""


class CatalogUnavailableError(CatalogError):
    """The database server cannot be reached just now, or ended the connection."""


class InputError(CmeanError):
    """A path, a query or a table that the user gave cannot be used."""


class UsageError(InputError):
    """Options that cannot be combined, or one without an option that it requires; exit code 2."""


class MissingExtraError(CmeanError):
    """An optional dependency is not installed.

    Args:
        need: what was asked for, in the user's words, e.g. ``"parquet files"``.
        extra: the extra that installs it, e.g. ``"parquet"``.
    """

    def __init__(self, need: str, extra: str) -> None:
        super().__init__(f"{need} need an extra: pip install 'cmean[{extra}]'")


class WeightsError(CmeanError):
    """A checkpoint is not on this machine, or is not what the back-end needs."""


class DeviceFaultError(CmeanError):
    """A GPU failed, and may fail at everything from then on: the process must end."""


class ServerError(CmeanError):
    """A model server cannot be used: it is unavailable, or rejects the request."""


class ItemError(CmeanError):
    """One item cannot be used.

    Args:
        reason: a `FailureReason`, or a stable word of a back-end of another package.
        detail: the message.
        retryable: whether the same work may succeed later without a change to the item.
    """

    def __init__(self, reason: str, detail: str, *, retryable: bool = False) -> None:
        detail = _make_printable(detail)
        super().__init__(detail)
        # A plain string: database drivers treat members of an enumeration otherwise.
        self.reason = str(reason)
        self.detail = detail
        self.retryable = retryable


_LONGEST_DETAIL = 2_000


def _make_printable(text: str) -> str:
    """Replace control characters and lone surrogates, which no database accepts, and truncate."""
    shown = (c if unicodedata.category(c) not in {"Cc", "Cs"} else "?" for c in str(text))
    return "".join(shown)[:_LONGEST_DETAIL]


class MediaError(ItemError):
    """A media file that cannot be read, or whose content cannot be used."""


class CaptionError(ItemError):
    """A captioner gave no usable caption."""


class EmotionError(ItemError):
    """An emotion mapper gave no valid triple."""


class EmbeddingError(ItemError):
    """An embedder gave no usable vector."""
