"""The main job through the command line: files in, captions, emotions, pairs, answers out."""

from __future__ import annotations

import csv
import json

import pytest

CHOSEN = ["method", "metric", "calibrate"]
PAIR_KEYS = ["pairing", "method", "vector", "metric", "calibrate", "min_similarity", "pairs"]
PAIR_KEYS += ["unpaired_tracks", "unpaired_artworks", "below_floor"]
PAIR_KEYS += ["mean", "tenth_percentile", "minimum", "maximum"]
PAIR_KEYS += ["null_mean", "null_sd", "z", "gap", "space"]


def test_ingest_says_what_it_did(finished):
    assert finished.ingested.code == 0
    assert finished.ingested.json == {"added": 7, "known": 0, "rejected": []}


def test_run_does_every_fragment(finished):
    assert finished.ran.code == 0
    for stage in ("caption", "emotion"):
        found = finished.ran.json[stage]
        assert (found["done"], found["failed"], found["remaining"]) == (35, 0, 0)


def test_pair_prints_the_pairing_beside_its_null(finished):
    found = finished.paired.json
    assert list(found) == PAIR_KEYS
    assert (found["pairs"], found["unpaired_tracks"], found["unpaired_artworks"]) == (3, 0, 1)
    assert found["minimum"] <= found["mean"] <= found["maximum"] <= 1
    assert found["null_mean"] <= found["mean"]
    assert found["z"] == pytest.approx((found["mean"] - found["null_mean"]) / found["null_sd"])


def test_doing_it_again_does_nothing(finished):
    again = finished("ingest", finished.folder / "media", "--json").json
    assert again == {"added": 0, "known": 7, "rejected": []}
    ran = finished("run", "--json").json
    assert [stage["done"] for stage in ran.values()] == [0, 0]
    assert finished("pair", "--json").json == finished.paired.json


def test_status_counts_everything(finished):
    found = finished("status", "--json").json
    assert found["items"] == {"track": 3, "artwork": 4}
    assert found["stages"]["caption"] == {
        "ready": 0,
        "leased": 0,
        "done": 35,
        "failed": 0,
        "dead": 0,
    }
    assert found["workers"] == []


def test_pairs_are_one_to_one_and_best_first(finished):
    rows = finished("sql", "SELECT * FROM v_pairs ORDER BY rank", "--format", "json").json
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert len({row["track_id"] for row in rows}) == len({row["artwork_id"] for row in rows}) == 3
    similarities = [row["similarity"] for row in rows]
    assert similarities == sorted(similarities, reverse=True)


def test_match_gives_the_same_pairs_from_csv_files(finished, tmp_path):
    for kind in ("track", "artwork"):
        query = "SELECT item_id, red, green, blue FROM v_emotions WHERE position = 0 AND kind ="
        query += f" '{kind}' ORDER BY item_id"
        output = tmp_path / f"{kind}s.csv"
        assert finished("sql", query, "--format", "csv", "--output", output).code == 0
    pairs = tmp_path / "pairs.csv"
    files = [tmp_path / "tracks.csv", tmp_path / "artworks.csv"]
    chosen = [(f"--{name}", finished.paired.json[name]) for name in CHOSEN]
    options = [word for option in chosen for word in option]
    summary = finished("match", *files, *options, "--output", pairs, "--json").json
    assert summary == {k: v for k, v in finished.paired.json.items() if k != "pairing"}
    with pairs.open() as file:
        matched = [
            (int(r["rank"]), int(r["track"]), int(r["artwork"])) for r in csv.DictReader(file)
        ]
    query = "SELECT rank, track_id, artwork_id FROM v_pairs ORDER BY rank"
    stored = finished("sql", query, "--json").json
    assert matched == [tuple(row.values()) for row in stored]


def test_match_without_output_prints_csv(finished, tmp_path):
    (tmp_path / "a.csv").write_text("one,255,0,0\ntwo,0,0,255\n")
    (tmp_path / "b.csv").write_text("name,red,green,blue\nthree,0,0,10\nfour,9,0,0\n")
    found = finished("match", tmp_path / "a.csv", tmp_path / "b.csv")
    assert found.out.splitlines() == [
        "rank,track,artwork,similarity",
        "1,one,four,1.000000000000",
        "2,two,three,1.000000000000",
    ]


def test_evaluate_prints_the_tables(finished):
    found = finished("evaluate", "--json").json
    assert found["tables"]["I"]["total"]["n"] == 3
    assert found["tables"]["II"]["aggregated"]["n"] == 4
    whole = found["tables"]["V"]["pairs (whole)"]
    assert whole["mean"] == pytest.approx(finished.paired.json["mean"])
    assert whole["null_mean"] == pytest.approx(finished.paired.json["null_mean"])
    text = finished("evaluate").out
    for title in ("Table I:", "Table II:", "Table V:", "random:", "resampled:", "constant:"):
        assert title in text


def test_report_is_one_file_that_asks_for_nothing_else(finished, tmp_path):
    output = tmp_path / "report.html"
    assert finished("report", "--output", output).code == 0
    page = output.read_text(encoding="utf-8")
    assert page.count("data:audio/mpeg") >= 3
    assert page.count("data:image/webp") >= 3
    assert 'src="http' not in page
    assert str(finished.folder) not in page  # a page may be shared


