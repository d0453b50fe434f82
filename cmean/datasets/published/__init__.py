"""The study's published CSV files: found, read whatever their quoting, and what it printed of them.

Files in, plain data and a list of what could not be used out; the catalog is not known here.
"""

from typing import Final

BACKEND: Final = "published"
"""The name of the back-end in the recipes of results that were published, not made here."""

COLLECTION: Final = "published"
"""The collection that the published items are in."""
