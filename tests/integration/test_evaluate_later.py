"""A pairing's figures do not move when the catalog grows."""

from __future__ import annotations

from support import write_artwork, write_track


def test_an_old_pairing_is_evaluated_over_its_own_items(database_url, make_program, tmp_path):
    program = make_program(tmp_path, database_url)
    assert program("init").code == 0
    media = tmp_path / "media"
    for number in range(2):
        write_track(media / f"track-{number}.wav", pitch=200.0 * (number + 1))
        write_artwork(media / f"artwork-{number}.png", (90 * number, 60, 200))
    for arguments in (("ingest", media), ("run",), ("pair",)):
        assert program(*arguments).code == 0
    before = program("evaluate", "1", "--json").json
    write_track(media / "later.wav", pitch=555.0)
    write_artwork(media / "later.png", (250, 250, 20))
    for arguments in (("ingest", media), ("run",)):
        assert program(*arguments).code == 0
    assert program("evaluate", "1", "--json").json == before
    assert before["tables"]["V"]["pairs (whole)"]["null_mean"] == before["null_mean"]
    assert program("pair", "--json").json["pairs"] == 3
