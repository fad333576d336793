"""Saved CloudWatch Logs Insights queries over the events of a log group.

Insights names a field of an object by its path; names with anything but letters, digits, `@` and `.` go in backticks.
The dots of Falco's own keys read the same as those of a path: `output_fields.k8s.pod.name`.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Guidelines.html
"""

from dataclasses import dataclass
from typing import Final

from falco_firelens.insight.metrics import DROPS_RULE, HEARTBEAT_RULE, at_least
from falco_firelens.sensor.model import NOT_WHOLE_RULE


@dataclass(frozen=True)
class SavedQuery:
    """One query by its name in the console. `TYPE_HERE` in a text is for the person who runs it to replace."""

    name: str
    text: str
    description: str


def _query(name: str, description: str, *steps: str) -> SavedQuery:
    return SavedQuery(name, "\n| ".join(steps), description)


REAL: Final = 'filter source != "internal"'
"""Leaves out Falco's events about itself."""

_NEWEST: Final = ("sort @timestamp desc", "limit 1000")

BY_CLUSTER: Final = _query(
    "events by cluster",
    "How many events each cluster and node had.",
    REAL,
    "stats count(*) as events by cluster.name, cluster.node",
    "sort events desc",
)
BY_RULE: Final = _query(
    "events by rule",
    "Which rules fired, how often and in how many clusters.",
    REAL,
    "stats count(*) as events, count_distinct(cluster.name) as clusters, max(@timestamp) as newest by rule, priority",
    "sort events desc",
)
BY_PRIORITY: Final = _query(
    "events by priority",
    "How many events of each priority an hour had.",
    REAL,
    "stats count(*) as events by bin(1h), priority",
)
POD: Final = _query(
    "story of a pod",
    "Everything that Falco saw of a pod, in its order. Write the pod's name in.",
    'filter output_fields.k8s.pod.name = "TYPE_HERE"',
    "fields time, priority, rule, output_fields.k8s.ns.name, output_fields.container.name, output",
    "sort time asc",
    "limit 1000",
)
TASK: Final = _query(
    "story of a task",
    "Everything that Falco saw of an ECS task, in its order. Write the task's id in.",
    "filter output_fields.ecs.task.arn like /TYPE_HERE/",
    "fields time, priority, rule, output_fields.container.name, output",
    "sort time asc",
    "limit 1000",
)
TALKERS: Final = _query(
    "top talkers",
    "Which workloads cause the most events.",
    REAL,
    "stats count(*) as events, count_distinct(rule) as rules by cluster.name, output_fields.k8s.ns.name, "
    "output_fields.k8s.pod.name, output_fields.container.image.repository",
    "sort events desc",
    "limit 25",
)
NOISE: Final = _query(
    "noise candidates",
    "What fires so steadily that it is probably normal: one rule, one program, one image. "
    "Each line is an exception to consider, docs/operations.md says how.",
    REAL,
    "stats count(*) as events, count_distinct(cluster.node) as nodes by rule, output_fields.proc.name, "
    "output_fields.container.image.repository",
    "filter events > 100",
    "sort events desc",
    "limit 50",
)
SENSORS: Final = _query(
    "sensor health",
    "The state of each node's Falco: its last heartbeat, version, load, and what it did not see.",
    f'filter rule = "{HEARTBEAT_RULE}"',
    "stats max(time) as last_heartbeat, latest(output_fields.falco.version) as version, "
    "max(output_fields.falco.cpu_usage_perc) as cpu_percent, max(output_fields.falco.memory_rss_mb) as memory_mb, "
    "max(output_fields.scap.n_drops_perc) as dropped_percent, "
    "max(output_fields.falco.outputs_queue_num_drops) as events_dropped by cluster.name, cluster.node",
    "sort last_heartbeat asc",
)
DROPS: Final = _query(
    "dropped system calls",
    "When and where Falco did not see a part of a second's system calls.",
    f'filter rule = "{DROPS_RULE}"',
    "fields time, cluster.name, cluster.node, output_fields.n_drops, output_fields.n_evts",
    *_NEWEST,
)
NOT_WHOLE: Final = _query(
    "events not whole",
    "Which events were lost or shortened on their way out of a node, and why.",
    f'filter rule = "{NOT_WHOLE_RULE}"',
    "fields time, cluster.name, cluster.node, output_fields.event.what, output_fields.event.reason, "
    "output_fields.event.rule, output_fields.event.priority, output_fields.event.bytes",
    *_NEWEST,
)

QUERIES: Final = (BY_CLUSTER, BY_RULE, BY_PRIORITY, POD, TASK, TALKERS, NOISE, SENSORS, DROPS, NOT_WHOLE)


def newest(minimum: str, limit: int, *, place: bool = False) -> str:
    """The newest events of a priority and graver ones; with `place`, with the account and region of each."""
    priorities = ", ".join(f'"{priority}"' for priority in at_least(minimum))
    where = "cluster.account, cluster.region, cluster.name" if place else "cluster.name"
    steps = (
        REAL,
        f"filter priority in [{priorities}]",
        f"fields time, {where}, priority, rule, output",
        "sort @timestamp desc",
        f"limit {limit}",
    )
    return "\n| ".join(steps)


def top_rules(limit: int) -> str:
    """The rules that fired most."""
    return "\n| ".join((REAL, "stats count(*) as events by rule", "sort events desc", f"limit {limit}"))
