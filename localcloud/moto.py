"""AWS: one moto process."""

import json
import sys
from pathlib import Path

from falco_firelens import contract
from localcloud.access_key import access_key, access_key_file
from localcloud.accounts import client
from localcloud.health import PATH as HEALTH
from localcloud.health import START_TIMEOUT, answers
from localcloud.layout import CHECKOUT, Layout, Ports
from localcloud.processes import Processes

NODE_ROLE = "selfmanaged-node"
"""The role of the nodes of the control plane `selfmanaged`."""

_TRUST_OF_EC2 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class Moto:
    """AWS's APIs on one port over HTTP, on another over TLS; what they know is lost when the process ends."""

    name = "moto"

    def __init__(self, layout: Layout, processes: Processes, ports: Ports) -> None:
        self._layout, self._processes = layout, processes
        self._ports = ports
        self.url = f"http://127.0.0.1:{ports.moto}"

    def runs(self) -> bool:
        """Whether what AWS knows is still there."""
        return self._processes.find(self.name) is not None

    def ready(self) -> bool:
        """Whether it answers."""
        return answers(f"{self.url}{HEALTH}")

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if self.runs():
            self._processes.wait(self.name, self.ready, START_TIMEOUT)
            return
        command: list[str | Path] = [sys.executable, "-m", "localcloud.aws.server", str(self._ports.moto)]
        command += [str(self._ports.moto_tls), self._layout.certificate, self._layout.key]
        command += [f"https://127.0.0.1:{self._ports.eks}", self._layout.functions]
        command += [access_key_file(self._layout), self._layout.trusted_code]
        self._processes.start(self.name, command, _environment())
        self._processes.wait(self.name, self.ready, START_TIMEOUT)
        self._create_node_role()

    def _create_node_role(self) -> None:
        """Create what exists before a stack does: the nodes of a cluster that it does not build have a role."""
        iam = client("iam", {**access_key(self._layout), "AWS_ENDPOINT_URL": self.url}, "us-east-1")
        iam.create_role(RoleName=NODE_ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST_OF_EC2))


def _environment() -> dict[str, str]:
    """Return all that the process sees of the environment."""
    return {
        "PYTHONPATH": str(CHECKOUT),
        "MOTO_DISABLE_GLOBAL_CORS": "true",
        # Policies of AWS's own, such as AmazonEKSWorkerNodePolicy, exist as in a real account.
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        # Only functions that this machine has built may run, and this is where they are.
        "XDG_CACHE_HOME": str(contract.cache().parent),
    }
