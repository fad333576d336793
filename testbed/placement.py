"""Puts a rendered configuration on this machine: its paths under one directory, its outputs to one endpoint."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from falco_firelens.sensor.model import FLUENT_BIT_HTTP_PORT, FLUENT_BIT_STATE_DIR, SENSOR_DIR
from localcloud.ports import reserve

NODE_LOGS = "/var/log"

_AWS_OUTPUT = re.compile(r"^(\s*)Name\s+(?:cloudwatch_logs|kinesis_firehose)\s*$", re.MULTILINE | re.IGNORECASE)


class Endpoint(NamedTuple):
    """Where AWS is: a TLS server for CloudWatch Logs and Firehose, and the CA file that vouches for it.

    `credentials` are the environment variables that say who asks; those of nobody in particular without them.
    """

    host: str
    port: int
    ca_file: Path
    credentials: Mapping[str, str] = MappingProxyType({})


class Placement(NamedTuple):
    """A configuration on this machine."""

    root: Path
    sensor: Path
    logs: Path
    http_port: int
    endpoint: Endpoint
    """The same one, with its CA file below the root."""


def place(files: Mapping[str, str], root: Path, endpoint: Endpoint) -> Placement:
    """Write the files for this machine; only paths, the health port and the endpoint differ from what was rendered."""
    (http_port,) = reserve(1, root)
    own = endpoint._replace(ca_file=root / "ca.pem")
    placement = Placement(root, root / "sensor", root / "log", http_port, own)
    state = root / "state"
    for directory in (placement.sensor, placement.logs, state):
        directory.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(endpoint.ca_file, own.ca_file)
    paths = {
        f"{SENSOR_DIR}/": f"{placement.sensor}/",
        FLUENT_BIT_STATE_DIR: str(state),
        f"{NODE_LOGS}/": f"{placement.logs}/",
    }
    for name, text in files.items():
        for rendered, here in paths.items():
            text = text.replace(rendered, here)
        text = re.sub(rf"(HTTP_Port\s+){FLUENT_BIT_HTTP_PORT}\b", rf"\g<1>{placement.http_port}", text)
        (placement.sensor / name).write_text(towards(text, own))
    return placement


def towards(text: str, endpoint: Endpoint) -> str:
    """Return the same configuration with every AWS output sent to the endpoint."""
    options = (
        ("endpoint", endpoint.host),
        ("port", endpoint.port),
        ("tls.verify", "On"),
        ("tls.ca_file", endpoint.ca_file),
    )
    return _AWS_OUTPUT.sub(
        lambda match: "\n".join((match[0], *(f"{match[1]}{name} {value}" for name, value in options))), text
    )
