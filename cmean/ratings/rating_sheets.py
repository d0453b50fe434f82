"""Sheets for raters to fill in: the pairs of a pairing mixed with random pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from cmean.catalog import pairings, report_rows
from cmean.domain import POSITION_NAMES, WHOLE, Kind
from cmean.errors import InputError, UsageError
from cmean.media.files import format_path, parse_file_uri
from cmean.pairing import control_pairings
from cmean.ratings import questionnaire
from cmean.ratings.questionnaire import SIDES, SourcePairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cmean.catalog.engine import Catalog, Connection
    from cmean.catalog.pairing_rows import PairingKey
    from cmean.ratings.questionnaire import RatingQuestion

_COLUMNS: Final = {
    "congruence": ("code", "track", "track_file", "artwork", "artwork_file", "congruence"),
    "choice": (
        *("code", "track", "track_file", "artwork_a", "artwork_a_file"),
        *("artwork_b", "artwork_b_file", "preferred"),
    ),
}
_ANSWER_COLUMNS: Final = ("comment", "seconds", "rater")
_UNBLINDED_COLUMNS: Final = ("rank", "similarity", "control")


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """Options of a sheet.

    Attributes:
        ask: a name of `questionnaire.ASKS`.
        pairs: how many pairs of the pairing, a seeded sample; None: all.
        controls: how many random pairs among them, where congruence is asked; None: as many.
        seed: of the samples, and of the random pairing.
        blind: whether the sheet hides which pairs are random.
    """

    ask: str = "congruence"
    pairs: int | None = None
    controls: int | None = None
    seed: int = 0
    blind: bool = True


@dataclass(frozen=True, slots=True)
class RatingSheet:
    """A sheet to be filled in.

    Attributes:
        columns: their names.
        rows: as many cells each; the answers are empty.
        pairing: the id of the pairing that it asks about.
        control: the id of the random pairing that it is compared with; None: there is none.
        pairs: how many rows are about pairs of the pairing.
        controls: how many are about random pairs.
    """

    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    pairing: int
    control: int | None
    pairs: int
    controls: int


def create_rating_sheet(
    catalog: Catalog, pairing_id: int | None, options: SheetOptions
) -> RatingSheet:
    """Create a sheet. The random pairing that it needs is stored, unless it is there already.

    Args:
        catalog: an open catalog.
        pairing_id: of the pairing (default: the newest).
        options: of the sheet.

    Raises:
        InputError: there is no such pairing, it is random itself, or it has not so many pairs.
    """
    if options.ask == "choice" and options.controls is not None:
        raise UsageError("--random is for congruence only; each choice has a random artwork in it")
    with catalog.read() as connection:
        pairing = pairings.read_pairing(connection, pairing_id)
    if pairing.method == "random":
        raise InputError(
            f"pairing {pairing.id} is random and serves as the control of others; name another"
        )
    made = (
        None
        if options.controls == 0
        else control_pairings.ensure_control_pairing(catalog, pairing, options.seed)
    )
    with catalog.read() as connection:
        control = None if made is None else pairings.read_pairing(connection, made).key
        chosen = _sample_questions(
            list_sheet_questions(connection, options.ask, pairing.key, control), options, pairing.id
        )
        rows = list(_build_rows(connection, chosen, blind=options.blind))
    columns = (
        *_COLUMNS[options.ask],
        *_ANSWER_COLUMNS,
        *(() if options.blind else _UNBLINDED_COLUMNS),
    )
    controls = sum(question.control for question in chosen)
    return RatingSheet(columns, rows, pairing.id, made, len(rows) - controls, controls)


def list_sheet_questions(
    connection: Connection, ask: str, pairing: PairingKey, control: PairingKey | None
) -> list[RatingQuestion]:
    """List all questions that a sheet can ask of a pairing and its random control.

    Args:
        connection: an open transaction.
        ask: a name of `questionnaire.ASKS`.
        pairing: the key of the pairing.
        control: that of the random one, if any.
    """
    controls = None if control is None else _load_source(connection, control)
    return questionnaire.list_questions(ask, _load_source(connection, pairing), controls)


def _load_source(connection: Connection, pairing: PairingKey) -> SourcePairs:
    found = pairings.read_pairs(connection, pairing.id)
    return SourcePairs(pairing.digest, found, pairings.read_pair_ids(connection, pairing.id))


def _sample_questions(
    found: Sequence[RatingQuestion], options: SheetOptions, pairing_id: int
) -> list[RatingQuestion]:
    """Sample the questions that the options ask for, of all that can be asked."""
    controls = sum(question.control for question in found)
    pairs = len(found) - controls
    what = f"pairing {pairing_id} has"
    if pairs == 0:
        raise InputError(
            f"{what} no pair whose random artwork is another one; try another --seed, or ask for "
            "congruence"
        )
    if options.pairs is not None and options.pairs > pairs:
        condition = " whose random artwork is another one" if options.ask == "choice" else ""
        raise InputError(f"{what} {pairs} pairs{condition}, not {options.pairs}; lower --pairs")
    if options.controls is not None and options.controls > controls:
        raise InputError(
            f"{what} {controls} random controls, not {options.controls}; lower --random"
        )
    number = pairs if options.pairs is None else options.pairs
    random_pairs = number if options.controls is None else options.controls
    return questionnaire.sample_questions(found, number, random_pairs, options.seed)


def _build_rows(
    connection: Connection, chosen: Sequence[RatingQuestion], *, blind: bool
) -> Iterator[tuple[Any, ...]]:
    shown = {
        item for question in chosen for item in (question.pair.track_id, *question.artwork_ids)
    }
    described = report_rows.read_item_rows(connection, sorted(shown))
    empty = ("",) * (1 + len(_ANSWER_COLUMNS))
    for question in chosen:
        track = _describe_item(
            described[question.pair.track_id], Kind.TRACK, question.pair.position
        )
        artworks = [
            cell
            for item in question.artwork_ids
            for cell in _describe_item(described[item], Kind.ARTWORK, question.pair.position)
        ]
        row = (question.code, *track, *artworks, *empty)
        told = (question.pair.rank, question.pair.similarity, _name_control(question))
        yield row if blind else (*row, *told)


def _describe_item(item: Mapping[str, Any], kind: Kind, position: int) -> tuple[str, str]:
    """Return the name of an item or its fragment, and its path when last seen."""
    uri = item["uri"] or ""
    path = format_path(parse_file_uri(uri)) if uri.startswith("file:") else uri
    name = item["title"] or PurePath(path).name or f"{kind.value} {item['id']}"
    part = "" if position == WHOLE else f" ({POSITION_NAMES[kind][position]})"
    return f"{name}{part}", path


def _name_control(question: RatingQuestion) -> str:
    """Say whether the pair is random (yes or no), or which side of a choice is."""
    if question.other_artwork_id is None:
        return "yes" if question.control else "no"
    return SIDES[question.artwork_ids.index(question.other_artwork_id)]
