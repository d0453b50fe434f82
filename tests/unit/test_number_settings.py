"""Settings that are numbers: read from the environment or the file, and refused where senseless."""

from __future__ import annotations

import pytest

from cmean.config import Settings, load_settings
from cmean.errors import ConfigError


@pytest.fixture
def load(tmp_path):
    """Load the settings of an environment, with a file."""

    def load(text="", **environment):
        path = tmp_path / "cmean.toml"
        path.write_text(text)
        return load_settings({"CMEAN_CONFIG": str(path)} | environment)

    return load


def test_numbers_are_read_from_the_environment_before_the_file(load):
    found = load("vllm_memory = 0.5\nvllm_gpus = 4", CMEAN_VLLM_GPUS="2", CMEAN_LEASE_SECONDS="9")
    assert (found.vllm_memory, found.vllm_gpus, found.lease_seconds) == (0.5, 2, 9.0)
    assert load() == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CMEAN_LEASE_SECONDS", "0"),
        ("CMEAN_LEASE_SECONDS", "inf"),
        ("CMEAN_VLLM_MEMORY", "0"),
        ("CMEAN_VLLM_MEMORY", "1.1"),
        ("CMEAN_VLLM_MEMORY", "nan"),
        ("CMEAN_VLLM_MEMORY", "most"),
        ("CMEAN_VLLM_GPUS", "0"),
        ("CMEAN_VLLM_GPUS", "1.5"),
    ],
)
def test_a_number_without_sense_is_refused_by_name(load, name, value):
    with pytest.raises(ConfigError, match=f"{name} must be .*, not '{value}'"):
        load(**{name: value})


def test_a_number_in_place_of_a_text_is_refused(load):
    with pytest.raises(ConfigError, match="the setting device must be a text, not 1"):
        load("device = 1")
