"""The 2019 way, to compare with: the configurations of sysdiglabs/falco-aws-firelens-integration in today's world.

Changed only where they would do nothing at all now: the parser takes the lines of containerd instead of Docker's, the
output is the C plugin `cloudwatch_logs` instead of the Go plugin `cloudwatch`, and the HTTP server is on to be counted.
"""

import json
from pathlib import Path

from testbed import EcsNode, Endpoint, KubernetesNode

LOG_GROUP = "falco"

_SERVICE = """\
[SERVICE]
    HTTP_Server     On
    HTTP_Listen     127.0.0.1
    HTTP_Port       8766
    storage.metrics On"""

_OUTPUT = {
    "Name": "cloudwatch_logs",
    "region": "eu-west-1",
    "log_group_name": LOG_GROUP,
    "log_stream_name": "alerts",
    "auto_create_group": "true",
}

_PARSERS = r"""
[PARSER]
    Name            falco
    Format          regex
    Regex           ^(?<time>[^ ]+) (?<stream>stdout|stderr) [^ ]* (?<log>.*)$
    Time_Key        time
    Time_Format     %Y-%m-%dT%H:%M:%S.%L%z
    Time_Keep       Off
    Decode_Field_As json log
"""

_KUBERNETES = """
    Parsers_File    parsers.conf

[INPUT]
    Name             tail
    Tag              falco.*
    Path             /var/log/containers/falco*.log
    Parser           falco
    DB               /var/log/flb_falco.db
    Mem_Buf_Limit    5MB
    Skip_Long_Lines  On
    Refresh_Interval 10

[OUTPUT]
    Match             falco.**
"""


def kubernetes_node(root: Path, endpoint: Endpoint) -> KubernetesNode:
    """Return a node with the seed's DaemonSet."""
    output = "".join(f"    {name} {value}\n" for name, value in _OUTPUT.items())
    files = {"fluent-bit.conf": _SERVICE + _KUBERNETES + output, "parsers.conf": _PARSERS}
    return KubernetesNode(files, root, endpoint)


def ecs_node(root: Path, endpoint: Endpoint) -> EcsNode:
    """Return a container instance with the seed's task: no external configuration, one output from the log options."""
    files = {"fluent-bit.conf": _SERVICE}
    return EcsNode(files, root, endpoint, log_options=_OUTPUT)


def number_of(message: str) -> int:
    """Which numbered event this is; the seed ships it inside `log`, on ECS as text."""
    log = json.loads(message)["log"]
    return (json.loads(log) if isinstance(log, str) else log)["output_fields"]["number"]
