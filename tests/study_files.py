"""Files in the layout, the names and the odd quoting of the study's published ones; invented."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TRACKS = [f"{number:06d}.mp3" for number in range(6)]
ARTWORKS = [f"an-artist_a-picture-{number}.jpg" for number in range(6)]

CAPTIONS = "audio_analysis_full_folder_500_1000.csv"
TRIPLES = "valutazione_rgb_segmenti.csv"
CLAP = "clap_individual_similaritis.csv"
CLAP_SUM = "clap_individual_similarities_sumfrag.csv"
CLIP = "clip_individual_similarities_TOTAL_1000_images.csv"
CLIP_SUM = "clip_individual_similarities_fragment_sum_1000_images.csv"
PAIRS = "classifica_abbinamenti_canzoni_immagini.csv"
IMAGEBIND = "imagebind_individual_similarities1000.csv"
EARLIER_TRACKS = "valutazione_rgb_segmenti_100.csv"
EARLIER_ARTWORKS = "valutazione_rgb_immagini_100.csv"

FOLDERS = {
    **dict.fromkeys((CAPTIONS, TRIPLES, CLAP, CLAP_SUM), "Modulo Qwen Audio"),
    **dict.fromkeys((CLIP, CLIP_SUM), "Modulo Qwen Immagini"),
    **dict.fromkeys((PAIRS, IMAGEBIND), "Confronto"),
    **dict.fromkeys((EARLIER_TRACKS, EARLIER_ARTWORKS), ""),
}
"""Where each file lies."""


def line(row, end="\r\n", delimiter=","):
    """A row as a plain CSV writer writes it."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerow(row)
    return text.getvalue().removesuffix("\r\n") + end


def wrapped(row):
    """A row as one quoted field, as in the study's files."""
    return line([line(row, "")], "\n")


def quoted(row):
    """A wrapped row whose cells after the first bring quotes of their own."""
    return wrapped([row[0], *(f'"{cell}"' for cell in row[1:])])


def one_field(row):
    """A wrapped row of cells that need no quotes."""
    return '"' + ",".join(row) + '"\n'


def rgb(seed):
    """A triple."""
    return f"rgb({10 * seed % 256}, {200 - 7 * seed % 200}, {31 * seed % 256})"


def triples(names, header, write, start=0):
    """A file of triples: four fragments, then the total."""
    rows = [[name, *(rgb(5 * n + i + start) for i in range(5))] for n, name in enumerate(names)]
    return ",".join(header) + "\n" + "".join(map(write, rows))


def captions(tracks=TRACKS[:4]):
    """Five captions a track, the name on the first row only, a line break in one."""
    rows = [["Song Name", "Description Type", "Description"]]
    for track in tracks:
        for number in range(1, 5):
            text = f'Quarter {number} of a calm, "slow" piece.\n\nIt sounds far away.'
            rows.append([track if number == 1 else "", f"Fragment {number}", text])
        rows.append(["", "Total", f"A calm piece, the whole of {track[:6]}, in a minor key"])
    return "".join(map(line, rows))


def contents():
    """Every file by name."""
    fragments = [f"Frammento {number}" for number in range(1, 5)]
    parts = [f"Fragment {number} RGB" for number in range(1, 5)]
    songs = ["Song Name", *fragments, "Descrizione Totale"]
    pictures = ["Image Name", *parts, "Total Description RGB"]
    near = [["Filename Audio", "Similarita Coseno"]]
    near += [[track, f"0.{29 + n}74592{n}"] for n, track in enumerate(TRACKS)]
    total = [["Filename Immagine", "Descrizione Originale (Total)", "Similarita Coseno"]]
    joined = [["Filename Immagine", "Descrizione Originale (Combinata Frammenti)"]]
    joined[0].append("Similarita Coseno")
    for n, artwork in enumerate(ARTWORKS):
        text = f'The artwork "{n}" shows a quiet, grey room' + "." * (n % 2)
        total.append([artwork, text, f"0.2{n}4500{n}"])
        joined.append([artwork, f"This image depicts a corner. {text}. Light, {n}.", f"0.3{n}123"])
    pairs = [["Posizione", "Similarità Coseno", "Canzone", "Immagine Abbinata"]]
    scores = [["Image Filename", "Audio Filename", "ImageBind Score"]]
    for n, (track, artwork) in enumerate(zip(TRACKS, reversed(ARTWORKS), strict=True)):
        pairs.append([str(n + 1), f"{1 - 0.0101 * n:.4f}", track, artwork])
        scores.append([artwork, track, f"{0.1 - 0.037 * n * (-1) ** n:.12f}"])
    return {
        CAPTIONS: captions(),
        TRIPLES: triples(TRACKS, songs, quoted),
        CLAP: "".join(map(one_field, near)),
        CLAP_SUM: "".join(map(one_field, near)),
        CLIP: "".join(map(line, total)),
        CLIP_SUM: "".join(map(line, joined)),
        PAIRS: "".join(map(line, pairs)),
        IMAGEBIND: "".join(map(line, scores)),
        EARLIER_TRACKS: triples(TRACKS, songs, line, start=3),
        EARLIER_ARTWORKS: triples(ARTWORKS, pictures, line, start=40),
    }


def write(folder: Path, changed=(), *, flat=False):
    """Write all files in the study's layout; `changed` maps names to other bytes, None: no file."""
    for name, text in (contents() | dict(changed)).items():
        if text is None:
            continue
        path = folder / ("" if flat else FOLDERS[name]) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder
