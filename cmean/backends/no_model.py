"""What stands for the back-end of a recipe whose step needs none."""

from __future__ import annotations


class NoModel:
    """Nothing to load; implements `cmean.protocols.Backend`."""

    revision = "1"
    """Raised when the step makes something else of the same captions."""

    def load(self) -> None:
        """There is nothing to load."""

    def unload(self) -> None:
        """There is nothing to give back."""
