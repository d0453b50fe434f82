"""Import of people's ratings, from files or one by one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cmean.catalog import ratings
from cmean.catalog.ratings import Rating
from cmean.domain import Kind
from cmean.errors import InputError, UsageError
from cmean.ratings import questionnaire, rating_files, rating_sheets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cmean.catalog.engine import Catalog, Connection
    from cmean.ratings.questionnaire import RatingQuestion
    from cmean.ratings.rating_files import RatingLine

_SIDES = ("pair", "random")


@dataclass(slots=True)
class RatingImport:
    """Outcome of an import, by rows of the file.

    Attributes:
        imported: ratings that are new in the catalog, or changed there.
        known: those that were there already.
        skipped: rows without an answer.
        rejected: the line of each row that cannot be used, and why.
        notes: how the file was read, where that is not obvious.
    """

    imported: int = 0
    known: int = 0
    skipped: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)
    notes: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the document that `cmean rate import --json` prints."""
        return {
            "imported": self.imported,
            "known": self.known,
            "skipped": self.skipped,
            "rejected": [{"line": line, "detail": detail} for line, detail in self.rejected],
            "notes": list(self.notes),
        }


def import_rating_file(
    catalog: Catalog, path: Path, rater: str | None = None, *, overwrite: bool = False
) -> RatingImport:
    """Import a sheet that was filled in, or ratings as they are exported.

    Args:
        catalog: an open catalog.
        path: a CSV file with the column `code`, or with `pair_id`.
        rater: of the rows that name none.
        overwrite: whether an answer replaces another one in the catalog.

    Raises:
        InputError: the file as a whole cannot be used; what is wrong with a row is in the result.
    """
    lines, table = rating_files.read_rating_file(path)
    result = RatingImport(
        skipped=sum(not line.is_answered for line in lines),
        rejected=[(row.line, row.detail) for row in table.rejected],
        notes=table.notes,
    )
    answered = [line for line in lines if line.is_answered]
    with catalog.write() as connection:
        parser = _RatingParser(connection, answered, rater or "")
        given: list[tuple[int, Rating]] = []
        for line in answered:
            try:
                given.append((line.number, parser.parse_rating(line)))
            except InputError as error:
                result.rejected.append((line.number, str(error)))
        _store_ratings(connection, given, result, overwrite=overwrite)
    result.rejected.sort()
    return result


def store_rating(catalog: Catalog, rating: Rating, *, overwrite: bool = False) -> bool:
    """Write one rating. Returns whether anything is new.

    Raises:
        InputError: there is no such pair or artwork, or the rater answered otherwise before.
    """
    rating = replace(
        rating,
        rater=rating_files.parse_rater(rating.rater),
        comment=rating_files.parse_comment(rating.comment or ""),
    )
    if rating.congruence is None and rating.preferred is None:
        raise UsageError("there is no answer; give --congruence or --preferred")
    with catalog.write() as connection:
        _require_known_subject(
            rating,
            ratings.read_artworks_of_pairs(connection, [rating.pair_id]),
            ratings.find_artworks(connection, [rating.other_artwork_id or 0]),
        )
        old = ratings.find_ratings(connection, [rating.pair_id]).get((rating.pair_id, rating.rater))
        merged = _merge_ratings(old, rating, overwrite=overwrite)
        if merged != old:
            ratings.write_ratings(connection, [merged])
    return merged != old


def _store_ratings(
    connection: Connection,
    given: Sequence[tuple[int, Rating]],
    result: RatingImport,
    *,
    overwrite: bool,
) -> None:
    """Store ratings; those that contradict the catalog or the file itself are rejected."""
    stored = ratings.find_ratings(connection, (rating.pair_id for _, rating in given))
    changed: dict[tuple[int, str], Rating] = {}
    answers: dict[tuple[int, str, str], int] = {}
    for number, rating in given:
        key = rating.pair_id, rating.rater
        here = [(*key, name) for name in rating_files.ANSWERS if getattr(rating, name) is not None]
        before = [answers[answer] for answer in here if answer in answers]
        if before:
            detail = f"{rating.rater} has rated this in line {before[0]} already"
            result.rejected.append((number, detail))
            continue
        old = stored.get(key)
        try:
            merged = _merge_ratings(old, rating, overwrite=overwrite)
        except InputError as error:
            result.rejected.append((number, str(error)))
            continue
        answers.update(dict.fromkeys(here, number))
        if merged == old:
            result.known += 1
            continue
        result.imported += 1
        stored[key] = changed[key] = merged
    ratings.write_ratings(connection, list(changed.values()))


def _merge_ratings(old: Rating | None, new: Rating, *, overwrite: bool) -> Rating:
    """Merge two ratings of one pair by the same rater.

    A rating holds two answers at most, to two questions. An equal answer changes nothing, one to
    the other question is added.

    Raises:
        InputError: an answer differs from the one before, and must not replace it.
    """
    if old is None:
        return new
    names = (*rating_files.ANSWERS, "other_artwork_id")
    before = {name: getattr(old, name) for name in names}
    now = {name: getattr(new, name) for name in names if getattr(new, name) is not None}
    if overwrite:
        if new.preferred is not None:
            now["other_artwork_id"] = new.other_artwork_id
        return replace(
            old,
            **now,
            comment=old.comment if new.comment is None else new.comment,
            seconds=old.seconds if new.seconds is None else new.seconds,
        )
    for name, value in now.items():
        if before[name] not in {None, value}:
            what = f"{name} {before[name]}, not {value}"
            raise InputError(
                f"{old.rater} has rated this pair before: {what}; --replace takes the new answer"
            )
    if all(before[name] is not None for name in now):
        return old
    comments = dict.fromkeys(text for text in (old.comment, new.comment) if text)
    times = [time for time in (old.seconds, new.seconds) if time is not None]
    return replace(
        old,
        **now,
        comment="\n".join(comments) or None,
        seconds=sum(times) if times else None,
    )


