"""The tables of docs/cost.md: each destination by itself, at ten, a thousand and a hundred thousand events."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from falco_firelens.cost.estimate import Load, estimate
from falco_firelens.settings import load

EVENTS: Final = (10, 1_000, 100_000)
"""A node and day: a quiet node, a busy one, and one whose rules want tuning."""
NODES: Final = 100

WORKGROUP: Final = {
    "workgroup": "security",
    "jdbcUrl": "jdbc:redshift://security.111122223333.us-east-1.redshift-serverless.amazonaws.com:5439/falco",
    "secretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:firehose",
}


def _sent_to(**destinations: object) -> Mapping[str, object]:
    return {"events": {"destinations": destinations}}


NOTHING: Final[Mapping[str, object]] = {}
PLAYBOOK: Final[Mapping[str, object]] = {"name": "contain", "actions": {"isolate": NOTHING, "notify": NOTHING}}

DESTINATIONS: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "log group, 90 days": ("log group", {}),
    "metrics, alarms, dashboard": ("insight", {}),
    "automatic response": ("response", {"response": {"playbooks": [PLAYBOOK]}}),
    "S3 as Parquet, seven years": ("s3", _sent_to(s3={})),
    "S3 as JSON, seven years": ("s3", _sent_to(s3={"format": "json"})),
    "OpenSearch, 2 x t3.small.search": ("opensearch", _sent_to(opensearch={"create": {}})),
    "Redshift Serverless, 8 RPUs": ("redshift", _sent_to(redshift={"existing": WORKGROUP})),
}
CLUSTERS: Final = [
    {"name": "apps", "platform": "eks", "create": {"endpointAccess": "private"}},
    {"name": "jobs", "platform": "ecs"},
]


def tables() -> str:
    """Dollars a month for a hundred nodes in two clusters, one row a destination."""
    head = ["| destination | " + " | ".join(f"{events:,} events" for events in EVENTS) + " |", "| --- " * 4 + "|"]
    return "\n".join([*head, *(_row(title, *about) for title, about in DESTINATIONS.items())])


def _row(title: str, destination: str, keys: Mapping[str, object]) -> str:
    settings = load({"clusters": CLUSTERS, **keys}, file="", root=Path())
    sums = [
        sum(line.dollars for line in estimate(settings, Load(NODES, count)) if line.destination == destination)
        for count in EVENTS
    ]
    return (
        f"| {title} | "
        + " | ".join(f"{dollars:,.0f}" if dollars >= 10 else f"{dollars:.2f}" for dollars in sums)
        + " |"
    )
