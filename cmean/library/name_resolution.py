"""Resolution of names to items: by path, file name, stem, metadata, number or title."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import unquote

from cmean.media.formats import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from cmean.catalog.labels import KnownItem
    from cmean.domain import Kind


class ItemNames:
    """An index of items by their names.

    A name is tried as each of these; the first that any item has decides:

    1. a path, absolute or relative to `folder`, or a ``file:`` URI;
    2. the end of a path, with or without suffix, where the name has folders in it;
    3. a file name, then a file name without its suffix;
    4. what the item's metadata call `file`;
    5. a number, where the file name (of an item without media, that in its metadata) is one too,
       however many zeros stand before it;
    6. a title.

    Args:
        items: all that can be meant.
        folder: to which paths are relative.
    """

    def __init__(self, items: Iterable[KnownItem], folder: Path) -> None:
        self.folder = os.path.realpath(folder)
        self.kinds: dict[int, Kind] = {}
        self.paths: dict[int, str] = {}
        self.titles: dict[int, str | None] = {}
        self._by_path: dict[str, list[int]] = defaultdict(list)
        self._by_file: dict[str, list[int]] = defaultdict(list)
        self._by_stem: dict[str, list[int]] = defaultdict(list)
        self._by_metadata: dict[str, list[int]] = defaultdict(list)
        self._by_number: dict[str, list[int]] = defaultdict(list)
        self._by_title: dict[str, list[int]] = defaultdict(list)
        for item in items:
            self._add(item)

    def find_items(self, names: Iterable[str], kind: Kind | None = None) -> Sequence[int]:
        """Find the items that the first known one of some names means: none, one, or several.

        Args:
            names: what the item may be called, the most specific first.
            kind: only items of this kind.
        """
        for name in names:
            for ids in self._iterate_matches(_normalise_name(name)):
                meant = [key for key in ids if kind in (None, self.kinds[key])]
                if meant:
                    return meant
        return ()

    def describe_item(self, item_id: int) -> str:
        """Return an item's path or, without one, its title, for a message."""
        return self.paths.get(item_id) or self.titles[item_id] or f"item {item_id}"

    def _add(self, item: KnownItem) -> None:
        self.kinds[item.id], self.titles[item.id] = item.kind, item.title
        if item.uri is not None:
            path = self.paths[item.id] = _normalise_name(_decode_uri(item.uri))
            base = path.rpartition("/")[2]
            stem = os.path.splitext(base)[0]  # noqa: PTH122 - as text: there may be many
            self._by_path[path].append(item.id)
            self._by_file[base].append(item.id)
            self._by_stem[stem].append(item.id)
            self._add_number(item.id, stem)
        if item.file:
            file = _normalise_name(item.file)
            stem = _strip_media_suffix(file.rpartition("/")[2])
            for name in {file, stem}:
                self._by_metadata[name].append(item.id)
            if item.uri is None:
                self._add_number(item.id, stem)
        if item.title:
            self._by_title[_normalise_name(item.title)].append(item.id)

    def _add_number(self, item_id: int, stem: str) -> None:
        if number := _parse_number(stem):
            self._by_number[number].append(item_id)

    def _iterate_matches(self, name: str) -> Iterator[Sequence[int]]:
        base = name.rpartition("/")[2]
        stem = _strip_media_suffix(base)
        yield _look_up(self._by_path, self._resolve_path(name))
        if base != name:
            both = (*_look_up(self._by_file, base), *_look_up(self._by_stem, stem))
            yield [key for key in dict.fromkeys(both) if self._path_ends_with(key, name)]
        yield _look_up(self._by_file, base)
        yield _look_up(self._by_stem, stem)
        yield _look_up(self._by_metadata, name) or _look_up(self._by_metadata, stem)
        if number := _parse_number(stem):
            yield _look_up(self._by_number, number)
        yield _look_up(self._by_title, name)

    def _resolve_path(self, name: str) -> str:
        path = _decode_uri(name) if name.startswith("file:") else name
        whole = os.path.join(self.folder, path)  # noqa: PTH118 - as text: there may be many
        # Links can be in what was given alone; in plain file names there are none to follow.
        return _normalise_name(os.path.realpath(whole) if "/" in path else whole)

    def _path_ends_with(self, item_id: int, name: str) -> bool:
        path, whole = self.paths[item_id], f"/{name.removeprefix('./')}"
        return path.endswith(whole) or path.rpartition(".")[0].endswith(whole)


def _look_up(index: Mapping[str, list[int]], key: str) -> Sequence[int]:
    return index.get(key, ())


def _decode_uri(uri: str) -> str:
    return unquote(uri.removeprefix("file://"))  # bytes that are no UTF-8 become a sign


def _normalise_name(name: str) -> str:
    """Return the composed form of a name: file systems differ in how they store accents."""
    return unicodedata.normalize("NFC", name)


def _strip_media_suffix(name: str) -> str:
    """Remove a media suffix; other dots belong to the name."""
    root, dot, suffix = name.rpartition(".")
    return root if dot and f".{suffix.lower()}" in SUFFIXES else name


def _parse_number(stem: str) -> str:
    """Return digits without leading zeros; empty where the name is no number."""
    return (stem.lstrip("0") or "0") if stem.isascii() and stem.isdigit() else ""
