"""Captions are dealt out anew: nobody keeps its own, and the order of the items says nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cmean.inference.shuffling import assign_donors

KEYS = st.dictionaries(st.integers(1, 10**6), st.text(), max_size=30).map(
    lambda found: {item: f"{key} {item}" for item, key in found.items()}
)


@given(KEYS, st.integers(0, 10**6))
def test_each_item_gets_those_of_another_and_each_gives_once(keys, seed):
    found = assign_donors(keys, seed)
    if len(keys) < 2:
        assert found == {}
        return
    assert found.keys() == keys.keys()
    assert sorted(found.values()) == sorted(keys)
    assert all(item != donor for item, donor in found.items())
    first = item = next(iter(found))
    circle = {item}
    while (item := found[item]) != first:
        circle.add(item)
    assert circle == keys.keys()


@given(KEYS, st.integers(0, 10**6), st.randoms())
def test_the_order_of_the_items_makes_no_difference(keys, seed, random):
    items = list(keys)
    random.shuffle(items)
    assert assign_donors({item: keys[item] for item in items}, seed) == assign_donors(keys, seed)


def test_another_seed_is_another_circle():
    keys = {item: str(item) for item in range(20)}
    assert assign_donors(keys, 0) != assign_donors(keys, 1)


def test_what_items_are_known_by_decides_and_not_their_ids():
    here = {1: "a", 2: "b", 3: "c"}
    there = {30: "c", 10: "a", 20: "b"}
    named = {here[item]: here[donor] for item, donor in assign_donors(here, 5).items()}
    assert named == {there[item]: there[donor] for item, donor in assign_donors(there, 5).items()}
