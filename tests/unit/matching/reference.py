"""Matching as it is defined, in exact fractions and without any shortcut."""

from fractions import Fraction
from itertools import product

import numpy as np


def key(track, artwork, metric):
    """The less, the better: sin² of the angle (1 for a zero vector), or the squared distance."""
    if metric == "euclidean":
        return Fraction(sum((a - b) ** 2 for a, b in zip(track, artwork, strict=True)))
    dot = sum(a * b for a, b in zip(track, artwork, strict=True))
    squares = sum(a * a for a in track) * sum(b * b for b in artwork)
    return Fraction(squares - dot * dot, squares) if squares else Fraction(1)


def greedy(tracks, artworks, metric):
    indices = product(range(len(tracks)), range(len(artworks)))
    return take_each(sorted((key(tracks[i], artworks[j], metric), i, j) for i, j in indices))


def take_each(order):
    """Of (key, track, artwork) in order each whose items are both free."""
    pairs, used = [], (set(), set())
    for _, i, j in order:
        if i not in used[0] and j not in used[1]:
            pairs.append((i, j))
            used[0].add(i)
            used[1].add(j)
    return pairs


def sequential(tracks, artworks, metric):
    free, pairs = set(range(len(artworks))), []
    for i, track in enumerate(tracks[: len(artworks)]):
        best = min(free, key=lambda j: (key(track, artworks[j], metric), j))
        free.remove(best)
        pairs.append((i, best))
    return pairs


METHODS = {"greedy": greedy, "sequential": sequential}


def similarities(tracks, artworks, metric):
    """All n·m of them the naive way; cosines are 0 with a zero vector."""
    a, b = np.asarray(tracks, dtype=float), np.asarray(artworks, dtype=float)
    if metric == "euclidean":
        distances = np.linalg.norm(a[:, np.newaxis] - b[np.newaxis], axis=2)
        return 1 - distances / (255 * np.sqrt(a.shape[1]))
    lengths = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    return np.where(lengths > 0, a @ b.T / np.where(lengths > 0, lengths, 1), 0)


def pairs_of(matching):
    return list(zip(matching.track_index.tolist(), matching.artwork_index.tolist(), strict=True))


def clouds(random, most=14):
    """Two sides, each of a kind that is hard in its own way; some with many ties."""
    width, highest = int(random.choice([1, 2, 3, 3, 3, 15])), int(random.choice([2, 3, 5, 256]))
    sides = []
    for count in random.integers(1, most, 2):
        vectors = random.integers(0, highest, (count, width))
        match random.integers(6):
            case 1:  # along the axes
                vectors[:] = 0
                vectors[np.arange(count), random.integers(0, width, count)] = 9
            case 2:  # all the same
                vectors[:] = vectors[0]
            case 3:  # in one corner
                vectors = np.clip(vectors // 20 + random.integers(0, 240, width), 0, 255)
            case 4:  # without direction
                vectors[random.random(count) < 0.4] = 0
            case 5:  # parallel
                vectors = np.minimum(vectors[:1] * random.integers(1, 4, (count, 1)), 255)
        sides.append(vectors.tolist())
    return sides
