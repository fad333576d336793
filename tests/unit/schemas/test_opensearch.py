"""The index template and the saved objects of the starter dashboard."""

import json
from typing import Any

from falco_firelens.schemas import opensearch
from tests.unit.schemas.samples import events


def objects() -> list[dict[str, Any]]:
    return [json.loads(line) for line in opensearch.saved_objects().splitlines()]


def mapped() -> dict[str, Any]:
    return opensearch.index_template()["template"]["mappings"]["properties"]


def test_every_key_of_an_event_is_mapped() -> None:
    assert set(mapped()) == {key for event in events() for key in event}
    assert set(mapped()["cluster"]["properties"]) == set(events()[0]["cluster"])  # pyright: ignore[reportArgumentType]


def test_dotted_keys_are_not_expanded_and_time_keeps_its_nanoseconds() -> None:
    assert mapped()["output_fields"] == {"type": "flat_object"}
    assert mapped()["time"] == {"type": "date_nanos"}
    assert opensearch.index_template()["template"]["mappings"]["dynamic"] is False


def test_the_template_is_for_the_indices_that_firehose_makes() -> None:
    assert opensearch.index_template()["index_patterns"] == [f"{opensearch.INDEX}-*"]


def test_what_an_object_refers_to_comes_before_it() -> None:
    seen: set[tuple[str, str]] = set()
    for one in objects():
        assert {(reference["type"], reference["id"]) for reference in one["references"]} <= seen, one["id"]
        seen.add((one["type"], one["id"]))
    assert len(seen) == len(objects())


def test_panels_aggregate_fields_that_can_be_aggregated() -> None:
    keywords = {name for name, field in mapped().items() if field.get("type") in ("keyword", "date_nanos")}
    keywords |= {f"cluster.{name}" for name in mapped()["cluster"]["properties"]}
    for one in objects():
        state = json.loads(one["attributes"].get("visState", "{}"))
        for aggregation in state.get("aggs", ()):
            assert aggregation["params"].get("field", "time") in keywords


def test_the_dashboard_shows_every_panel_once_and_none_over_another() -> None:
    (dashboard,) = [one for one in objects() if one["type"] == "dashboard"]
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    assert [panel["panelRefName"] for panel in panels] == [reference["name"] for reference in dashboard["references"]]
    assert len(panels) == len([one for one in objects() if one["type"] in ("visualization", "search")])
    covered = [
        (x, y)
        for place in (panel["gridData"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(covered) == len(set(covered)) and max(x for x, _ in covered) < 48
