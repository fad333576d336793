"""Ships sample events through the Fluent Bit configuration that each cluster has now, and reads them back."""

import json
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcloud.deployed import Deployed
from localcloud.errors import LocalCloudError
from localcloud.layout import Layout
from localcloud.pipeline import Endpoint, PipelineError, run_ecs, run_kubernetes, sample_events


def check(layout: Layout, outputs: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Ship through every cluster's configuration into the deployed log group.

    Returns a row of words for each cluster.

    Raises:
        LocalCloudError: events did not arrive, or not as they were; for every cluster of which that is so.
    """
    deployed, log_group = Deployed(layout), outputs["logGroup"]["name"]
    clusters: Mapping[str, Mapping[str, Any]] = outputs["clusters"]

    def ship(cluster: str) -> str:
        try:
            return _ship(deployed, _endpoint(layout), log_group, cluster, clusters[cluster])
        except (PipelineError, LocalCloudError) as error:
            return f"failed: {error}"

    with ThreadPoolExecutor() as pool:
        said = dict(zip(clusters, pool.map(ship, clusters), strict=True))
    failed = [f"{cluster}: {words}" for cluster, words in said.items() if words.startswith("failed")]
    if failed:
        raise LocalCloudError("the pipeline check:\n" + "\n".join(failed))
    return [(cluster, clusters[cluster]["platform"], words) for cluster, words in said.items()]


def _ship(deployed: Deployed, endpoint: Endpoint, log_group: str, cluster: str, output: Mapping[str, Any]) -> str:
    marker = f"check-{secrets.token_hex(4)}"
    sent = sample_events(marker)
    run = run_ecs if output["platform"] == "ecs" else run_kubernetes
    node = run(deployed.fluent_bit_files(cluster, output), endpoint, sent)
    stream = f"{cluster}/{node}"
    arrived = [event for event in deployed.events(log_group, stream) if event.get("hostname") == marker]
    compare(sent, arrived, {"name": cluster, "platform": output["platform"], "node": node})
    return f"{len(arrived)} of {len(sent)} events arrived unchanged in {log_group}, stream {stream}"


def compare(sent: Sequence[str], arrived: Sequence[Mapping[str, Any]], cluster: Mapping[str, str]) -> None:
    """Hold what arrived against what was sent: each event once, as Falco wrote it, and its `cluster` beside that.

    Raises:
        LocalCloudError: it is otherwise; says how.
    """
    for event in arrived:
        said = event.get("cluster", {})
        if wrong := {key: said.get(key) for key, value in cluster.items() if said.get(key) != value}:
            raise LocalCloudError(f"found {wrong} in an event's `cluster`, expected {dict(cluster)}")
    bare = [{key: value for key, value in event.items() if key != "cluster"} for event in arrived]
    missing = [event for event in map(json.loads, sent) if event not in bare]
    if missing or len(arrived) != len(sent):
        detail = f"; the first that is missing or changed: {missing[0]}" if missing else ""
        raise LocalCloudError(f"found {len(arrived)} events, expected the {len(sent)} that were sent{detail}")


def _endpoint(layout: Layout) -> Endpoint:
    ports = layout.ports()
    assert ports is not None
    return Endpoint("127.0.0.1", ports.moto_tls, layout.certificate)
