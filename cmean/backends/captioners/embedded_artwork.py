"""The embedded captioner of artworks: says what was measured, and the mood studies tie to it.

The caption first states colours, light, lines and composition (`picture_features`), then the mood
that published studies tie to them (`picture_mood`, with its sources), and for what reasons. The
words are chosen so that an emotion mapper which reads words sees the strength of each mood.

It sees no objects: a smiling face in dark brown is read by its brown.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from cmean.backends import inputs
from cmean.backends.captioners.wording import join_words
from cmean.domain import POSITION_NAMES, WHOLE, Caption, Kind
from cmean.errors import CaptionError
from cmean.perception.picture_features import PictureFeatures, measure_picture
from cmean.perception.picture_mood import WEIGHTS, choose_mood_words, score_mood, weigh_measures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmean.domain import Excerpt

REASONS: dict[str, tuple[str, str]] = {
    "lightness": ("deep shade", "lightness"),
    "chroma": ("faded colour", "saturated colour"),
    "colourfulness": ("few hues", "many hues"),
    "warmth": ("cool hues", "warm hues"),
    "activity": ("passive colours", "active colours"),
    "cool": ("scarce green and blue", "ample green and blue"),
    "contrast": ("close tones", "sharp contrast"),
    "edges": ("open surfaces", "crowded edges"),
    "diagonal": ("level and upright lines", "slanting lines"),
    "layering": ("broken outlines", "level bands"),
    "grey": ("clean hues", "greyness"),
    "overcast": ("a coloured upper half", "a colourless upper half"),
}
"""What a low and a high measure is called where it is the reason for a mood."""


PLACES = (
    ("top left", "top", "top right"),
    ("left", "centre", "right"),
    ("bottom left", "bottom", "bottom right"),
)


class EmbeddedArtworkCaptioner:
    """Captions pictures from measurements: deterministic, and in need of no weights."""

    revision = "1"
    """Of this code and its constants; raised whenever a caption comes out otherwise."""

    def load(self) -> None:
        """Nothing to load."""

    def unload(self) -> None:
        """Nothing to give back."""

    def caption(self, batch: Sequence[Excerpt]) -> list[Caption]:
        """Caption pictures; each caption depends on its own picture and position only.

        Raises:
            CaptionError: `not-a-picture`, `empty-picture`.
        """
        return [_write_caption(excerpt) for excerpt in batch]


def _write_caption(excerpt: Excerpt) -> Caption:
    seen = inputs.check_picture(excerpt.media, "the captioner of artworks", CaptionError)
    features = measure_picture(seen.pixels)
    parts = {mood: weigh_measures(features, mood) for mood in WEIGHTS}
    scores = {mood: score_mood(part) for mood, part in parts.items()}
    text = " ".join(
        (
            _describe_colours(features, excerpt.position),
            _describe_light(features),
            _describe_lines(features),
            _describe_composition(features),
            *_describe_moods(scores, parts),
        )
    )
    numbers = asdict(features)
    palette = {f"colour {name}": share for name, share in numbers.pop("palette").items()}
    return Caption(text, measurements=_round({**scores, **numbers, **palette}), language="en")


def _describe_colours(features: PictureFeatures, position: int) -> str:
    place = POSITION_NAMES[Kind.ARTWORK][position]
    subject = "The whole picture" if position == WHOLE else f"The {place} part"
    first, *others = list(features.palette.items())[:4]
    named = [first, *(colour for colour in others if colour[1] >= 0.1)]  # noqa: PLR2004 - a tenth
    return f"{subject} is mainly {join_words([f'{name} ({share:.0%})' for name, share in named])}."


def _describe_light(features: PictureFeatures) -> str:
    light = _grade(
        features.lightness,
        (0.22, "in deep shade"),
        (0.36, "in shade"),
        (0.46, "in half shade"),
        (0.58, "of middle lightness"),
        (0.70, "light"),
        (0.80, "bright"),
        (9.0, "very bright"),
    )
    tones = _grade(
        features.contrast,
        (0.18, "tones that hardly differ"),
        (0.32, "soft tones"),
        (0.46, "a moderate range of tones"),
        (0.56, "clear contrast"),
        (9.0, "strong contrast"),
    )
    colour = _grade(
        features.chroma,
        (0.04, "colourless"),
        (0.12, "drab"),
        (0.19, "muted"),
        (0.28, "natural"),
        (0.38, "rich"),
        (9.0, "vivid"),
    )
    heat = _grade(
        features.warmth,
        (-0.40, "cold"),
        (-0.08, "cool"),
        (0.20, "neutral"),
        (0.60, "warm"),
        (9.0, "hot"),
    )
    return (
        f"It is {light} (mean lightness {features.lightness:.0%}, {features.dark:.0%} shaded), "
        f"with {tones}; its colours are {colour} and {heat}."
    )


def _describe_lines(features: PictureFeatures) -> str:
    edges = _grade(
        features.edges,
        (0.04, "Hardly an edge breaks the surface"),
        (0.15, "Edges are few"),
        (0.35, "Edges are frequent"),
        (0.50, "Edges are many"),
        (9.0, "Edges crowd everywhere"),
    )
    if features.horizontal > 0.45:  # noqa: PLR2004 - well above the 0.25 of lines that run anywhere
        course = "lines run level"
    elif features.diagonal > 0.52:  # noqa: PLR2004 - above the 0.5 of lines that run anywhere
        course = "lines run on the diagonal"
    else:
        course = "lines run in several directions"
    return f"{edges} ({features.edges:.0%} of the area); {course}."


def _describe_composition(features: PictureFeatures) -> str:
    light = "Light gathers nowhere in particular"
    if features.focus >= 0.1:  # noqa: PLR2004 - a block a tenth of the scale above the mean
        row, column = int(features.focus_y * 3), int(features.focus_x * 3)
        light = f"Light gathers at the {PLACES[row][column]}"
    halves = ""
    if features.symmetry > 0.7:  # noqa: PLR2004 - a correlation that the eye notices
        halves = "; left and right mirror each other"
    elif features.sky < -0.1:  # noqa: PLR2004 - a tenth of the scale
        halves = "; the lower part is lighter than the upper"
    return f"{light}{halves}."


def _describe_moods(
    scores: Mapping[str, float], parts: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Describe moods in one sentence each, the strongest first; weak ones are left out."""
    sentences: list[str] = []
    for mood in sorted(scores, key=lambda name: -scores[name]):
        words = choose_mood_words(mood, scores[mood])
        reason = _explain_mood(mood, parts[mood])
        if not words:
            continue
        if not sentences and reason:
            sentences.append(f"Studies tie {reason} to a mood that is {join_words(words)}.")
        elif reason:
            sentences.append(f"They tie {reason} to one that is {join_words(words)}.")
        else:
            sentences.append(f"It may also be {join_words(words)}.")
    pleasure = 1 - 2 * scores["sadness"]
    cheer = choose_mood_words("joy", pleasure * scores["excitement"])
    cheer += choose_mood_words("content", pleasure * scores["calmness"])
    if cheer:
        sentences.append(f"All in all it looks {join_words(cheer)}.")
    return sentences


def _explain_mood(mood: str, part: Mapping[str, float]) -> str:
    """Name the two measures that contribute most to a mood; empty if none does."""
    strongest = sorted(part, key=lambda name: -part[name])[:2]
    return " and ".join(
        REASONS[name][WEIGHTS[mood][name] > 0] for name in strongest if part[name] > 0
    )


def _grade(value: float, *steps: tuple[float, str]) -> str:
    """Return the phrase of the first step whose limit is above the value."""
    return next(phrase for limit, phrase in steps if value < limit)


def _round(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: round(number, 4) for name, number in numbers.items()}
