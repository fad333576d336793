"""Named queries over the archive, in Athena's SQL."""

from dataclasses import dataclass
from typing import Final

from falco_firelens.contract import PRIORITIES


@dataclass(frozen=True)
class NamedQuery:
    """A query that a person opens by name; `{table}` in its text is the table."""

    name: str
    description: str
    sql: str

    def of(self, table: str) -> str:
        """Return the query over one table."""
        return self.sql.replace("{table}", table)


def _field(name: str) -> str:
    """One of the event's output fields as text. Some deserializers make the text `null` of a null."""
    return f"nullif(json_extract_scalar(output_fields, '$[\"{name}\"]'), 'null')"


def _since(days: int) -> str:
    """Return the partitions of today and some days before."""
    return f"day >= date_format(current_date - interval '{days}' day, '%Y-%m-%d')"


_FALCOS_OWN: Final = "source = 'internal'"
_GRAVE: Final = ", ".join(f"'{priority}'" for priority in PRIORITIES[:3])

QUERIES: Final = (
    NamedQuery(
        "newest-critical",
        "The newest events of priority Critical and graver, of the last seven days",
        f"""\
SELECT time, cluster.name AS cluster, cluster.node AS node, priority, rule, output
FROM {{table}}
WHERE {_since(7)} AND priority IN ({_GRAVE})
ORDER BY time DESC
LIMIT 100""",
    ),
    NamedQuery(
        "by-cluster-and-priority",
        "Events a day, cluster and priority, of the last 30 days",
        f"""\
SELECT day, account, region, cluster.name AS cluster, priority, count(*) AS events
FROM {{table}}
WHERE {_since(30)} AND NOT {_FALCOS_OWN}
GROUP BY day, account, region, cluster.name, priority
ORDER BY day DESC, events DESC""",
    ),
    NamedQuery(
        "top-rules",
        "Which rules matched most in the last seven days, on how many nodes, and when last",
        f"""\
SELECT rule, priority, count(*) AS events, count(DISTINCT cluster.node) AS nodes, max(time) AS last
FROM {{table}}
WHERE {_since(7)} AND NOT {_FALCOS_OWN}
GROUP BY rule, priority
ORDER BY events DESC
LIMIT 50""",
    ),
    NamedQuery(
        "noise-candidates",
        "What one would write exceptions for: the same rule, image and process over and over, in the last seven days",
        f"""\
SELECT rule, {_field("container.image.repository")} AS image, {_field("proc.name")} AS process,
       {_field("user.name")} AS user_name, count(*) AS events
FROM {{table}}
WHERE {_since(7)} AND NOT {_FALCOS_OWN}
GROUP BY rule, {_field("container.image.repository")}, {_field("proc.name")}, {_field("user.name")}
ORDER BY events DESC
LIMIT 50""",
    ),
    NamedQuery(
        "story-of-a-pod",
        "Everything that one pod did in the last seven days: write its namespace and name for shop and shop-%",
        f"""\
SELECT time, priority, rule, {_field("container.name")} AS container, {_field("proc.cmdline")} AS command, output
FROM {{table}}
WHERE {_since(7)} AND {_field("k8s.ns.name")} = 'shop' AND {_field("k8s.pod.name")} LIKE 'shop-%'
ORDER BY time""",
    ),
    NamedQuery(
        "story-of-a-container",
        "Everything that one container, such as that of an ECS task, did in the last seven days: write its id",
        f"""\
SELECT time, cluster.name AS cluster, cluster.node AS node, priority, rule, {_field("proc.cmdline")} AS command, output
FROM {{table}}
WHERE {_since(7)} AND {_field("container.id")} = '3ad7b26ded6d'
ORDER BY time""",
    ),
    NamedQuery(
        "by-tag",
        "How often each tag, such as a MITRE technique, was met in the last 30 days",
        f"""\
SELECT tag, count(*) AS events, count(DISTINCT rule) AS rules
FROM {{table}}
CROSS JOIN UNNEST(tags) AS t(tag)
WHERE {_since(30)}
GROUP BY tag
ORDER BY events DESC""",
    ),
    NamedQuery(
        "sensor-health",
        "When each node was last heard of in the last two days, and the most system calls in percent that it dropped",
        f"""\
SELECT account, region, cluster.name AS cluster, cluster.node AS node, max(time) AS last,
       max(CAST({_field("scap.n_drops_perc")} AS double)) AS dropped_percent,
       max(CAST({_field("falco.outputs_queue_num_drops")} AS double)) AS dropped_outputs
FROM {{table}}
WHERE {_since(2)}
GROUP BY account, region, cluster.name, cluster.node
ORDER BY last""",
    ),
    NamedQuery(
        "duplicates",
        "Events that arrived more than once in the last seven days, which a retried delivery can cause",
        f"""\
SELECT cluster.node AS node, time, rule, count(*) AS copies
FROM {{table}}
WHERE {_since(7)}
GROUP BY cluster.node, time, rule, output
HAVING count(*) > 1
ORDER BY time DESC
LIMIT 100""",
    ),
)
