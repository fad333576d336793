"""Saved CloudWatch Logs Insights queries over the events of a log group.

A cluster is known by `@logStream`, which CloudWatch Logs itself adds to every event, also to those that came before the
log group had its transformer and to those that a hub's rule copied. What an event says of its cluster is only compared
with it.

Insights names a field of an object by its path; names with anything but letters, digits, `@` and `.` go in backticks.
The dots of Falco's own keys read the same as those of a path: `output_fields.k8s.pod.name`. In a transformed event they
are under a key of their own, in an older event or in a copy they are not: the queries read both.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Guidelines.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

from dataclasses import dataclass
from typing import Final

from falco_firelens.insight.metrics import DROPS_RULE, HEARTBEAT_RULE, at_least
from falco_firelens.insight.transformer import EVENT
from falco_firelens.sensor.model import NOT_WHOLE_RULE


@dataclass(frozen=True)
class SavedQuery:
    """One query by its name in the console. `TYPE_HERE` in a text is for the person who runs it to replace."""

    name: str
    text: str
    description: str


def _query(name: str, description: str, *steps: str) -> SavedQuery:
    return SavedQuery(name, "\n| ".join(steps), description)


def _field(path: str) -> str:
    return f"coalesce({EVENT}.{path}, {path})"


def _fields(**paths: str) -> str:
    """Return the step that gives short names to an event's fields."""
    return "fields " + ", ".join(f"{_field(path)} as {name}" for name, path in paths.items())


REAL: Final = f'filter {_field("source")} != "internal"'
"""Leaves out Falco's events about itself."""

STREAM: Final = 'parse @logStream "*/*" as cluster, node'
"""The role of a cluster's sensors may write to `<cluster>/*` only, so that what is before the first slash is true."""

_NEWEST: Final = ("sort @timestamp desc", "limit 1000")

