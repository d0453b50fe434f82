"""Back-ends of other packages: one that cannot be imported is named, and harms no other."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from cmean.backends import registry
from cmean.errors import ConfigError


@pytest.fixture
def broken(monkeypatch):
    """An installed package whose back-end is not where its entry point says."""
    entry = EntryPoint("lost", "cmean_no_such_module:INFO", "cmean.backends")
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])  # noqa: ARG005
    caches = (registry.list_backends, registry._load_plugins)  # noqa: SLF001
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("broken")
def test_a_back_end_that_cannot_be_imported_is_named_with_its_reason():
    assert registry.get_info("constant").name == "constant"
    why = "cmean_no_such_module:INFO: ModuleNotFoundError: No module named 'cmean_no_such_module'"
    assert registry.list_broken_plugins() == {"lost": why}
    with pytest.raises(ConfigError, match="'lost' cannot be imported from cmean_no_such_module"):
        registry.get_info("lost")


@pytest.mark.usefixtures("broken")
def test_the_list_of_back_ends_says_what_it_left_out(cmean):
    found = cmean("backends", "--json")
    assert found.code == 0
    assert "left out: the back-end 'lost' cannot be imported" in found.err
