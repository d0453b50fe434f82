"""What a profile says of its pairing: read from TOML, inherited through `extends`, checked."""

from __future__ import annotations

import pytest

from cmean.config import Settings, get_plain_pairing, load_settings
from cmean.errors import ConfigError
from cmean.inference import controls

EMBEDDED = {"method": "optimal", "metric": "euclidean", "calibrate": "quantile"}


def profile(tmp_path, monkeypatch, toml, name="mine"):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cmean.toml").write_text(toml)
    return load_settings({}).get_profile(name)


@pytest.mark.parametrize(
    "name", ["embedded", "embedded-stretched", "embedded-text", "embedded-judged"]
)
def test_the_embedded_profiles_choose(name):
    assert Settings().get_profile(name).pairing == EMBEDDED


@pytest.mark.parametrize(
    "name", ["paper", "paper-as-run", "paper-continued", "omni", "lavis", "llava", "server"]
)
def test_the_others_pair_as_the_study_did(name):
    assert Settings().get_profile(name).pairing == get_plain_pairing()


def test_a_profile_changes_what_it_names(tmp_path, monkeypatch):
    toml = "[profiles.mine]\nextends = 'embedded'\n[profiles.mine.pairing]\nmethod = 'greedy'\n"
    assert profile(tmp_path, monkeypatch, toml).pairing == {**EMBEDDED, "method": "greedy"}
    toml = "[profiles.mine]\nextends = 'paper'\n[profiles.mine.pairing]\ncalibrate = 'quantile'\n"
    found = profile(tmp_path, monkeypatch, toml)
    assert found.pairing == {**get_plain_pairing(), "calibrate": "quantile"}


def test_a_control_pairs_as_its_profile():
    assert controls.find_profile(Settings(), "embedded+shuffled-captions").pairing == EMBEDDED


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            "pairing = { methods = 'optimal' }",
            "unknown key 'methods' of the pairing; known: method",
        ),
        ("pairing = { method = 'random' }", "method of the pairing is one of greedy, sequential"),
        ("pairing = { metric = 3 }", "metric of the pairing is one of cosine, euclidean, not 3"),
        ("pairing = { calibrate = ['none'] }", "calibrate of the pairing is one of none, quantile"),
        ("pairing = 'optimal'", "pairing must be a table, not 'optimal'"),
    ],
)
def test_what_is_no_choice_is_refused(tmp_path, monkeypatch, table, words):
    toml = f"[profiles.mine]\nextends = 'embedded'\n{table}\n"
    with pytest.raises(ConfigError, match=words) as caught:
        profile(tmp_path, monkeypatch, toml)
    assert "profile 'mine' is not well formed" in str(caught.value)
