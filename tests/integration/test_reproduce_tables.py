"""What the study's tables recompute to, on all of a table's rows and on the published half."""

from __future__ import annotations

import json
import shutil

import pytest
from study_files import CAPTIONS

from cmean.datasets.published.model import PublishedResults, PublishedScore, PublishedTable
from cmean.datasets.published.reader import read_published_files
from cmean.reproduction.table_cells import recompute_cells

EMPTY = PublishedTable("a file", None, ())


def by_place(document):
    return {(c["table"], c["column"], c["metric"]): c for c in document["cells"]}


def test_of_all_rows_table_three_says_which_were_printed():
    values = [0.3247] * 498 + [0.0399, 0.6695] + [0.3] * 498 + [0.01, 0.9]
    sheet = PublishedTable(
        "a file", "0" * 64, [PublishedScore(f"{n}.mp3", v) for n, v in enumerate(values)]
    )
    names = [name for name in PublishedResults.__dataclass_fields__ if name != "problems"]
    published = PublishedResults(
        **dict.fromkeys(names, EMPTY) | {"clap": sheet, "clap_aggregated": sheet}, problems=[]
    )
    found = {(c.table, c.column, c.metric): c for c in recompute_cells(published)}
    for metric, printed in (("min", 0.0399), ("max", 0.6695)):
        cell = found["III", "aggregated", metric]
        assert (cell.verdict, cell.printed) == ("differs", printed)
        assert cell.why == "the printed figure is that of the first 500 of the 1,000 rows"
        assert "not reproduced from any published data" in found["III", "total", metric].why
    assert found["III", "total", "n"].verdict == "same"


EXPECTED = {
    "II total images": ("II", "total"),
    "II aggregated image fragments": ("II", "aggregated"),
    "III total": ("III", "total"),
    "III aggregated": ("III", "aggregated"),
    "IV total": ("IV", "total"),
    "IV aggregated": ("IV", "aggregated"),
    "V pairs": ("V", "pairs"),
    "VI imagebind": ("VI", "pairs"),
}


def test_on_the_published_half_every_digit_is_as_computed_elsewhere(published, cmean):
    found = cmean("reproduce", published, "--json")
    assert (found.code, found.err) == (0, "")
    expected = json.loads((published / "expected.json").read_text(encoding="utf-8"))
    assert set(expected) == set(EXPECTED)
    compared = 0
    for key, (table, column) in EXPECTED.items():
        cells_ = by_place(found.json).items()
        ours = {m: c["recomputed"] for (t, k, m), c in cells_ if (t, k) == (table, column)}
        if table == "V":
            ours |= found.json["pairs"]
        for metric, value in expected[key].items():
            assert ours[metric] == pytest.approx(value, abs=5.0001e-7), (key, metric)
            compared += 1
    assert compared == 54
    for cell in found.json["cells"]:
        if cell["table"] in {"II", "III", "IV"} and cell["verdict"] == "differs":
            assert cell["why"].startswith("only 500 of 1,000 ")
    assert found.json["earlier"]["null_mean"] == pytest.approx(0.876, abs=1e-3)
    assert found.json["earlier"]["greedy"] == pytest.approx(0.922, abs=1e-3)
    assert found.json["earlier"]["optimal"] == pytest.approx(0.940, abs=1e-3)
    assert found.json["correlation"]["value"] == pytest.approx(0.0851, abs=1e-4)
    assert 0 < found.json["correlation"]["low"] < 0.0851 < found.json["correlation"]["high"]


def test_half_of_the_published_files_and_all_of_it_share_a_catalog(published, cmean, tmp_path):
    half = tmp_path / "DIR"
    shutil.copytree(published, half, copy_function=shutil.copy)
    for path in half.rglob("*.csv"):
        path.chmod(0o644)
        lines = path.read_bytes().splitlines(keepends=True)
        if path.name != CAPTIONS:
            path.write_bytes(b"".join(lines[: len(lines) // 2]))
    first = cmean("reproduce", half, "--json").json
    second = cmean("reproduce", published, "--json").json
    assert second["pairings"]["published"] != first["pairings"]["published"]
    assert second == {**cmean("reproduce", published, "--json").json}
    found = read_published_files(published)
    names = {row.name for row in found.triples.rows} | {row.track for row in found.pairs.rows}
    names |= {row.name for row in found.earlier_tracks.rows}
    assert cmean("status", "--json").json["items"]["track"] == len(names)