BY_CLUSTER: Final = _query(
    "events by cluster",
    "How many events each cluster and node had.",
    REAL,
    STREAM,
    "stats count(*) as events by cluster, node",
    "sort events desc",
)
BY_RULE: Final = _query(
    "events by rule",
    "Which rules fired, how often and in how many clusters.",
    REAL,
    STREAM,
    _fields(rule="rule", priority="priority"),
    "stats count(*) as events, count_distinct(cluster) as clusters, max(@timestamp) as newest by rule, priority",
    "sort events desc",
)
BY_PRIORITY: Final = _query(
    "events by priority",
    "How many events of each priority an hour had.",
    REAL,
    _fields(priority="priority"),
    "stats count(*) as events by bin(1h), priority",
)
POD: Final = _query(
    "story of a pod",
    "Everything that Falco saw of a pod, in its order. Write the pod's name in.",
    f'filter {_field("output_fields.k8s.pod.name")} = "TYPE_HERE"',
    STREAM,
    _fields(
        time="time",
        priority="priority",
        rule="rule",
        namespace="output_fields.k8s.ns.name",
        container="output_fields.container.name",
        output="output",
    ),
    "display time, cluster, priority, rule, namespace, container, output",
    "sort time asc",
    "limit 1000",
)
TASK: Final = _query(
    "story of a task",
    "Everything that Falco saw of an ECS task, in its order. Write the task's id in.",
    f"filter {_field('output_fields.ecs.task.arn')} like /TYPE_HERE/",
    STREAM,
    _fields(time="time", priority="priority", rule="rule", container="output_fields.container.name", output="output"),
    "display time, cluster, priority, rule, container, output",
    "sort time asc",
    "limit 1000",
)
TALKERS: Final = _query(
    "top talkers",
    "Which workloads cause the most events.",
    REAL,
    STREAM,
    _fields(
        rule="rule",
        namespace="output_fields.k8s.ns.name",
        pod="output_fields.k8s.pod.name",
        image="output_fields.container.image.repository",
    ),
    "stats count(*) as events, count_distinct(rule) as rules by cluster, namespace, pod, image",
    "sort events desc",
    "limit 25",
)
NOISE: Final = _query(
    "noise candidates",
    "What fires so steadily that it is probably normal: one rule, one program, one image. "
    "Each line is an exception to consider, docs/operations.md says how.",
    REAL,
    _fields(rule="rule", program="output_fields.proc.name", image="output_fields.container.image.repository"),
    "stats count(*) as events, count_distinct(@logStream) as nodes by rule, program, image",
    "filter events > 100",
    "sort events desc",
    "limit 50",
)
SENSORS: Final = _query(
    "sensor health",
    "The state of each node's Falco: its last heartbeat, version, load, and what it did not see.",
    f'filter {_field("rule")} = "{HEARTBEAT_RULE}"',
    STREAM,
    _fields(
        time="time",
        falco="output_fields.falco.version",
        cpu="output_fields.falco.cpu_usage_perc",
        memory="output_fields.falco.memory_rss_mb",
        dropped="output_fields.scap.n_drops_perc",
        lost="output_fields.falco.outputs_queue_num_drops",
    ),
    "stats max(time) as last_heartbeat, latest(falco) as version, max(cpu) as cpu_percent, max(memory) as memory_mb, "
    "max(dropped) as dropped_percent, max(lost) as events_dropped by cluster, node",
    "sort last_heartbeat asc",
)
DROPS: Final = _query(
    "dropped system calls",
    "When and where Falco did not see a part of a second's system calls.",
    f'filter {_field("rule")} = "{DROPS_RULE}"',
    STREAM,
    _fields(time="time", drops="output_fields.n_drops", calls="output_fields.n_evts"),
    "display time, cluster, node, drops, calls",
    *_NEWEST,
)
NOT_WHOLE: Final = _query(
    "events not whole",
    "Which events were lost or shortened on their way out of a node, and why.",
    f'filter {_field("rule")} = "{NOT_WHOLE_RULE}"',
    STREAM,
    _fields(
        time="time",
        what="output_fields.event.what",
        reason="output_fields.event.reason",
        rule="output_fields.event.rule",
        priority="output_fields.event.priority",
        bytes="output_fields.event.bytes",
    ),
    "display time, cluster, node, what, reason, rule, priority, bytes",
    *_NEWEST,
)
FOREIGN: Final = _query(
    "foreign events",
    "Events that name another cluster than the one whose log stream they came in: proof of stolen credentials.",
    STREAM,
    _fields(named="cluster.name", rule="rule", priority="priority", output="output"),
    "filter not ispresent(named) or named != cluster",
    "display @timestamp, @logStream, cluster, named, priority, rule, output",
    *_NEWEST,
)
UNCOUNTED: Final = _query(
    "uncounted events",
    "Events that could not be transformed, so that no metric counts them.",
    "filter ispresent(@transformationError)",
    "fields @timestamp, @logStream, @transformationError, @message",
    *_NEWEST,
)

QUERIES: Final = (
    *(BY_CLUSTER, BY_RULE, BY_PRIORITY, POD, TASK, TALKERS, NOISE, SENSORS, DROPS, NOT_WHOLE),
    *(FOREIGN, UNCOUNTED),
)


def newest(minimum: str, limit: int, *sources: str) -> str:
    """Return the newest events of a priority or a higher one; `sources` are further fields that say where they came
    from.
    """
    priorities = ", ".join(f'"{priority}"' for priority in at_least(minimum))
    steps = (
        REAL,
        f"filter {_field('priority')} in [{priorities}]",
        STREAM,
        _fields(time="time", priority="priority", rule="rule", output="output"),
        f"display {', '.join(('time', *sources, 'cluster', 'priority', 'rule', 'output'))}",
        "sort @timestamp desc",
        f"limit {limit}",
    )
    return "\n| ".join(steps)


def top_rules(limit: int) -> str:
    """Return the rules that fired most."""
    steps = (REAL, _fields(rule="rule"), "stats count(*) as events by rule", "sort events desc", f"limit {limit}")
    return "\n| ".join(steps)
