"""SHA-256 digests of files, byte strings and JSON documents.

Digests are stored in catalogs and identify items, recipes, requests and pairings, so the same
content must give the same digest in every release.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import BufferedReader
    from typing import Any


def hash_parts(parts: Iterable[bytes | str]) -> str:
    """Return the digest of the concatenation of some parts as 64 hexadecimal digits.

    Args:
        parts: byte strings, and texts, which count as UTF-8. They are not delimited: where two
            lists of parts could be confused, the caller adds lengths or separators.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()


def hash_file(file: BufferedReader) -> str:
    """Return the digest of the rest of a binary file, read in blocks."""
    return hashlib.file_digest(file, "sha256").hexdigest()


def hash_json(content: Any, *, sort_keys: bool = True) -> str:  # noqa: ANN401 - what JSON holds
    """Return the digest of a JSON document.

    Args:
        content: what JSON can hold.
        sort_keys: whether the order of keys is ignored, as it should be.
    """
    return hash_parts([json.dumps(content, sort_keys=sort_keys)])


def hash_canonical_json(content: Any) -> str:  # noqa: ANN401 - what JSON holds
    """Return the digest of the canonical form of a JSON document.

    The form has sorted keys, no white space, and characters as they are instead of escapes. It is
    that of recipes and differs from `hash_json`, which stored pairings and requests have.
    """
    return hash_parts(
        [json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)]
    )


def derive_seed(parts: Iterable[bytes | str]) -> int:
    """Return a seed of 63 bits, as signed 64-bit integers hold, from the digest of some parts."""
    return int(hash_parts(parts)[:16], 16) >> 1
