"""The same no-op over the same pictures by Pixeltable or DataChain; `overhead.py` runs it.

The two want an environment of their own, so nothing of cmean is imported here. Nor may this be the
program itself: Pixeltable takes functions of named modules only.

    SIZE=64 python -c "import peers; peers.main()" pixeltable PICTURES HOME

prints the seconds; HOME is an empty folder for what they store.
"""

import contextlib
import os
import sys
import time
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


def caption(image: Image.Image) -> str:
    """The no-op: what is decoded to is as large as what cmean decodes to."""
    size = int(os.environ["SIZE"])
    image.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
    return TEXT


def pixeltable(pictures: Path, home: Path) -> float:
    """A computed column of a table of images, from insert to stored."""
    os.environ["PIXELTABLE_HOME"] = str(home)
    import pixeltable as pxt  # type: ignore[import-not-found]  # noqa: PLC0415 - of another environment

    table: Any = pxt.create_table("pictures", {"image": pxt.Image})
    table.add_computed_column(caption=pxt.udf(caption)(table.image))
    rows = [{"image": str(path)} for path in sorted(pictures.iterdir())]
    started = time.perf_counter()
    table.insert(rows)
    seconds = time.perf_counter() - started
    assert table.where(table.caption == TEXT).count() == len(rows)
    return seconds


def datachain(pictures: Path, home: Path) -> float:
    """A mapped column of a chain of image files, from listed to saved."""
    os.environ |= {"DATACHAIN_ROOT_DIR": str(home), "DATACHAIN_NO_ANALYTICS": "1"}
    import datachain as dc  # type: ignore[import-not-found]  # noqa: PLC0415 - of another environment

    def of_file(file: dc.ImageFile) -> str:
        return caption(file.read())

    listed: Any = dc.read_storage(pictures.as_uri(), type="image").persist()
    started = time.perf_counter()
    saved = listed.map(caption=of_file).save("captions")
    seconds = time.perf_counter() - started
    assert saved.count() == len(list(pictures.iterdir()))
    return seconds


def main() -> None:
    """Print the seconds of one of them."""
    name, pictures, home = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    with contextlib.redirect_stdout(sys.stderr):
        seconds = {"pixeltable": pixeltable, "datachain": datachain}[name](pictures, home)
    print(seconds, flush=True)
