"""The revision of a back-end that a network from a package and fitted tables make up."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from cmean.backends.weights import packages, store


def digest_revision(package: str, code: str, *tables: str) -> str:
    """The first 12 hex digits of the SHA-256 of all that a result depends on.

    Args:
        package: with the weights; pinned by its digest.
        code: a version of the code that uses them.
        tables: files of this package that were fitted or judged.

    Raises:
        WeightsError: the weights are not on this machine.
    """
    store.locate(package)
    found = packages.find_package(package)
    digest = hashlib.sha256(f"{found.sha256} {found.revision} {code}".encode())
    for table in tables:
        digest.update(files(__package__).joinpath(table).read_bytes())
    return digest.hexdigest()[:12]
