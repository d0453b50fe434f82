"""Sheets for raters to fill in: the couples of a pairing among couples that chance made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from cmean.catalog import browse, embeddings, pairings
from cmean.domain import POSITION_NAMES, WHOLE, Kind
from cmean.errors import InputError, UsageError
from cmean.media.files import format_path, local_path
from cmean.pairing import control_pairings
from cmean.ratings import questionnaire
from cmean.ratings.questionnaire import SIDES, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairing_rows import PairingKey
    from cmean.ratings.questionnaire import Question

_COLUMNS: Final = {
    "congruence": ("code", "track", "track_file", "artwork", "artwork_file", "congruence"),
    "choice": (
        *("code", "track", "track_file", "artwork_a", "artwork_a_file"),
        *("artwork_b", "artwork_b_file", "preferred"),
    ),
}
_TO_FILL: Final = ("comment", "seconds", "rater")
_OPEN: Final = ("rank", "similarity", "control")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sheet is to hold.

    Attributes:
        ask: a name of `questions.ASKS`.
        pairs: how many pairs of the pairing, a seeded sample; None: all.
        controls: how many by chance among them, where congruence is asked; None: as many.
        seed: of the samples, and of the random pairing.
        blind: whether it is kept from raters which couples are by chance.
    """

    ask: str = "congruence"
    pairs: int | None = None
    controls: int | None = None
    seed: int = 0
    blind: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to fill in.

    Attributes:
        columns: their names.
        rows: as many cells each; the answers are empty.
        pairing: whose pairs it asks about.
        control: the random pairing beside it; None: there is none.
        pairs: how many rows are about a pair.
        controls: how many are about a couple that chance made.
    """

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    pairing: int
    control: int | None
    pairs: int
    controls: int


def make(catalog: Catalog, pairing_id: int | None, wanted: Wanted) -> Sheet:
    """Make a sheet. The random pairing that it needs is stored, unless it is there already.

    Args:
        catalog: an open catalog.
        pairing_id: of the pairing (default: the newest).
        wanted: what it is to hold.

    Raises:
        InputError: there is no such pairing, it is random itself, or it has not so many pairs.
    """
    if wanted.ask == "choice" and wanted.controls is not None:
        raise UsageError("--random goes with congruence; each choice has a random artwork in it")
    with catalog.read() as connection:
        pairing = pairings.read_pairing(connection, pairing_id)
    if pairing.method == "random":
        raise InputError(
            f"pairing {pairing.id} is random, which others are rated beside; name another"
        )
    made = (
        None
        if wanted.controls == 0
        else control_pairings.ensure_control_pairing(catalog, pairing, wanted.seed)
    )
    with catalog.read() as connection:
        control = None if made is None else pairings.read_pairing(connection, made).key
        chosen = _chosen(asked(connection, wanted.ask, pairing.key, control), wanted, pairing.id)
        rows = list(_rows(connection, chosen, blind=wanted.blind))
    columns = (*_COLUMNS[wanted.ask], *_TO_FILL, *(() if wanted.blind else _OPEN))
    controls = sum(question.control for question in chosen)
    return Sheet(columns, rows, pairing.id, made, len(rows) - controls, controls)


def asked(
    connection: Connection, ask: str, pairing: PairingKey, control: PairingKey | None
) -> list[Question]:
    """All that a sheet can ask of a pairing beside a random one.

    Args:
        connection: an open transaction.
        ask: a name of `questions.ASKS`.
        pairing: its `id` and `digest`.
        control: the same of the random one, if any.
    """
    beside = None if control is None else _source(connection, control)
    return questionnaire.questions(ask, _source(connection, pairing), beside)


def _source(connection: Connection, pairing: PairingKey) -> Source:
    found = pairings.pairs_of(connection, pairing.id)
    return Source(pairing.digest, found, embeddings.pair_ids(connection, pairing.id))


def _chosen(found: Sequence[Question], wanted: Wanted, pairing_id: int) -> list[Question]:
    """The sample that is wanted, of all that can be asked."""
    controls = sum(question.control for question in found)
    pairs = len(found) - controls
    what = f"pairing {pairing_id} has"
    if pairs == 0:
        raise InputError(
            f"{what} no pair that chance gives another artwork; try another --seed, or ask for "
            "congruence"
        )
    if wanted.pairs is not None and wanted.pairs > pairs:
        beside = " that chance gives another artwork" if wanted.ask == "choice" else ""
        raise InputError(f"{what} {pairs} pairs{beside}, not {wanted.pairs}; lower --pairs")
    if wanted.controls is not None and wanted.controls > controls:
        raise InputError(
            f"{what} {controls} random ones beside it, not {wanted.controls}; lower --random"
        )
    number = pairs if wanted.pairs is None else wanted.pairs
    by_chance = number if wanted.controls is None else wanted.controls
    return questionnaire.sampled(found, number, by_chance, wanted.seed)


def _rows(
    connection: Connection, chosen: Sequence[Question], *, blind: bool
) -> Iterator[tuple[Any, ...]]:
    shown = {
        item for question in chosen for item in (question.pair.track_id, *question.artwork_ids)
    }
    described = browse.items_by_id(connection, sorted(shown))
    empty = ("",) * (1 + len(_TO_FILL))
    for question in chosen:
        track = _named(described[question.pair.track_id], Kind.TRACK, question.pair.position)
        artworks = [
            cell
            for item in question.artwork_ids
            for cell in _named(described[item], Kind.ARTWORK, question.pair.position)
        ]
        row = (question.code, *track, *artworks, *empty)
        told = (question.pair.rank, question.pair.similarity, _by_chance(question))
        yield row if blind else (*row, *told)


def _named(item: Mapping[str, Any], kind: Kind, position: int) -> tuple[str, str]:
    """What an item or its fragment is called, and where its file lay when last seen."""
    uri = item["uri"] or ""
    path = format_path(local_path(uri)) if uri.startswith("file:") else uri
    name = item["title"] or PurePath(path).name or f"{kind.value} {item['id']}"
    part = "" if position == WHOLE else f" ({POSITION_NAMES[kind][position]})"
    return f"{name}{part}", path


def _by_chance(question: Question) -> str:
    """Which is by chance: the couple (yes or no), or of a choice the side."""
    if question.other_artwork_id is None:
        return "yes" if question.control else "no"
    return SIDES[question.artwork_ids.index(question.other_artwork_id)]
