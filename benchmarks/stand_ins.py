"""Captioners that stand in for models, and catalogs of made-up pictures for them to caption.

Registered through an entry point, as another package's back-ends are, so that worker processes
find them.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from peers import TEXT
from PIL import Image

from cmean.backends import registry
from cmean.backends.info import BackendInfo
from cmean.catalog import migrate
from cmean.catalog.engine import Catalog
from cmean.config import load_settings
from cmean.domain import Caption, Kind, Picture, Role
from cmean.inference import recipes, steps
from cmean.jobs.executor import execute_tasks
from cmean.jobs.planner import plan_recipe_tasks
from cmean.jobs.session import WorkerSession, start_session
from cmean.library.ingest import ingest_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.config import Settings
    from cmean.domain import Excerpt
    from cmean.inference.steps import Step

HERE = Path(__file__).resolve().parent


class NoOp:
    """Captions at once: what is left is cmean's own time."""

    revision = "1"

    def load(self) -> None:
        """There is nothing to load."""

    def unload(self) -> None:
        """Nor to unload."""

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """The same caption for each."""
        return [Caption(TEXT, tokens=90) for _ in batch]


class Busy(NoOp):
    """Sleeps for a while a batch, as a process does whose GPU works; notes when it was at it.

    Args:
        seconds: a batch.
    """

    spans: list[tuple[float, float]]

    def __init__(self, seconds: float = 0.2) -> None:
        self.seconds = seconds
        self.spans = []

    def prepare(self, batch: Sequence[Excerpt]) -> NDArray[np.uint8]:
        """The pixels in a model's order, (n, 3, height, width); it scales them by itself."""
        pictures = [one.media.pixels for one in batch if isinstance(one.media, Picture)]
        return np.stack([pixels.transpose(2, 0, 1) for pixels in pictures])

    def generate(self, prepared: NDArray[np.uint8]) -> list[Caption]:
        """The same caption for each, later."""
        begun = time.perf_counter()
        time.sleep(self.seconds)
        self.spans.append((begun, time.perf_counter()))
        return [Caption(TEXT, tokens=90) for _ in prepared]

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """The two."""
        return self.generate(self.prepare(batch))


def _info(name: str, target: str, batch: int, **facts: bool | int) -> BackendInfo:
    about = BackendInfo(
        name=name,
        role=Role.CAPTIONER,
        kinds=(Kind.ARTWORK,),
        target=f"stand_ins:{target}",
        licence="none",
        batch=batch,
        share=1_000_000,
        ahead=True,
    )
    return replace(about, **facts)  # type: ignore[arg-type]  # fields of it


NO_OP = _info("no-op", "NoOp", 40)
NO_OP_SHARED = _info("no-op-shared", "NoOp", 40, share=1)
BUSY = _info("busy", "Busy", 40)
BUSY_BEHIND = _info("busy-behind", "Busy", 40, ahead=False)

_ENTRIES = {
    "no-op": "NO_OP",
    "no-op-shared": "NO_OP_SHARED",
    "busy": "BUSY",
    "busy-behind": "BUSY_BEHIND",
}


def register(folder: Path) -> dict[str, str]:
    """Make the stand-ins known here; returns the environment in which other processes know them."""
    package = folder / "cmean_stand_ins-1.0.dist-info"
    package.mkdir(parents=True)
    about = "Metadata-Version: 2.1\nName: cmean-stand-ins\nVersion: 1.0\n"
    (package / "METADATA").write_text(about)
    lines = [f"{name} = stand_ins:{constant}" for name, constant in _ENTRIES.items()]
    (package / "entry_points.txt").write_text("\n".join(["[cmean.backends]", *lines, ""]))
    sys.path.append(str(folder))
    registry.list_backends.cache_clear()
    paths = [str(folder), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def draw(folder: Path, number: int, size: tuple[int, int]) -> list[Path]:
    """JPEGs of colours that flow into each other, with some grain; `size` is width, height."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    paths = []
    for index in range(number):
        coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
        grain = random.integers(-12, 13, smooth.shape, dtype=np.int16)
        picture = Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))
        paths.append(folder / f"{index:05}.jpg")
        picture.save(paths[-1], quality=90)
    return paths


class Bench:
    """A catalog in a folder of its own, on SQLite, with the pictures of a folder registered.

    Args:
        folder: to be made; it gets a `cmean.toml` with a profile for each stand-in.
        pictures: registered.
        size: of the excerpts, a side in pixels.
    """

    def __init__(self, folder: Path, pictures: Path, size: int) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.preprocessing = {"square": "centre", "whole_size": size, "fragment_size": size}
        head = '[profiles.{0}]\nextends = "embedded"\n[profiles.{0}.artwork]\npreprocessing = '
        table = f"{{{{ whole_size = {size}, fragment_size = {size} }}}}\n"
        tail = '[profiles.{0}.artwork.captioner]\nbackend = "{0}"\n'
        (folder / "cmean.toml").write_text(
            "".join((head + table + tail).format(name) for name in _ENTRIES)
        )
        self.settings: Settings = load_settings(
            {
                "CMEAN_CONFIG": str(folder / "cmean.toml"),
                "CMEAN_DATABASE_URL": f"sqlite:///{folder / 'cmean.db'}",
            }
        )
        self.catalog = Catalog(self.settings.database_url)
        migrate.ensure_schema(self.catalog)
        ingest_files(self.catalog, [pictures])

    def planned(self, name: str) -> tuple[int, Step]:
        """A stand-in's captions, planned: the id of its recipe, and what carries it out."""
        with self.catalog.write() as connection:
            entered = recipes.enter_recipes(connection, self.settings.get_profile(name))
            entry = entered.captioners[Kind.ARTWORK]
            plan_recipe_tasks(connection, entry)
        return entry.id, steps.load_step(entry.recipe)

    def start_session(self) -> WorkerSession:
        """Start a worker session in this process."""
        return start_session(self.catalog, self.settings.lease_seconds)

    def drain(self, recipe_id: int, step: Step) -> int:
        """Do all the planned work of a recipe, in this process; returns how many were done."""
        with self.start_session() as session:
            executed = execute_tasks(session, recipe_id, step, lambda: False)
            return sum(batch.done for batch in executed)
