"""Sentences of the learned captioner of artworks, from classes, measures and moods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from cmean.backends.captioners.wording import (
    MOST_CHANGES,
    NotableChange,
    join_words,
    name_changes,
)
from cmean.domain import POSITION_NAMES, WHOLE, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.perception.picture_features import PictureFeatures
    from cmean.perception.sound_mood import PerceivedMood

PERSON: Final = 0.5
ANIMAL: Final = 0.52
SCENERY: Final = 0.5
"""From which a picture counts as showing one; 95 %, 96 % and 77 % of held-out photographs did."""

BEASTS: Final = frozenset(
    {
        *("a dog", "a cat", "a big cat", "a bird", "a snake", "an insect", "a butterfly"),
        *("a monkey", "an elephant", "a horse", "grazing animals", "a fish"),
    }
)
PLACES: Final = frozenset({"a boat", "open land or water", "a large building", "vehicles"})
_HINT: Final = 0.28, 0.15  # of an animal, of scenery: what a name needs besides its own threshold


class WordStep(NamedTuple):
    """A word for values below a limit."""

    limit: float
    word: str


LIGHT: Final = (
    WordStep(0.25, "very dark"),
    WordStep(0.37, "dark"),
    WordStep(0.60, ""),
    WordStep(0.74, "light"),
    WordStep(9, "very light"),
)
COLOUR_NAMES: Final = {
    "silver": "light grey",
    "charcoal": "dark grey",
    "umber": "dark brown",
    "petrol": "dark teal",
    "powder blue": "pale blue",
    "bottle green": "dark green",
}
"""Plainer names of some colours of `picture_features.PALETTE`."""

CONTRAST: Final = (
    WordStep(0.18, "hardly any contrast"),
    WordStep(0.32, "soft contrast"),
    WordStep(0.54, ""),
    WordStep(9, "strong contrast"),
)
COLOUR: Final = (
    WordStep(0.035, "colourless"),
    WordStep(0.09, "faded"),
    WordStep(0.16, "muted"),
    WordStep(0.24, ""),
    WordStep(0.34, "rich"),
    WordStep(9, "vivid"),
)
HEAT: Final = (
    WordStep(-0.12, "cold"),
    WordStep(-0.02, "cool"),
    WordStep(0.25, ""),
    WordStep(9, "warm"),
)
_DETAIL: Final = (
    WordStep(0.1, "wide plain surfaces"),
    WordStep(0.6, ""),
    WordStep(9, "fine detail throughout"),
)


CHANGES: Final[Sequence[NotableChange]] = (
    NotableChange("lightness", 0.07, "darker", "lighter"),
    NotableChange("colourfulness", 0.09, "less colourful", "more colourful"),
    NotableChange("warmth", 0.12, "cooler", "warmer"),
    NotableChange("contrast", 0.08, "softer in contrast", "stronger in contrast"),
    NotableChange("edges", 0.12, "plainer", "more detailed"),
)
_PLAIN: Final = 0.02  # contrast under which a picture is one even surface
_FOCUS: Final = 0.25
_MIRROR: Final = 0.6
_LEVEL, _SLANTING = 0.4, 0.53
_NAMED_COLOURS: Final = 3
_TENTH: Final = 0.1

PLACES_OF_LIGHT: Final = (
    ("top left", "top", "top right"),
    ("left", "centre", "right"),
    ("bottom left", "bottom", "bottom right"),
)


CONSTANTS: Final = (
    *(PERSON, ANIMAL, SCENERY, sorted(BEASTS), sorted(PLACES), _HINT, LIGHT, CONTRAST, COLOUR),
    *(HEAT, _DETAIL, CHANGES, MOST_CHANGES, _PLAIN, _FOCUS, _MIRROR, _LEVEL, _SLANTING),
    *(_NAMED_COLOURS, _TENTH, sorted(COLOUR_NAMES.items()), PLACES_OF_LIGHT),
)
"""What a caption depends on besides what was seen: a part of the captioner's revision."""


