"""The first hour on a GPU: do all defaults work, how fast are they, and what happens at the limits.

    python benchmarks/first_hour.py                        # prints the table
    python benchmarks/first_hour.py --write                # and puts it into docs/performance.md
    python benchmarks/first_hour.py --parts static dynamic --models Qwen3-4B
    python benchmarks/first_hour.py --tiny                 # the same code on any machine

Real weights are used where they are on this machine. Elsewhere networks have the shapes of the
published configurations and random weights, since speed depends on the shape alone; a text of
theirs ends at each token with the same probability, so that lengths have the mean of the study's
captions (90) and are cut at its longest (407).

The parts, in this order: `check`, the check of `cmean backends --check` of each default whose
weights are here; `one`, one item at a time in float16 by transformers' own generation, as in the
study; `static`, the same in batches of 40; `bound`, which share of the memory's bandwidth a step of
such a batch uses; `dynamic`, cmean's back-end as a worker uses it; `memory`, a full memory in the
middle of a batch; `unload`; `equal`, captions in batches compared with single ones; `vllm`.

A part that fails gives a row that says why. A part is not begun once `--minutes` have passed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gpu_checkpoints import MODELS, Model, build_random_checkpoint, find_real_weights
from gpu_parts import CAPTIONERS_ONLY, PARTS
from gpu_subject import REAL, TINY, Row, Subject

from cmean import torch_tools
from cmean.backends import registry
from cmean.config import load_settings
from cmean.domain import Role
from cmean.errors import ConfigError, MissingExtraError
from cmean.inference.backend_check import check_profile_backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
MARKS = ("<!-- first hour: written by benchmarks/first_hour.py -->", "<!-- first hour ends -->")
VERSIONS = ("cmean", "torch", "transformers", "vllm")
HEAD = ("| part | model | result | how |", "| --- | --- | --- | --- |")


class Deadline:
    """When no further part is begun."""

    def __init__(self, minutes: float) -> None:
        self._end = time.monotonic() + 60 * minutes

    def has_passed(self) -> bool:
        """Whether it has."""
        return time.monotonic() > self._end


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write it. Returns 1 if a part failed."""
    args = _parse(arguments)
    device = torch_tools.choose_device()
    if device.type != "cuda" and not args.tiny:
        sys.exit("there is no GPU here, and real sizes need one; --tiny tries the code on a CPU")
    lines = [_describe_machine(), "", *HEAD]
    print("\n".join(lines), flush=True)
    failed = False
    for row in _measure(args, Deadline(args.minutes)):
        failed = failed or row.result == "failed"
        cells = (row.part, row.model, row.result, row.detail)
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
        print(lines[-1], flush=True)
    if args.write:
        write_table(DOCUMENT, lines)
    return int(failed)


def write_table(document: Path, lines: Sequence[str]) -> None:
    """Put lines between the marks of a document."""
    before, rest = document.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    body = "\n".join([MARKS[0], "", *lines, "", MARKS[1]])
    document.write_text(before + body + after, encoding="utf-8")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ["check", *PARTS]
    parser.add_argument("--parts", nargs="+", choices=names, default=names, metavar="PART")
    parser.add_argument("--skip", nargs="+", choices=names, default=[], metavar="PART")
    titles = [model.title for model in MODELS]
    parser.add_argument("--models", nargs="+", choices=titles, default=titles, metavar="MODEL")
    parser.add_argument("--minutes", type=float, default=10.0, help="begin no part after these")
    parser.add_argument("--folder", type=Path, help="for random weights: up to 18 GB at a time")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    parser.add_argument("--tiny", action="store_true", help="tiny networks, on any machine")
    return parser.parse_args(arguments)


def _describe_machine() -> str:
    import torch

    cuda = torch_tools.choose_device().type == "cuda"
    where = torch.cuda.get_device_name() if cuda else "CPU"
    versions = []
    for name in VERSIONS:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    return f"Measured on {datetime.now(UTC).date()}: {where}; {', '.join(versions)}."


def _measure(args: argparse.Namespace, deadline: Deadline) -> Iterator[Row]:
    parts = [part for part in args.parts if part not in args.skip]
    if "check" in parts:
        yield from _try("check", "defaults", deadline, check_defaults)
    for model in MODELS:
        if model.title in args.models and set(parts) & set(PARTS):
            yield from _measure_model(model, parts, args, deadline)


def _measure_model(
    model: Model, parts: Sequence[str], args: argparse.Namespace, deadline: Deadline
) -> Iterator[Row]:
    real = None if args.tiny else find_real_weights(model)
    scale = TINY if args.tiny else REAL
    weights = "tiny" if args.tiny else "random" if real is None else "real"
    title = f"{model.title} ({weights} weights)"
    folder = Path(tempfile.mkdtemp(prefix="cmean-first-hour-", dir=args.folder))
    try:

        def build() -> Iterator[Row]:
            build_random_checkpoint(model, folder, scale.mean, tiny=args.tiny)
            torch_tools.release_memory()
            yield from ()

        failures = [] if real else list(_try("random weights", title, deadline, build))
        yield from failures
        if not failures:
            subject = Subject(model, real or folder, scale, title)
            yield from _measure_parts(subject, parts, deadline)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure_parts(subject: Subject, parts: Sequence[str], deadline: Deadline) -> Iterator[Row]:
    fits = subject.model.role is Role.CAPTIONER
    for part in [part for part in PARTS if part in parts]:
        if part in CAPTIONERS_ONLY and not fits:
            continue
        # the study ran float16; the bare network and cmean's are never in memory together
        dtype = "float16" if part == "one" else "bfloat16"
        if dtype != subject.dtype or part == "dynamic":
            subject.release()
            subject.dtype = dtype
        yield from _try(part, subject.title, deadline, lambda part=part: PARTS[part](subject))  # type: ignore[misc]  # mypy cannot infer defaults of lambdas
    subject.release()


def check_defaults() -> Iterable[Row]:
    """Check every default whose weights are here, as `cmean backends --check` does."""
    settings = load_settings()
    profile = settings.get_profile("paper")
    for info in registry.list_backends():
        if not info.model:
            continue
        if not info.installed or info.weights != "present":
            yield Row("check", info.name, "not here", f"{info.model}: weights {info.weights}")
            continue
        checks = list(check_profile_backend(info, profile))
        bad = [check for check in checks if not check.ok]
        detail = "; ".join(f"{check.check}: {check.detail}" for check in bad or checks)
        yield Row("check", info.name, "failed" if bad else "ok", detail)


def _try(
    part: str, model: str, deadline: Deadline, measure: Callable[[], Iterable[Row]]
) -> Iterator[Row]:
    """Yield the rows of a part; where it fails, a row that says why."""
    if deadline.has_passed():
        yield Row(part, model, "not begun", "no time was left")
        return
    try:
        yield from measure()
    except (ConfigError, ImportError, MissingExtraError) as error:
        yield Row(part, model, "not here", _shorten(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other parts go on
        yield Row(part, model, "failed", f"{type(error).__name__}: {_shorten(error)}")


def _shorten(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.exit(main())
