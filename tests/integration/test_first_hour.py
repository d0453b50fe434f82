"""The script for the first hour on a GPU, with tiny networks on a CPU."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("transformers")

import first_hour
from checkpoints import models  # noqa: F401 - what the script builds; it groups this test with those
from vllm_or_stand_in import IS_REAL, importable

MODEL = "Qwen2-Audio-7B"


@pytest.fixture
def rows(capsys, monkeypatch, tmp_path):
    """What gives the rows of the table that it prints, by part."""
    monkeypatch.setenv("CMEAN_MODEL_DIR", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))

    def run(*arguments):
        options = ["--tiny", "--models", MODEL, "--folder", str(tmp_path), *arguments]
        status = first_hour.main(options)
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
        assert not list(tmp_path.glob("cmean-first-hour-*"))
        return status, {(cell[0], cell[1]): cell[2:] for cell in cells}

    return run


def test_every_part_gives_its_row(rows):
    status, found = rows()
    title = f"{MODEL} (tiny weights)"
    results = {part: result for (part, model), (result, _) in found.items() if model == title}
    assert status == 0
    assert results.pop("vllm") == "not here"
    assert results.pop("full memory") == "4 of 4"
    assert results.pop("batch = single") == "100.0%"
    assert results.pop("after unload").endswith(" MiB")
    assert results.pop("bandwidth bound").endswith("%")
    assert results.keys() == {"one at a time", "static 40", "dynamic"}
    assert all(re.fullmatch(r"\d+\.\d\d captions/s", result) for result in results.values())
    assert found["check", "qwen2-audio"][0] == "not here"


@pytest.mark.skipif(IS_REAL, reason="on a CPU the real vLLM computes no heads as narrow")
def test_vllm_is_a_part(rows):
    with importable():
        status, found = rows("--parts", "vllm")
    assert status == 0
    assert found["vLLM", f"{MODEL} (tiny weights)"][0].endswith(" captions/s")


def test_answers_of_a_mapper_are_counted(rows):
    status, found = rows("--models", "Qwen3-4B", "--parts", "dynamic", "equal")
    ((part, model),) = found
    assert (status, part, model) == (0, "dynamic", "Qwen3-4B (tiny weights)")
    assert found[part, model][0].endswith(" answers/s")


def test_parts_can_be_chosen_and_end_with_the_time(rows):
    status, found = rows("--parts", "static", "unload", "--skip", "unload", "--minutes", "-1")
    assert status == 0
    assert {result for result, _ in found.values()} == {"not begun"}


def test_a_part_that_fails_is_a_row_and_the_rest_goes_on(rows, monkeypatch):
    def fail(_):
        raise RuntimeError("CUDA error: no luck\nand a trace")

    monkeypatch.setitem(first_hour.PARTS, "static", fail)
    status, found = rows("--parts", "static", "unload")
    assert status == 1
    assert found["static", f"{MODEL} (tiny weights)"] == [
        "failed",
        "RuntimeError: CUDA error: no luck",
    ]
    assert ("after unload", f"{MODEL} (tiny weights)") in found


def test_the_table_is_written_between_its_marks(tmp_path):
    document = tmp_path / "performance.md"
    begin, end = first_hour.MARKS
    document.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    first_hour.write_table(document, ["| a |", "| b |"])
    first_hour.write_table(document, ["| a |", "| c |"])
    assert document.read_text() == f"before\n{begin}\n\n| a |\n| c |\n\n{end}\nafter\n"
    assert begin in first_hour.DOCUMENT.read_text()
