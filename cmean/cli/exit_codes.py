"""Exit codes of the program."""

from __future__ import annotations

from typing import Final

EXIT_OK: Final = 0
EXIT_ERROR: Final = 1
EXIT_USAGE: Final = 2
EXIT_PARTIAL: Final = 3  # finished, but some items were rejected or failed
EXIT_INTERRUPTED: Final = 130  # as shells report SIGINT
