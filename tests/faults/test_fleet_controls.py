"""A control that deals captions out anew, done by a fleet: all captions first, then the circle."""

from __future__ import annotations

from waiting import wait_for


def test_captions_are_dealt_out_anew_by_the_fleet(fleet):
    fragments = fleet.ingest(4)
    if fleet.catalog.is_sqlite:  # workers enter and do it all by themselves
        for _ in range(2):
            fleet.start("--profile", "testing+shuffled-captions")
    else:
        for _ in range(2):
            fleet.ready(fleet.start())
        ran = fleet.program("run", "--control", "shuffled-captions", "--json")
        assert ran.code == 0, ran.err
        assert ran.json["caption"]["done"] >= fragments  # others may be there by then
        assert ran.json["emotion"]["done"] == fragments
    wait_for(lambda: fleet.in_state("done", "emotion") >= fragments, "all triples")
    assert fleet.in_state("done") == 2 * fragments
    query = """SELECT s.item_id, s.position, o.item_id FROM v_captions s
        JOIN v_captions o ON o.text = s.text AND o.position = s.position
        WHERE s.captioner = 'shuffle' AND o.captioner <> 'shuffle'"""
    dealt = fleet.rows(query)
    assert len(dealt) == fragments
    donors = {(item, donor) for item, _, donor in dealt}
    assert len(donors) == len({donor for _, donor in donors}) == 4  # all five of one, each once
    assert all(item != donor for item, donor in donors)
