"""Waiting for a condition, with one time limit that no healthy test comes near."""

from __future__ import annotations

import time

PATIENCE = 120.0
"""Seconds after which a condition that does not come true fails the test; no test waits for it."""


def wait_for(condition, what, seconds=PATIENCE):
    """Wait until a condition holds; returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.02)
    return found
