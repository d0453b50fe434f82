"""cmean that ends once between the model's answer and the commit."""

import os

from cmean_testing import folder

from cmean.catalog import results
from cmean.cli import entry

commit_captions = results.commit_captions


def crash_once(connection, claim, captions):
    """End the first time, with the results worked out and nothing written."""
    mark = folder() / "crashed"
    if captions and not mark.exists():
        mark.touch()
        os._exit(137)
    return commit_captions(connection, claim, captions)


results.commit_captions = crash_once
entry()
