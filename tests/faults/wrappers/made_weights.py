"""cmean with the table of weight packages in the file that CMEAN_TESTING_PACKAGES names.

The processes that it starts import this file too, and so have the same table.
"""

import json
import os
from pathlib import Path

from cmean.backends.weights import packages
from cmean.backends.weights.packages import Member, WeightPackage
from cmean.cli import entry

ROWS = json.loads(Path(os.environ["CMEAN_TESTING_PACKAGES"]).read_text())
packages.PACKAGES = tuple(
    WeightPackage(**row | {"members": tuple(Member(**member) for member in row["members"])})
    for row in ROWS
)

if __name__ == "__main__":
    entry()
