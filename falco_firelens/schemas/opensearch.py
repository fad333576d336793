"""OpenSearch: the template that events' indices are made by, and saved objects with a starter dashboard."""

import json
from typing import Any, Final

Document = dict[str, Any]

INDEX: Final = "falco-events"
"""Firehose appends the day: `falco-events-2026-11-24`."""

PATTERN: Final = f"{INDEX}-*"

MOST_FIELDS: Final = 2000
"""More than Falco has fields, so that no event is refused for a field that is new."""

_KEYWORD: Final = {"type": "keyword", "ignore_above": 8191}
"""Longer texts are kept, but not found: Lucene refuses terms of more than 32,766 bytes."""


def index_template() -> Document:
    """Return the body of `PUT _index_template/falco-events`.

    `output_fields` is a flat object: its keys have dots, and as an object `proc.name` beside `proc` could not be
    mapped; nor could a field that is a number in one rule and a text in another. Any key is searched anyway,
    `output_fields.k8s.ns.name: shop`.
    https://docs.opensearch.org/latest/mappings/supported-field-types/flat-object/
    """
    return {
        "index_patterns": [PATTERN],
        "priority": 200,
        "template": {
            "settings": {
                "index": {
                    "number_of_shards": 1,
                    "number_of_replicas": 1,
                    "codec": "best_compression",
                    "mapping": {"total_fields": {"limit": MOST_FIELDS}},
                }
            },
            "mappings": {
                "dynamic": False,
                "properties": {
                    "time": {"type": "date_nanos"},
                    "rule": _KEYWORD,
                    "priority": _KEYWORD,
                    "source": _KEYWORD,
                    "tags": _KEYWORD,
                    "hostname": _KEYWORD,
                    "output": {"type": "text"},
                    "output_fields": {"type": "flat_object"},
                    "cluster": {
                        "properties": dict.fromkeys(("name", "platform", "account", "region", "node"), _KEYWORD)
                    },
                },
            },
        },
    }


def saved_objects() -> str:
    """Return what OpenSearch Dashboards imports: one JSON object a line, those that others refer to first."""
    panels = (
        _histogram("events-over-time", "Events over time by priority", "priority"),
        _histogram("events-by-cluster", "Events over time by cluster", "cluster.name"),
        _ranking("top-rules", "Top rules", "rule"),
        _ranking("top-nodes", "Top nodes", "cluster.node"),
    )
    objects = (_index_pattern(), *panels, _search(), _dashboard([panel["id"] for panel in panels]))
    return "".join(json.dumps(one, sort_keys=True) + "\n" for one in objects)


_PATTERN_ID: Final = INDEX
_SEARCH_ID: Final = f"{INDEX}-newest-critical"
_SOURCE_REFERENCE: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"
"""The name by which Dashboards finds the index pattern of a saved object."""


def _index_pattern() -> Document:
    return _object("index-pattern", _PATTERN_ID, {"title": PATTERN, "timeFieldName": "time"}, [])


def _source(query: str) -> Document:
    found: Document = {
        "query": {"query": query, "language": "kuery"},
        "filter": [],
        "indexRefName": _SOURCE_REFERENCE,
    }
    return {"searchSourceJSON": json.dumps(found)}


def _on_pattern() -> list[Document]:
    return [{"name": _SOURCE_REFERENCE, "type": "index-pattern", "id": _PATTERN_ID}]


def _visualization(name: str, title: str, state: Document, query: str = "not source: internal") -> Document:
    attributes = {
        "title": title,
        "description": "",
        "version": 1,
        "uiStateJSON": "{}",
        "visState": json.dumps({"title": title, **state}),
        "kibanaSavedObjectMeta": _source(query),
    }
    return _object("visualization", f"{INDEX}-{name}", attributes, _on_pattern())


def _count() -> Document:
    return {"id": "1", "enabled": True, "type": "count", "schema": "metric", "params": {}}


def _terms(number: str, field: str, schema: str, size: int) -> Document:
    params = {"field": field, "size": size, "order": "desc", "orderBy": "1", "otherBucket": False}
    return {"id": number, "enabled": True, "type": "terms", "schema": schema, "params": params}


def _histogram(name: str, title: str, field: str) -> Document:
    times = {
        "id": "2",
        "enabled": True,
        "type": "date_histogram",
        "schema": "segment",
        "params": {"field": "time", "interval": "auto", "min_doc_count": 1},
    }
    axes = {
        "type": "histogram",
        "addLegend": True,
        "addTooltip": True,
        "legendPosition": "right",
        "categoryAxes": [{"id": "CategoryAxis-1", "type": "category", "position": "bottom", "show": True}],
        "valueAxes": [{"id": "ValueAxis-1", "name": "Events", "type": "value", "position": "left", "show": True}],
        "seriesParams": [
            {
                "show": True,
                "type": "histogram",
                "mode": "stacked",
                "data": {"id": "1", "label": "Events"},
                "valueAxis": "ValueAxis-1",
            }
        ],
    }
    state = {"type": "histogram", "params": axes, "aggs": [_count(), times, _terms("3", field, "group", 10)]}
    return _visualization(name, title, state)


def _ranking(name: str, title: str, field: str) -> Document:
    state = {
        "type": "table",
        "params": {"perPage": 10, "showTotal": False},
        "aggs": [_count(), _terms("2", field, "bucket", 20)],
    }
    return _visualization(name, title, state)


def _search() -> Document:
    attributes = {
        "title": "Newest events, Critical and graver",
        "columns": ["cluster.name", "cluster.node", "priority", "rule", "output"],
        "sort": [["time", "desc"]],
        "version": 1,
        "kibanaSavedObjectMeta": _source("priority: (Critical or Alert or Emergency)"),
    }
    return _object("search", _SEARCH_ID, attributes, _on_pattern())


def _dashboard(panels: list[str]) -> Document:
    """Two panels a row, the newest events below them."""
    shown = [("visualization", panel) for panel in panels] + [("search", _SEARCH_ID)]
    places = [{"x": 24 * (number % 2), "y": 15 * (number // 2), "w": 24, "h": 15} for number in range(len(panels))]
    places.append({"x": 0, "y": 15 * ((len(panels) + 1) // 2), "w": 48, "h": 20})
    grid = [
        {
            "panelIndex": str(number),
            "panelRefName": f"panel_{number}",
            "gridData": {**place, "i": str(number)},
            "embeddableConfig": {},
        }
        for number, place in enumerate(places)
    ]
    attributes = {
        "title": "Falco",
        "description": "Security events of every cluster",
        "panelsJSON": json.dumps(grid),
        "optionsJSON": json.dumps({"useMargins": True, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": "now-24h",
        "timeTo": "now",
        "version": 1,
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": json.dumps({"query": {"query": "", "language": "kuery"}, "filter": []})
        },
    }
    references = [{"name": f"panel_{number}", "type": kind, "id": one} for number, (kind, one) in enumerate(shown)]
    return _object("dashboard", INDEX, attributes, references)


def _object(kind: str, identity: str, attributes: Document, references: list[Document]) -> Document:
    return {"type": kind, "id": identity, "attributes": attributes, "references": references}
