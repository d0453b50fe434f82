"""The number that a text comes to, as a tree of tokens with their probabilities.

At each of its digits the model may go on with further digits or end the number. The probabilities
of all branches, under the pattern, give the distribution of the number, and that its mean and
standard deviation.

Branches whose probabilities sum to `PRUNED_MASS` at most are left out. Tokens that hold digits
together with other characters are not used, so that a number begins and ends where a token does.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmean.generation.patterns import PatternMatchers

PRUNED_MASS = 1e-3
"""The most that the probabilities of the branches sum to that are left out of a number."""

_LEVELS = 3
"""Of branches in a number of three digits."""

_MOST_DIGITS = 9


class DigitTokens:
    """Which tokens are digits, and which of them a pattern allows.

    Args:
        patterns: what the matchers come from.
    """

    def __init__(self, patterns: PatternMatchers) -> None:
        self._patterns = patterns
        self.ends = patterns.ends
        self.describe = cache(patterns.describe_token)

    def list_choices(self, matchers: Sequence[Any]) -> list[NDArray[np.int64]]:
        """List for each matcher the tokens that it allows and that are not mixed."""
        if not matchers:
            return []
        rows, tokens = self._patterns.find_allowed_tokens(dict(enumerate(matchers)), len(matchers))
        usable = np.array([not self._is_mixed(token) for token in tokens.tolist()], bool)
        bounds = np.searchsorted(rows[usable], np.arange(1, len(matchers)))
        return np.split(tokens[usable], bounds)

    def is_number(self, token: int) -> bool:
        """Tell whether a token is nothing but digits."""
        return token not in self.ends and self.describe(token).isdigit()

    def _is_mixed(self, token: int) -> bool:
        if token in self.ends or self.is_number(token):
            return False
        return any(byte in b"0123456789" for byte in self.describe(token))


@dataclass(slots=True, eq=False)
class Branch:
    """The beginning of a number.

    Args:
        digits: so far.
        tokens: that spell them.
        mass: how probable it is.
        matcher: that has consumed the tokens.
        choices: the tokens that may follow.
        is_greedy: whether greedy decoding takes it.
        columns: where its tokens were read, among further columns of a cache.
    """

    digits: bytes
    tokens: tuple[int, ...]
    mass: float
    matcher: Any
    choices: NDArray[np.int64]
    is_greedy: bool = True
    columns: tuple[int, ...] = ()


class NumberTree:
    """A number as far as it is known.

    Args:
        matcher: of the text before it.
        choices: the tokens that may begin it.
        tokens: which tokens are digits.
    """

    def __init__(self, matcher: Any, choices: NDArray[np.int64], tokens: DigitTokens) -> None:  # noqa: ANN401 - of llguidance
        self.open = [Branch(b"", (), 1.0, matcher, choices)]
        """The branches of which it is not known how they go on."""
        self.greedy: tuple[int, ...] = ()
        """The tokens of the greedy branch, with the one that ends it unless that is forced."""
        self._masses: defaultdict[int, float] = defaultdict(float)
        self._tokens = tokens

    def grow(self, chances: Sequence[NDArray[np.float64]]) -> None:
        """Let all open branches go on by a token.

        Args:
            chances: of the choices of each.
        """
        children = [
            child
            for branch, found in zip(self.open, chances, strict=True)
            for child in self._split(branch, found)
        ]
        self.open = []
        kept = _prune(children)
        for child, choices in zip(
            kept, self._tokens.list_choices([one.matcher for one in kept]), strict=True
        ):
            child.choices = choices
            may_go_on = any(self._tokens.is_number(token) for token in choices.tolist())
            if may_go_on and len(child.digits) < _MOST_DIGITS:
                self.open.append(child)
            else:
                self._end(child, child.mass, child.tokens, is_greedy=child.is_greedy)

    def describe(self) -> tuple[float, float]:
        """Return the mean and the standard deviation of the number."""
        values, chances = np.array([*self._masses]), np.array([*self._masses.values()])
        chances = chances / chances.sum()
        mean = float(values @ chances)
        return mean, float(np.sqrt((values - mean) ** 2 @ chances))

    def _split(self, branch: Branch, chances: NDArray[np.float64]) -> list[Branch]:
        """Split a branch by its next token; where that is no digit, the number ends."""
        children = []
        first = int(chances.argmax())
        for place, token in enumerate(branch.choices.tolist()):
            mass, tokens = branch.mass * float(chances[place]), (*branch.tokens, token)
            is_greedy = branch.is_greedy and place == first
            if self._tokens.is_number(token):
                digits = branch.digits + self._tokens.describe(token)
                child = replace(branch, digits=digits, tokens=tokens, mass=mass)
                child.is_greedy = is_greedy
                children.append(child)
            else:
                self._end(branch, mass, tokens, is_greedy=is_greedy)
        return children

    def _end(
        self, branch: Branch, mass: float, tokens: tuple[int, ...], *, is_greedy: bool
    ) -> None:
        self._masses[int(branch.digits)] += mass
        if is_greedy:
            self.greedy = tokens


def _prune(branches: Sequence[Branch]) -> list[Branch]:
    """Leave out the least probable branches of a level, and let those that stay go on.

    The greedy branch stays, however improbable.
    """
    ordered = sorted(branches, key=lambda branch: (branch.is_greedy, branch.mass))
    reached = np.cumsum([branch.mass for branch in ordered])
    dropped = int(np.searchsorted(reached, PRUNED_MASS / _LEVELS))
    kept = [one for n, one in enumerate(ordered) if n >= dropped or one.is_greedy]
    for branch in kept:
        branch.matcher = branch.matcher.deep_copy()
        branch.matcher.consume_token(branch.tokens[-1])
    return kept