class _RatingParser:
    """Makes ratings of rows. The catalog is read once for all of them, not row by row."""

    def __init__(self, connection: Connection, lines: Sequence[RatingLine], rater: str) -> None:
        self.rater = rater
        self.questions = _find_questions(connection, {line["code"] for line in lines} - {""})
        self.pairs = ratings.read_artworks_of_pairs(
            connection, _collect_identifiers(lines, "pair_id")
        )
        self.titles = ratings.read_titles_of_pairs(connection, self.pairs)
        others = _collect_identifiers(lines, "other_artwork_id")
        self.artworks = ratings.find_artworks(connection, others)

    def parse_rating(self, line: RatingLine) -> Rating:
        """Make the rating of a row.

        Raises:
            InputError: something in it is wrong, or is not in the catalog.
        """
        rater = rating_files.parse_rater(line["rater"] or self.rater)
        comment = rating_files.parse_comment(line.fields.get("comment", ""))
        seconds = rating_files.parse_seconds(line["seconds"], line.decimal)
        congruence = rating_files.parse_congruence(line["congruence"])
        if "code" in line.fields:
            answer = self._parse_sheet_line(line, congruence)
        else:
            answer = self._parse_export_line(line, congruence)
        return replace(answer, rater=rater, comment=comment, seconds=seconds)

    def _parse_sheet_line(self, line: RatingLine, congruence: int | None) -> Rating:
        code = line["code"].lower()
        question = self.questions.get(code)
        if question is None:
            raise InputError(f"no pair of this catalog has the code {line['code']!r}")
        side = rating_files.parse_choice(line["preferred"], questionnaire.SIDES, "preferred")
        if question.other_artwork_id is None:
            if congruence is None or side is not None:
                raise InputError(f"{code} asks for congruence, not which is preferred")
            return Rating(question.pair.id, "", congruence)
        if side is None or congruence is not None:
            raise InputError(f"{code} asks which is preferred, not for congruence")
        chosen = question.artwork_ids[questionnaire.SIDES.index(side)]
        preferred = "random" if chosen == question.other_artwork_id else "pair"
        return Rating(question.pair.id, "", None, preferred, question.other_artwork_id)

    def _parse_export_line(self, line: RatingLine, congruence: int | None) -> Rating:
        preferred = rating_files.parse_choice(line["preferred"], _SIDES, "preferred")
        other = line["other_artwork_id"]
        other_id = rating_files.parse_identifier(other, "other_artwork_id") if other else None
        pair_id = rating_files.parse_identifier(line["pair_id"], "pair_id")
        rating = Rating(pair_id, "", congruence, preferred, other_id)
        _require_known_subject(rating, self.pairs, self.artworks)
        self._check_titles(line, pair_id)
        return rating

    def _check_titles(self, line: RatingLine, pair_id: int) -> None:
        """Fail where the file means another pair: ids are those of the catalog that it is from."""
        for kind, title in zip(Kind, self.titles[pair_id], strict=True):
            stated = line[f"{kind.value}_title"]
            if stated and stated != (title or "").strip():
                raise InputError(
                    f"pair {pair_id} has the {kind.value} {title!r} here, not {stated!r}: the file "
                    f"is of another catalog, or leave the column {kind.value}_title out"
                )


def _require_known_subject(rating: Rating, pairs: dict[int, int], artworks: set[int]) -> None:
    """Fail unless what a rating is about is in the catalog."""
    if rating.pair_id not in pairs:
        raise InputError(f"there is no pair {rating.pair_id}; list them in the view v_pairs")
    other = rating.other_artwork_id
    if other is None:
        return
    if rating.preferred is None:
        raise UsageError("an alternative artwork needs a preference: give pair or random")
    if other not in artworks:
        raise InputError(f"there is no artwork {other}; list them in the view v_items")
    if other == pairs[rating.pair_id]:
        raise InputError(f"artwork {other} is that of the pair itself; name the other one")


def _collect_identifiers(lines: Iterable[RatingLine], name: str) -> set[int]:
    found = set()
    for line in lines:
        try:
            found.add(rating_files.parse_identifier(line[name], name))
        except InputError:
            continue
    return found


def _find_questions(connection: Connection, codes: Iterable[str]) -> dict[str, RatingQuestion]:
    """Find the questions of some codes, of all pairings and controls in the catalog."""
    wanted = {questionnaire.read_sheet_key(code.lower()) for code in codes}
    found: dict[str, RatingQuestion] = {}
    if not wanted:
        return found
    for pairing, controls in ratings.read_pairings_with_controls(connection):
        for ask in questionnaire.ASKS:
            for control in (None, *controls):
                digests = [each.digest for each in (pairing, control) if each is not None]
                if questionnaire.compute_sheet_key(ask, digests) in wanted:
                    asked = rating_sheets.list_sheet_questions(connection, ask, pairing, control)
                    found |= {question.code: question for question in asked}
    return found
