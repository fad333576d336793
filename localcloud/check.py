"""Ships sample events through the Fluent Bit configuration that each cluster has now, and reads them back."""

import json
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from falco_firelens.schemas.glue import events_folder
from falco_firelens.sensor import falco
from localcloud.deployed import Deployed
from localcloud.errors import LocalCloudError
from localcloud.stacks import LocalStack
from testbed import PipelineError, run_ecs, run_kubernetes, sample_events

Event = Mapping[str, Any]

NOT_HERE = "taken by Firehose, which here delivers to s3 alone"
"""What is true of a destination for which moto's Firehose takes records and forgets them."""


class Archive(NamedTuple):
    """Where a stack's events are kept as objects, and whose it is: of a spoke, the hub's."""

    name: str
    owner: Deployed
    bucket: str
    prefix: str


def _own_archive(deployed: Deployed, outputs: Mapping[str, Any]) -> Archive | None:
    s3: Mapping[str, str] | None = outputs["destinations"].get("s3")
    return Archive("s3", deployed, s3["bucket"], s3["prefix"]) if s3 else None


def archive_in(hub: Deployed, outputs: Mapping[str, Any], spoke: LocalStack) -> Archive:
    """Return a spoke's archive in a hub with these outputs."""
    prefix = events_folder(spoke.account, spoke.region)
    return Archive("the hub's s3", hub, outputs["destinations"]["s3"]["bucket"], prefix)


def check(deployed: Deployed, outputs: Mapping[str, Any], archive: Archive | None = None) -> list[tuple[str, str, str]]:
    """Ship through every cluster of a stack into every destination of it; `outputs` are the stack's.

    `archive` is given where it is not the stack's own.

    Returns a row of words for each cluster.

    Raises:
        LocalCloudError: events did not arrive, or not as they were; for every affected cluster.
    """
    clusters: Mapping[str, Mapping[str, Any]] = outputs["clusters"]
    archive = archive or _own_archive(deployed, outputs)

    def ship(cluster: str) -> str:
        try:
            return _ship(deployed, outputs, archive, cluster)
        except (PipelineError, LocalCloudError) as error:
            return f"failed: {error}"

    with ThreadPoolExecutor() as pool:
        said = dict(zip(clusters, pool.map(ship, clusters), strict=True))
    failed = [f"{cluster}: {words}" for cluster, words in said.items() if words.startswith("failed")]
    if failed:
        raise LocalCloudError("the pipeline check:\n" + "\n".join(failed))
    return [(cluster, clusters[cluster]["platform"], words) for cluster, words in said.items()]


def _ship(deployed: Deployed, outputs: Mapping[str, Any], archive: Archive | None, cluster: str) -> str:
    output = outputs["clusters"][cluster]
    marker = f"check-{secrets.token_hex(4)}"
    sent = sample_events(marker, falco.sums(deployed.falco_files(cluster, output)))
    run = run_ecs if output["platform"] == "ecs" else run_kubernetes
    node = run(deployed.fluent_bit_files(cluster, output), deployed.endpoint, sent)
    words: list[str] = []
    for destination, events in _arrived(deployed, outputs, archive, f"{cluster}/{node}").items():
        if events is None:
            words.append(f"{destination} {NOT_HERE}")
            continue
        marked = [event for event in events if event.get("hostname") == marker]
        compare(sent, marked, {"name": cluster, "platform": output["platform"], "node": node}, destination)
        words.append(f"{destination} {len(marked)} of {len(sent)}")
    return ", ".join(words)


def _arrived(
    deployed: Deployed, outputs: Mapping[str, Any], archive: Archive | None, stream: str
) -> dict[str, Sequence[Event] | None]:
    """Return how many events each destination has, None where that cannot be seen here."""
    found: dict[str, Sequence[Event] | None] = {}
    destinations: Mapping[str, Mapping[str, Any]] = outputs["destinations"]
    if outputs["logGroup"]:
        found["log group"] = deployed.events(outputs["logGroup"]["name"], stream)
    if archive:
        found[archive.name] = archive.owner.archived(archive.bucket, archive.prefix)
    return found | {name: None for name in destinations if name != "s3"}


def compare(sent: Sequence[str], arrived: Sequence[Event], cluster: Mapping[str, str], destination: str) -> None:
    """Hold what arrived against what was sent: each event once, as Falco wrote it, and its `cluster` beside that.

    Raises:
        LocalCloudError: something differs; says what.
    """
    for event in arrived:
        said = event.get("cluster", {})
        if wrong := {key: said.get(key) for key, value in cluster.items() if said.get(key) != value}:
            raise LocalCloudError(f"{destination}: found {wrong} in an event's `cluster`, expected {dict(cluster)}")
    bare = [{key: value for key, value in event.items() if key != "cluster"} for event in arrived]
    missing = [event for event in map(json.loads, sent) if event not in bare]
    if missing or len(arrived) != len(sent):
        detail = f"; the first that is missing or changed: {missing[0]}" if missing else ""
        raise LocalCloudError(
            f"{destination}: found {len(arrived)} events, expected the {len(sent)} that were sent{detail}"
        )
