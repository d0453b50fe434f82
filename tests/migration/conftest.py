"""The command line on the catalog of a test."""

from __future__ import annotations

import pytest


@pytest.fixture
def call(cmean):
    """Carries out a command line; gives the JSON that it printed, else its standard error."""

    def call_verb(*arguments, code=0):
        done = cmean(*arguments)
        assert done.code == code, done.err
        return done.json if "--json" in arguments else done.err

    return call_verb
