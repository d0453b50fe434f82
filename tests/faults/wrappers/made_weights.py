"""cmean with the table of weight packages in the file that CMEAN_TESTING_PACKAGES names.

The processes that it starts import this file too, and so have the same table.
"""

import json
import os
from pathlib import Path

from cmean.cli import entry
from cmean.weights import packages
from cmean.weights.packages import WeightPackage, WheelMember

PUBLISHED = packages.PACKAGES
ROWS = json.loads(Path(os.environ["CMEAN_TESTING_PACKAGES"]).read_text())
packages.PACKAGES = tuple(
    WeightPackage(**row | {"members": tuple(WheelMember(**member) for member in row["members"])})
    for row in ROWS
)

find_made = packages.find_package


def find_package(name):
    """A package of the made table, else of the published one: the profile `learned` names those."""
    published = {package.name: package for package in PUBLISHED}
    made = {package.name for package in packages.PACKAGES}
    return published[name] if name in published and name not in made else find_made(name)


packages.find_package = find_package  # before others import it

if __name__ == "__main__":
    entry()