@pytest.mark.parametrize("what", ["items", "captions", "emotions", "embeddings", "pairs"])
def test_export_in_every_format(finished, tmp_path, what):
    outputs = [tmp_path / f"{what}{suffix}" for suffix in (".csv", ".jsonl", ".parquet")]
    numbers = {finished("export", what, "--output", o, "--json").json["rows"] for o in outputs}
    assert len(numbers) == 1
    with outputs[0].open() as file:
        from_csv = list(csv.DictReader(file))
    from_lines = [json.loads(line) for line in outputs[1].read_text().splitlines()]
    import pyarrow.parquet as pq

    from_parquet = pq.read_table(outputs[2]).to_pylist()
    assert len(from_csv) == len(from_lines) == len(from_parquet) == numbers.pop()
    for lines, parquet in zip(from_lines, from_parquet, strict=True):
        assert list(lines) == list(parquet)


def test_map_text_gives_a_triple_a_line(finished):
    texts = "A calm, gentle lullaby.\nA furious, fast battle.\n"
    found = finished("map-text", "--json", text=texts)
    lines = [json.loads(line) for line in found.out.splitlines()]
    assert [line["text"] for line in lines] == texts.splitlines()
    assert lines[0]["green"] > lines[1]["green"]
    assert lines[1]["red"] > lines[0]["red"]


def test_map_text_gives_a_failure_its_reason_not_a_colour(finished):
    found = finished("map-text", "--json", text="A calm lake.\n\nA sad song.\n")
    assert found.code == 3
    lines = [json.loads(line) for line in found.out.splitlines()]
    assert [line["red"] is None for line in lines] == [False, True, False]
    assert lines[1]["reason"] == "empty-caption"


def test_backends_are_listed(finished):
    found = {row["name"]: row for row in finished("backends", "--json").json}
    assert {"embedded-track", "embedded-artwork", "embedded-mapper"} <= set(found)
    assert found["embedded-mapper"]["kinds"] == ["track", "artwork"]
    assert found["embedded-track"]["weights"] == "none needed"


def test_a_limit_and_a_stage_are_kept_to(cmean, small_corpus):
    cmean("ingest", small_corpus)
    first = cmean("run", "--stage", "caption", "--limit", 7, "--json").json
    assert list(first) == ["caption"]
    assert (first["caption"]["done"], first["caption"]["remaining"]) == (7, 28)
    assert cmean("run", "--json").json["emotion"]["done"] == 35


def test_another_recipe_makes_its_own_work_beside_the_old(cmean, small_corpus):
    cmean("ingest", small_corpus)
    cmean("run")
    ran = cmean("run", "--profile", "embedded-stretched", "--json").json
    assert ran["caption"]["done"] == 20  # artworks only: nothing changed for tracks
    rows = cmean("sql", "SELECT COUNT(*) AS n FROM v_captions", "--json").json
    assert rows == [{"n": 55}]


def test_metadata_goes_before_names(cmean, small_corpus):
    facts = small_corpus / "metadata.csv"
    facts.write_text("kind,path,title,creator,mood\ntrack,track-0.wav,The <Title>,Someone,wry\n")
    cmean("ingest", small_corpus, "--metadata", facts)
    query = "SELECT title, creator, metadata FROM items WHERE kind = 'track' ORDER BY id"
    rows = cmean("sql", query, "--json").json
    assert (rows[0]["title"], rows[0]["creator"]) == ("The <Title>", "Someone")
    assert json.loads(rows[0]["metadata"]) == {"mood": "wry"}
    assert rows[1]["title"] == "track 1"


def test_a_renamed_copy_is_known_and_a_moved_file_is_found(cmean, small_corpus):
    cmean("ingest", small_corpus)
    moved = small_corpus / "moved.wav"
    (small_corpus / "track-0.wav").rename(moved)
    assert cmean("ingest", moved, "--json").json["known"] == 1
    assert cmean("run", "--json").json["caption"]["failed"] == 0


def test_collections_hold_known_items_too(cmean, small_corpus):
    cmean("ingest", small_corpus)
    cmean("ingest", small_corpus, "--collection", "first")
    cmean("ingest", small_corpus, "--collection", "second")
    query = "SELECT collection_id, COUNT(*) AS n FROM collection_items GROUP BY 1 ORDER BY 1"
    assert [row["n"] for row in cmean("sql", query, "--json").json] == [7, 7]


def test_the_small_real_corpus(cmean, corpus):
    found = cmean("ingest", corpus, "--metadata", corpus / "metadata.csv", "--json").json
    assert (found["added"], found["rejected"]) == (31, [])
    ran = cmean("run", "--json").json
    assert [stage["done"] for stage in ran.values()] == [155, 155]
    paired = cmean("pair", "--json").json
    assert (paired["pairs"], paired["unpaired_artworks"]) == (9, 13)


def test_the_demo_takes_folders_of_your_own(cmean, small_corpus, tmp_path):
    for kind in ("track", "artwork"):
        (tmp_path / kind).mkdir()
        for path in small_corpus.glob(f"{kind}-*"):
            path.rename(tmp_path / kind / path.name)
    found = cmean(
        "demo", "mine", "--tracks", tmp_path / "track", "--artworks", tmp_path / "artwork", "--json"
    )
    assert (found.code, found.json["pairs"], found.json["agreement"]) == (0, 3, None)
