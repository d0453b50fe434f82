"""Media in, triples and measurements out: runs cmean on folders and reads its catalog."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cmean.catalog import labels as label_rows
from cmean.catalog import migrate, user_queries
from cmean.catalog.engine import Catalog
from cmean.cli.catalog_session import open_catalog_session
from cmean.cli.ingest_display import format_ingest_result, ingest_paths, print_rejected_files
from cmean.cli.output import print_notice
from cmean.cli.run_display import format_stage_results, print_failures, run_stages
from cmean.config import load_settings
from cmean.domain import WHOLE, Kind
from cmean.errors import InputError
from cmean.inference import controls, recipes
from cmean.media.files import parse_file_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from cmean.catalog.labels import KnownItem

    Floats = NDArray[np.float64]

_TRIPLES = """
    SELECT e.item_id, e.red, e.green, e.blue, c.measurements
    FROM v_emotions e LEFT JOIN captions c ON c.id = e.caption_id
    WHERE e.recipe_id = {recipe:d} AND e.position = {position:d}
"""


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What a profile says of n items as wholes.

    Attributes:
        triples: shape (n, 3), each 0..255.
        measurements: by name, shape (n,): the captioner's numbers that all of the items have.
    """

    triples: Floats
    measurements: Mapping[str, Floats]


class Workplace:
    """A folder with a catalog of its own, in which files are ingested and profiles run.

    Args:
        folder: made when there is work to do; a run that was interrupted in it goes on.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        url = f"sqlite:///{(folder / 'cmean.db').resolve()}"
        self.settings = replace(load_settings(), database_url=url, broker_url=None)

    def prepare(self, media: Sequence[Path], profiles: Sequence[str]) -> None:
        """Ingest folders and do the work of some profiles.

        Raises:
            ConfigError: there is no such profile.
            InputError: a folder is not there, or the catalog's cannot be made.
            CmeanError: ingesting or working failed.
        """
        for name in profiles:
            controls.find_profile(self.settings, name)
        for folder in media:
            if not folder.is_dir():
                raise InputError(f"no such folder: {folder}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.folder} cannot be made: {error.strerror}") from error
        with open_catalog_session(self.settings) as (settings, catalog):
            # The tables alone go to standard output.
            result = ingest_paths(catalog, media, None)
            print_notice(format_ingest_result(result))
            print_rejected_files(result)
            for name in profiles:
                results = run_stages(settings, controls.find_profile(settings, name))
                for line in format_stage_results(results):
                    print_notice(line)
                if any(stage.failed for stage in results.values()):
                    print_failures(catalog)

    def items(self, media: Path) -> dict[int, KnownItem]:
        """The items that lie in a folder, by id."""
        folder = Path(os.path.realpath(media))
        with self._catalog() as catalog, catalog.read() as connection:
            found = label_rows.read_item_names(connection)
            return {
                item.id: item
                for item in found
                if item.uri and parse_file_uri(item.uri).is_relative_to(folder)
            }

    def read(self, profile: str) -> dict[int, tuple[list[int], dict[str, float]]]:
        """The triple and the measurements of each item that a profile has mapped, by id."""
        with self._catalog() as catalog:
            with catalog.read() as connection:
                mappers = recipes.find_mapper_ids(
                    connection, controls.find_profile(self.settings, profile)
                )
            found: dict[int, tuple[list[int], dict[str, float]]] = {}
            for recipe in set(mappers.values()) - {None}:
                query = _TRIPLES.format(recipe=recipe, position=WHOLE)
                with user_queries.run_query(catalog, query) as (_, rows):
                    for item, *triple, measured in rows:
                        found[item] = (triple, flatten(json.loads(measured or "{}")))
        return found

    @contextmanager
    def _catalog(self) -> Iterator[Catalog]:
        catalog = Catalog(self.settings.database_url)
        try:
            migrate.ensure_schema(catalog)
            yield catalog
        finally:
            catalog.close()


def join(found: Sequence[tuple[list[int], Mapping[str, float]]]) -> Readings:
    """What a profile says of some items, in their order."""
    triples = np.array([triple for triple, _ in found], np.float64).reshape(-1, 3)
    shared = set.intersection(*(set(measured) for _, measured in found)) if found else set()
    measurements = {name: np.array([m[name] for _, m in found]) for name in sorted(shared)}
    return Readings(triples, measurements)


def flatten(measured: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """The numbers of a captioner's measurements; of a table within them by `table.name`."""
    numbers: dict[str, float] = {}
    for name, value in measured.items():
        if isinstance(value, dict):
            numbers |= flatten(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value):
            numbers[before + name] = float(value)
    return numbers


def kinds_of(items: Mapping[int, KnownItem], ids: Sequence[int]) -> dict[Kind, list[int]]:
    """Items by kind, in their order; only kinds of which there are some."""
    by_kind = {kind: [key for key in ids if items[key].kind is kind] for kind in Kind}
    return {kind: some for kind, some in by_kind.items() if some}
