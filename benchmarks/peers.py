"""The same no-op over the same pictures by Pixeltable or DataChain; `overhead.py` runs it.

The two want an environment of their own, so nothing of cmean is imported here. Nor may this be the
program itself: Pixeltable takes functions of named modules only.

    SIZE=64 python -c "import peers; peers.main()" pixeltable PICTURES HOME 5

prints the seconds; HOME is an empty folder for what they store. A picture gives 5
rows, of its whole and its four fragments, or 1, of its whole.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

TEXT = (
    "The painting shows a quiet harbour at dusk, with three boats drawn up on the shingle and a "
    "figure who mends a net beside the nearest. Warm ochre light falls from the left and is met "
    "by the cool blue of the water, which the painter laid down in short horizontal strokes. The "
    "diagonal of the quay leads the eye to a distant church, and the mood is calm and nostalgic."
)
"""70 words, as long as a caption of the study."""


def caption(image: Image.Image, position: int) -> str:
    """The no-op on a fragment; what is decoded to is as large as what cmean decodes to."""
    size = int(os.environ["SIZE"])
    image = image.convert("RGB")
    if position:
        width, height = image.width // 2, image.height // 2
        left, top = (position - 1) % 2 * width, (position - 1) // 2 * height
        image = image.crop((left, top, left + width, top + height))
    image.resize((size, size), Image.Resampling.LANCZOS)
    return TEXT


def pixeltable(pictures: Path, home: Path, fragments: int) -> float:
    """A computed column of a table of images and fragments, from insert to stored."""
    os.environ["PIXELTABLE_HOME"] = str(home)
    import pixeltable as pxt  # type: ignore[import-not-found]  # noqa: PLC0415 - of another environment

    table: Any = pxt.create_table("pictures", {"image": pxt.Image, "position": pxt.Int})
    table.add_computed_column(caption=pxt.udf(caption)(table.image, table.position))
    paths = sorted(pictures.iterdir())
    rows = [{"image": str(path), "position": n} for path in paths for n in range(fragments)]
    started = time.perf_counter()
    table.insert(rows)
    seconds = time.perf_counter() - started
    assert table.where(table.caption == TEXT).count() == len(rows)
    return seconds


def datachain(pictures: Path, home: Path, fragments: int) -> float:
    """A chain of image files, each decoded once, that gives a row a fragment; listed to saved."""
    os.environ |= {"DATACHAIN_ROOT_DIR": str(home), "DATACHAIN_NO_ANALYTICS": "1"}
    import datachain as dc  # type: ignore[import-not-found]  # noqa: PLC0415 - of another environment

    def of_file(file: dc.ImageFile) -> Iterator[str]:
        image = file.read()
        for position in range(fragments):
            yield caption(image, position)

    listed: Any = dc.read_storage(pictures.as_uri(), type="image").persist()
    started = time.perf_counter()
    saved = listed.gen(caption=of_file).save("captions")
    seconds = time.perf_counter() - started
    assert saved.count() == fragments * len(list(pictures.iterdir()))
    return seconds


def main() -> None:
    """Print the seconds of one of them."""
    name, pictures, home, fragments = sys.argv[1:]
    measured = {"pixeltable": pixeltable, "datachain": datachain}[name]
    with contextlib.redirect_stdout(sys.stderr):
        seconds = measured(Path(pictures), Path(home), int(fragments))
    print(seconds, flush=True)
