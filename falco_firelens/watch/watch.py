"""One look at all clusters of a stack: what it finds becomes metrics, and a line of the log for each cluster."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from falco_firelens.contract import METRICS_DIMENSION, METRICS_NAMESPACE
from falco_firelens.watch import metrics
from falco_firelens.watch.configuration import Cluster, Configuration
from falco_firelens.watch.heartbeats import OutOfTimeError, read
from falco_firelens.watch.judgement import Node, differing, dropped, silent
from falco_firelens.watch.nodes import changed, of_ecs, of_eks, seen_before
from falco_firelens.watch.response import missing

SHOWN = 50
"""How many nodes of a kind a line of the log names."""

Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""


class Share:
    """The time that one cluster may take."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise OutOfTimeError when it is over."""
        if time.monotonic() > self._end:
            raise OutOfTimeError("found more than could be read in the time of one cluster")


@dataclass(frozen=True)
class Finding:
    """What is wrong with the sensors of a cluster; nothing, where all of it is empty."""

    silent: Sequence[str] = ()
    differing: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    changed: str | None = None
    """What has happened to the sensor's service; None where there is no such service."""

    @property
    def values(self) -> Mapping[str, int]:
        """Return the values of the cluster's metrics."""
        found = {
            metrics.SILENT: len(self.silent),
            metrics.DIFFERING: len(self.differing),
            metrics.DROPPED: sum(self.dropped.values()),
        }
        return found if self.changed is None else {**found, metrics.CHANGED: int(bool(self.changed))}

    def line(self) -> Mapping[str, Any]:
        """Return what the log says, with the first nodes of each kind."""
        found = {
            "silent": list(self.silent)[:SHOWN],
            "differing": dict(list(self.differing.items())[:SHOWN]),
            "dropped": dict(list(self.dropped.items())[:SHOWN]),
        }
        return {**found, "changed": self.changed} if self.changed else found


class Watch:
    """Looks at every cluster, whatever happens with another one."""

    def __init__(self, configuration: Configuration, client: Client, now: float) -> None:
        self._configuration, self._client, self._now = configuration, client, now
        self._start = now - metrics.SILENT_MINUTES * 60

    def run(self, seconds: float) -> dict[str, Finding]:
        """Look at all clusters within so many seconds; returns what was found, by cluster, of those read to the end."""
        end = time.monotonic() + seconds
        found: dict[str, Finding] = {}
        eks = self._eks_nodes()
        left = list(self._configuration.clusters.items())
        while left:
            name, cluster = left[0]
            share = Share((end - time.monotonic()) / (len(left) + 1))
            left = left[1:]
            try:
                if cluster.platform == "eks" and eks is None:
                    raise OutOfTimeError("its instances could not be listed")
                found[name] = self._look(name, cluster, (eks or {}).get(cluster.name, ()), share)
                _say(cluster=name, **found[name].line())
            except (OutOfTimeError, BotoCoreError, ClientError) as error:
                _say(cluster=name, unread=f"{type(error).__name__}: {error}")
        self._put(found, self._response(Share(end - time.monotonic())))
        return found

    def _response(self, share: Share) -> int | None:
        """Return whether events miss the response; None if there is no response, or it cannot be known."""
        configuration = self._configuration
        if configuration.response is None:
            return None
        clients = {service: self._client(service) for service in ("logs", "cloudwatch")}
        try:
            why = missing(clients, configuration.log_group, configuration.response, self._now, share)
        except (OutOfTimeError, BotoCoreError, ClientError) as error:
            _say(response="", unread=f"{type(error).__name__}: {error}")
            return None
        _say(response=why or "is called")
        return int(bool(why))

    def _look(self, name: str, cluster: Cluster, eks: Sequence[Node], share: Share) -> Finding:
        configuration = self._configuration
        logs, group = self._client("logs"), configuration.log_group
        heartbeats = read(logs, group, name, configuration.heartbeat_rule, (self._start, self._now), share)
        service = None
        if cluster.platform == "ecs":
            nodes = of_ecs(self._client("ecs"), cluster.name, share)
            # A minute more than the period, since runs come a little early or late.
            service = changed(self._client("ecs"), cluster.name, self._now - (metrics.EVERY_MINUTES + 1) * 60)
        elif cluster.platform == "eks":
            nodes = eks
        else:
            nodes = seen_before(logs, group, name, self._now, share)
        return Finding(
            silent(nodes, heartbeats, self._start),
            differing(heartbeats, cluster.files),
            dropped(heartbeats, self._start),
            service,
        )

    def _eks_nodes(self) -> Mapping[str, Sequence[Node]] | None:
        names = [one.name for one in self._configuration.clusters.values() if one.platform == "eks"]
        try:
            return of_eks(self._client("ec2"), names) if names else {}
        except (BotoCoreError, ClientError) as error:
            _say(unread=f"{type(error).__name__}: {error}")
            return None

    def _put(self, found: Mapping[str, Finding], missed: int | None) -> None:
        """Write the metrics, 1,000 of which fit in a request; a stack has 30 clusters at most."""
        of_clusters = [
            {**_datum(metric, value, self._now), "Dimensions": [{"Name": METRICS_DIMENSION, "Value": cluster}]}
            for cluster, finding in found.items()
            for metric, value in finding.values.items()
        ]
        of_stack = {metrics.WATCHED: len(found), metrics.MISSED: missed}
        stack = [_datum(metric, value, self._now) for metric, value in of_stack.items() if value is not None]
        every = [*of_clusters, *stack]
        self._client("cloudwatch").put_metric_data(Namespace=METRICS_NAMESPACE, MetricData=every)


def _datum(metric: str, value: int, now: float) -> dict[str, Any]:
    return {"MetricName": metric, "Timestamp": now, "Value": float(value), "Unit": "Count"}


def _say(**line: Any) -> None:
    """Write a line of JSON into the function's log; what a node calls itself stays text in it."""
    print(json.dumps(line))
