"""Runs a sensor's rendered Fluent Bit configuration with the real `fluent-bit`, on this machine.

    if missing(): skip, for the reason that it returns       # neither `fluent-bit` on PATH nor a Docker that works
    endpoint = Endpoint("127.0.0.1", port, ca_file)          # a TLS server; self_signed(directory) makes its files
    events = sample_events("check-42")                        # lines as Falco prints them now, hostname "check-42"
    node = run_kubernetes(config_map_data, endpoint, events)  # returns when shipped; log stream is <cluster>/<node>
    node = run_ecs(files_of_the_task_definition, endpoint, events)

`KubernetesNode` and `EcsNode` are the same in parts, for tests that break things in between.
"""

from testbed.certificate import CertificateFiles, self_signed
from testbed.errors import PipelineError
from testbed.fluent_bit import FluentBit
from testbed.launchers import IMAGE, INSTALL_HINT, executable, missing, pull
from testbed.node import EcsNode, KubernetesNode, Node
from testbed.placement import Endpoint
from testbed.samples import sample_events
from testbed.shipment import run_ecs, run_kubernetes

__all__ = [
    "IMAGE",
    "INSTALL_HINT",
    "CertificateFiles",
    "EcsNode",
    "Endpoint",
    "FluentBit",
    "KubernetesNode",
    "Node",
    "PipelineError",
    "executable",
    "missing",
    "pull",
    "run_ecs",
    "run_kubernetes",
    "sample_events",
    "self_signed",
]
