"""What is wrong with a cluster's sensors: plain functions of heartbeats and nodes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from falco_firelens.watch.heartbeats import Heartbeat


@dataclass(frozen=True)
class Node:
    """A node that there is, by every name that its log stream may have, and since when, in seconds."""

    names: frozenset[str]
    since: float

    @property
    def name(self) -> str:
        """Return the name that is shown."""
        return min(self.names)


def silent(nodes: Iterable[Node], heartbeats: Iterable[Heartbeat], start: float) -> list[str]:
    """Return the nodes without a heartbeat since `start`, of those that have been there for so long."""
    heard = {one.node.lower() for one in heartbeats if one.time >= start}
    return sorted(
        node.name for node in nodes if node.since < start and heard.isdisjoint(name.lower() for name in node.names)
    )


def differing(heartbeats: Sequence[Heartbeat], deployed: Mapping[str, str]) -> dict[str, list[str]]:
    """Return, by node, the files that are not those that were deployed, as its newest heartbeat has them.

    What nobody knows the sum of, such as the rules in Falco's own image, should be the same on all nodes.
    """
    newest = {one.node: one.files for one in heartbeats}
    others = {key for files in newest.values() for key in files} - deployed.keys()
    usual = {key: Counter(files.get(key, "") for files in newest.values()).most_common(1)[0][0] for key in others}
    wrong = {
        node: sorted(key for key, value in {**usual, **deployed}.items() if files.get(key, "") != value)
        for node, files in newest.items()
    }
    return {node: keys for node, keys in wrong.items() if keys}


def dropped(heartbeats: Sequence[Heartbeat], start: float) -> dict[str, int]:
    """Return, by node, how many events Falco's outputs' queue dropped between the heartbeats.

    The count begins at 0 when Falco starts, so of one that has started since `start`, or has started again, all count.
    """
    last: dict[str, Heartbeat] = {}
    found: Counter[str] = Counter()
    for one in heartbeats:
        before = last.get(one.node)
        if before is None:
            found[one.node] += one.dropped if one.started >= start else 0
        else:
            found[one.node] += one.dropped - before.dropped if one.dropped >= before.dropped else one.dropped
        last[one.node] = one
    return {node: count for node, count in found.items() if count}
