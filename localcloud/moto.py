"""AWS: one moto process."""

import json
import sys
from pathlib import Path

from localcloud.accounts import TEST, client
from localcloud.health import START_TIMEOUT, answers
from localcloud.layout import CHECKOUT, Layout, Ports, write_secret
from localcloud.processes import Processes

NODE_ROLE = "selfmanaged-node"
"""The role of the nodes of the control plane `selfmanaged`."""

DEPLOYER = "deployer"
"""The IAM user that `make env` acts as. EKS lets the creator of a cluster in, and so has to know who it is."""

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
        return answers(f"{self.url}/moto-api/")

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if self.runs():
            self._processes.wait(self.name, self.ready, START_TIMEOUT)
            return
        command: list[str | Path] = [sys.executable, "-m", "localcloud.aws.server", str(self._ports.moto)]
        command += [str(self._ports.moto_tls), self._layout.certificate, self._layout.key]
        command += [f"https://127.0.0.1:{self._ports.eks}", self._layout.functions]
        self._processes.start(self.name, command, _ENVIRONMENT)
        self._processes.wait(self.name, self.ready, START_TIMEOUT)
        self._create_identities()

    def _create_identities(self) -> None:
        """Create what exists before a stack does: the role of nodes that it does not build, and the user that deploys.

        The user's access key is random for each local cloud.
        """
        iam = client("iam", {**TEST, "AWS_ENDPOINT_URL": self.url}, "us-east-1")
        iam.create_role(RoleName=NODE_ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST_OF_EC2))
        iam.create_user(UserName=DEPLOYER)
        key = iam.create_access_key(UserName=DEPLOYER)["AccessKey"]
        given = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        write_secret(self._layout.credentials, json.dumps(given).encode())


_ENVIRONMENT = {
    "PYTHONPATH": str(CHECKOUT),
    # Policies of AWS's own, such as AmazonEKSWorkerNodePolicy, exist as in a real account.
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
}
