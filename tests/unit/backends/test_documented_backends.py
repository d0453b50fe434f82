"""The table of docs/back-ends.md says what the table of back-ends says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmean.backends.pinned_commits import PINNED_COMMITS
from cmean.backends.table import BACKENDS
from cmean.domain import Kind, Role

PAGE = Path(__file__).parents[3] / "docs" / "back-ends.md"
COLUMNS = ("name", "role", "takes", "weights", "revision", "licence", "memory", "checked", "costs")
SHORT = 7


def read_rows():
    """The rows of the table, by name and role."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in cells if len(row) == len(COLUMNS)]
    return {(row["name"], row["role"]): row for row in rows[2:]}


ROWS = read_rows()


def describe_inputs(info):
    """What a back-end takes, in the words of the table."""
    if info.role is Role.MAPPER:
        return "captions"
    media = "both" if len(info.kinds) == len(Kind) else "".join(f"{k.value}s" for k in info.kinds)
    return ", ".join([media] * bool(media) + ["captions"] * (info.role is Role.EMBEDDER))


def test_every_back_end_has_a_row_and_every_row_a_back_end():
    assert set(ROWS) == {(info.name, info.role.value) for info in BACKENDS}


@pytest.mark.parametrize("info", BACKENDS, ids=lambda info: f"{info.role.value}-{info.name}")
def test_a_row_says_what_is_known_of_the_back_end(info):
    row = ROWS[info.name, info.role.value]
    assert row["takes"] == describe_inputs(info)
    assert row["licence"] == info.licence
    assert ("no commercial use" in row["costs"]) == (not info.commercial)
    assert all(row[column] for column in ("memory", "checked", "costs"))
    if info.model:
        assert row["weights"].startswith(info.model)
        assert row["revision"] == PINNED_COMMITS.get(info.model, "main")[:SHORT]
    else:
        assert row["revision"] == "—"


def test_commits_of_other_chat_models_are_those_that_are_pinned():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for model in ("Qwen/Qwen3-VL-8B-Instruct", "Qwen/Qwen3.5-4B", "nvidia/audio-flamingo-next-hf"):
        (line,) = [line for line in lines if line.startswith(f"| {model}")]
        assert PINNED_COMMITS[model][:SHORT] in line
