"""A program imports what its stack uses: the SDKs' modules are the longest part of a preview's start."""

import subprocess
import sys

SCRIPT = """
import sys
from pathlib import Path

import components.stack.program
from components.stack import deployment
from tests.unit.components.cloud import deploy
from tests.unit.components.stacks import account

deployment.prepare_watch = lambda *_: None
deploy({"clusters": [{"name": "jobs", "platform": "ecs", "existing": {"cluster": "prod-jobs"}}]}, account())
print(*sorted({".".join(name.split(".")[:-1]) for name in sys.modules if name.endswith((".outputs", "._inputs"))}))
"""
"""Prints the packages of the SDKs that were imported, and not only named."""


def test_a_stack_without_kubernetes_networks_and_destinations_imports_none_of_their_types() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert set(done.stdout.splitlines()[-1].split()) <= {
        "pulumi_aws",
        "pulumi_aws.cloudwatch",
        "pulumi_aws.ecs",
        "pulumi_aws.iam",
        "pulumi_aws.kms",
        "pulumi_aws.sns",
        "pulumi_eks",
        "pulumi_kubernetes",
    }
