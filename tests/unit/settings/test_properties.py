"""What holds for every tree, however odd: one kind of error, one line a mistake, and one meaning for YAML and JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from falco_firelens.settings import Settings, SettingsError, load
from falco_firelens.settings.validation.locations import fields_of, models_in

ROOT = Path("/nonexistent")

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.dates()

TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def shaped(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Trees with the keys of a model, some missing, and values of the right or of any kind."""
    values: dict[str, st.SearchStrategy[Any]] = {}
    for key, field in fields_of(model).items():  # pyright: ignore[reportArgumentType]
        below = [shaped(inner) for inner in models_in(field.annotation)]
        lists = [st.lists(one, max_size=3) for one in below]
        words = [st.sampled_from(["eks", "ecs", "kubernetes", "default", "10.0.0.0/16", "m7g.large", "1.35"])]
        values[key] = st.one_of(*below, *lists, *words, st.integers(-2, 20), TREES)
    return st.fixed_dictionaries({}, optional=values)


def outcome(tree: Any) -> Settings | tuple[str, ...]:
    """The settings, or the lines of the one error that `load` may raise."""
    try:
        return load(tree, file="F", root=ROOT)
    except SettingsError as error:
        lines = str(error).split("\n")
        assert len(lines) == len(error.mistakes) == len(set(lines))
        for line in lines:
            assert line.isprintable()
            assert line.startswith("F: ")
            assert ": found " in line
            assert ", expected " in line
            assert "Input should" not in line
        return tuple(lines)


@given(st.dictionaries(st.text(max_size=8), TREES, max_size=4))
def test_any_tree_gives_settings_or_lines(tree: dict[str, Any]) -> None:
    outcome(tree)


@given(shaped(Settings))
@settings(max_examples=3 * settings.default.max_examples)
def test_a_tree_of_the_right_keys_gives_settings_or_lines(tree: dict[str, Any]) -> None:
    outcome(tree)


JSON_TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
).filter(lambda tree: not isinstance(tree, str))


@given(
    st.fixed_dictionaries(
        {"clusters": JSON_TREES}, optional={"network": JSON_TREES, "events": JSON_TREES, "falco": JSON_TREES}
    )
)
def test_json_texts_mean_what_the_trees_mean(tree: dict[str, Any]) -> None:
    assert outcome({key: json.dumps(value) for key, value in tree.items()}) == outcome(tree)


@given(least=st.integers(0, 12), most=st.integers(1, 12), desired=st.integers(0, 12) | st.none())
def test_sizes_are_taken_exactly_where_they_are_in_order(least: int, most: int, desired: int | None) -> None:
    group = {"minSize": least, "maxSize": most} | ({} if desired is None else {"desiredSize": desired})
    tree = {
        "clusters": [
            {"name": "apps", "platform": "eks", "create": {"endpointAccess": "private", "nodeGroups": [group]}}
        ]
    }
    in_order = least <= most and (desired is None or least <= desired <= most)
    assert isinstance(outcome(tree), Settings) == in_order


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_a_vpc_range_is_taken_exactly_where_aws_and_the_subnets_take_it(address: int, prefix: int) -> None:
    from ipaddress import IPv4Address, IPv4Network

    network = IPv4Network((address, prefix), strict=False)
    bad = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "172.17.0.0/16")
    good = 16 <= prefix <= 23 and not any(network.overlaps(IPv4Network(other)) for other in bad)
    exact = IPv4Address(address) == network.network_address
    cidr = f"{IPv4Address(address)}/{prefix}"
    tree = {"clusters": [{"name": "apps", "platform": "ecs"}], "network": {"cidr": cidr}}
    assert isinstance(outcome(tree), Settings) == (good and exact)
    tree["network"] = {"cidr": str(network)}
    assert isinstance(outcome(tree), Settings) == good


@pytest.mark.parametrize("depth", [40, 5000])
def test_a_deep_tree_is_refused(depth: int) -> None:
    tree: Any = []
    for _ in range(depth):
        tree = [tree]
    assert not isinstance(outcome({"clusters": tree, "falco": {"exceptions": tree}}), Settings)
    assert not isinstance(outcome({"clusters": "[" * depth + "]" * depth}), Settings)
