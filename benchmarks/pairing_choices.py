"""What each way of pairing two files of emotion triples carries across the pairs.

    python benchmarks/pairing_choices.py TRACKS.csv ARTWORKS.csv

The files are those that `cmean match` reads; of rows of 15 numbers the first three, the triple of
the whole, are compared. For every method, metric and calibration it prints the mean, tenth
percentile and minimum of the similarities of the pairs, and Spearman's correlation over the pairs
of each channel of the track with that of the artwork, and of the intensities (the sums of the
channels), all of them of the triples as they are. With no relation Spearman is 0. Similarities of
different metrics or calibrations do not compare; the correlations do.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from cmean.domain import CHANNELS
from cmean.library.vector_files import read_vector_files
from cmean.matching import CALIBRATIONS, METHODS, METRICS, calibrate_vectors, match
from cmean.matching.summary import compute_tenth_percentile
from cmean.stats.correlation import compute_spearman

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cmean.matching import Matching


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tracks", type=Path)
    parser.add_argument("artworks", type=Path)
    args = parser.parse_args()
    tracks, artworks = (
        side.vectors[:, :3] for side in read_vector_files(args.tracks, args.artworks)
    )
    header = ("method", "metric", "calibrate", "mean", "10 %", "minimum", *CHANNELS, "intensity")
    print(f"| {' | '.join(header)} |")
    print(f"| {' | '.join(['---'] * len(header))} |")
    for metric, calibrate, method in product(METRICS, CALIBRATIONS, METHODS):
        sides = [calibrate_vectors(side, calibrate) for side in (tracks, artworks)]
        found = match(sides[0], sides[1], method, metric)
        similarity = found.similarity
        weak_end = similarity.mean(), compute_tenth_percentile(similarity), similarity.min()
        figures = [f"{each:.4f}" for each in weak_end]
        carry = carried(found, tracks, artworks)
        figures += ["–" if each is None else f"{each:.2f}" for each in carry]
        print(f"| {' | '.join([method, metric, calibrate, *figures])} |")


def carried(
    found: Matching, tracks: NDArray[np.uint8], artworks: NDArray[np.uint8]
) -> list[float | None]:
    """Spearman's correlation over the pairs of each channel, then of the intensity."""
    one, other = tracks[found.track_index], artworks[found.artwork_index]
    values = [(one[:, channel], other[:, channel]) for channel in range(len(CHANNELS))]
    values.append((one.sum(axis=1, dtype=int), other.sum(axis=1, dtype=int)))
    return [compute_spearman(track, artwork).value for track, artwork in values]


if __name__ == "__main__":
    main()
