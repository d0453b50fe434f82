"""cmean that ends once right after a commit, before it could tell anybody."""

import os

from cmean_testing import folder

from cmean.cli import entry
from cmean.jobs import executor

commit = executor.write_with_retry


def crash_once(catalog, write, stopped):
    """End the first time that something was committed."""
    written = commit(catalog, write, stopped)
    mark = folder() / "crashed"
    if written and not mark.exists():
        mark.touch()
        os._exit(137)
    return written


executor.write_with_retry = crash_once
entry()