@dataclass(frozen=True, slots=True, eq=False)
class ArtworkFindings:
    """Everything that was found in one excerpt.

    Args:
        features: colours, light, lines.
        contents: how sure it is to show a person, an animal, scenery.
        named: phrases of what is shown, the surest first.
        mood: its degrees.
    """

    features: PictureFeatures
    contents: Mapping[str, float]
    named: Sequence[str]
    mood: PerceivedMood


def name_artwork_excerpt(position: int) -> str:
    """Name an excerpt of an artwork."""
    return (
        "the picture" if position == WHOLE else f"the {POSITION_NAMES[Kind.ARTWORK][position]} part"
    )


def describe_subject(seen: ArtworkFindings, position: int) -> str:
    """Say what is shown, and in which colours."""
    subject = name_artwork_excerpt(position).capitalize()
    first, *others = [
        (COLOUR_NAMES.get(name, name), share)
        for name, share in list(seen.features.palette.items())[:_NAMED_COLOURS]
    ]
    colours = join_words([first[0], *(name for name, share in others if share >= _TENTH)])
    if seen.features.contrast < _PLAIN:
        return f"{subject} is an even surface of {first[0]}."
    colour, heat = _grade(seen.features.chroma, COLOUR), _grade(seen.features.warmth, HEAT)
    if colour == COLOUR[0].word:
        heat = ""  # a grey has no heat
    kinds = " and ".join(word for word in (colour, heat) if word)
    painted = f"in {kinds} colours, mainly {colours}" if kinds else f"mainly in {colours}"
    shown = list_contents(seen)
    if shown:
        return f"{subject} shows {join_words(shown)}, {painted}."
    return f"{subject} is {painted}."


def list_contents(seen: ArtworkFindings) -> list[str]:
    """List what is certainly shown: a human figure, an animal, a place, a thing; at most two."""
    person, animal, scenery = (seen.contents[name] for name in ("person", "animal", "scenery"))
    animals = [name for name in seen.named if name in BEASTS and animal >= _HINT[0]]
    places = [name for name in seen.named if name in PLACES and scenery >= _HINT[1]]
    things = [name for name in seen.named if name not in BEASTS | PLACES]
    found = []
    if animals or animal >= ANIMAL:
        found.append((animal, animals[0] if animals else "an animal"))
    if places or scenery >= SCENERY:
        found.append((scenery, places[0] if places else "a view of land or buildings"))
    if person >= PERSON:
        found.append((person, "a human figure"))
    phrases = [phrase for _, phrase in sorted(found, key=lambda each: -each[0])]
    return (phrases or things)[:2]


def describe_light(features: PictureFeatures) -> str:
    """Say what is unusual about light, contrast and composition; empty where nothing is."""
    parts = []
    light, contrast = _grade(features.lightness, LIGHT), _grade(features.contrast, CONTRAST)
    if light or contrast:
        parts.append(f"it is {' with '.join(word for word in (light, contrast) if word)}")
        if not light:
            parts[-1] = f"it has {contrast}"
    if features.focus >= _FOCUS:
        row, column = int(features.focus_y * 3), int(features.focus_x * 3)
        parts.append(f"light gathers at the {PLACES_OF_LIGHT[row][column]}")
    if features.symmetry > _MIRROR:
        parts.append("left and right mirror each other")
    elif features.horizontal > _LEVEL:
        parts.append("its lines run level")
    elif features.diagonal > _SLANTING:
        parts.append("its lines slant")
    if detail := _grade(features.edges, _DETAIL):
        parts.append(f"it has {detail}")
    if not parts:
        return ""
    text = f"{'; '.join(parts[:3])}."
    return text[0].upper() + text[1:]


def compare_artwork_with_whole(seen: ArtworkFindings, whole: ArtworkFindings) -> str:
    """Describe how a fragment differs from the whole."""
    words = name_changes(seen.features, whole.features, CHANGES)
    if not words:
        return "It looks much like the whole picture."
    return f"Compared with the whole picture it is {join_words(words)}."


def _grade(value: float, steps: Sequence[WordStep]) -> str:
    """Return the word of the first step whose limit is above the value."""
    return next(step.word for step in steps if value < step.limit)
