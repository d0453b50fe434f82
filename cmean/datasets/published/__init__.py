"""The study's published CSV files, and the tables that it printed.

The files become plain data and a list of rows that could not be used; no catalog is needed.
"""

from typing import Final

BACKEND: Final = "published"
"""The name of the back-end in the recipes of results that were published, not made here."""

COLLECTION: Final = "published"
"""The collection that the published items are in."""
