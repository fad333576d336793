"""The policies under the real engine: a program that breaks several, and the project's own stacks, which break none."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from falco_firelens.policy.configuration import PACK
from tests.local.stack import PROJECT, Stack
from tests.waiting import PATIENCE

pytestmark = pytest.mark.local

KEPT = """
import pulumi_aws as aws
aws.cloudwatch.LogGroup("kept", retention_in_days=7)
"""

BREAKING = """
import json
import pulumi_aws as aws

aws.cloudwatch.LogGroup("endless")
bucket = aws.s3.Bucket("events")
aws.s3.BucketPublicAccessBlock("events", bucket=bucket.id, block_public_acls=True, block_public_policy=True)
statement = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
aws.iam.Policy("all", policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
container = {"name": "falco", "image": "falco:latest", "memory": 64, "privileged": True}
aws.ecs.TaskDefinition("sensor", family="sensor", container_definitions=json.dumps([container]))
aws.ec2.LaunchTemplate("nodes")
"""

SAID = {
    "log-retention": "endless: retentionInDays: found nothing, which is forever; write a number of days, such as 90",
    "encryption": "endless: kmsKeyId: found nothing; write the ARN of a customer key",
    "bucket-encryption": "events: its encryption: found no customer key; "
    "write sseAlgorithm: aws:kms and kmsMasterKeyId",
    "no-public-bucket": "events: restrictPublicBuckets: found nothing; write true",
    "no-iam-wildcard": 'all: policy[0].Action: found "logs:*"; write the actions that are needed, by name',
    "no-privileged-container": "sensor: containerDefinitions[falco].privileged: found true; "
    "write false, and the capabilities that it needs",
    "pinned-images": 'sensor: containerDefinitions[falco].image: found "falco:latest"; '
    "write its full version, as in falco:0.45.0, or its digest",
    "imdsv2": 'nodes: metadataOptions.httpTokens: found nothing; write "required"',
}


class Program:
    """A small program of the test's own, without the settings of the project's."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder, self._env = folder, env
        (folder / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
        (folder / "Pulumi.test.yaml").write_text("config:\n  aws:region: eu-west-1\n")

    def write(self, text: str) -> None:
        (self._folder / "__main__.py").write_text(text)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *command, "--stack", "other-test", "--config-file", "Pulumi.test.yaml", "--non-interactive"],
            cwd=self._folder,
            env={**self._env, "PULUMI_DEBUG_COMMANDS": "true"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )


@pytest.fixture
def program(local_env: dict[str, str], tmp_path: Path) -> Iterator[Program]:
    found = Program(tmp_path, local_env)
    found.write(KEPT)
    env = dict(local_env)
    subprocess.run(["pulumi", "stack", "init", "--no-select", "other-test"], cwd=tmp_path, env=env, check=True)
    yield found
    found.run("destroy", "--yes", "--skip-preview")
    subprocess.run(["pulumi", "stack", "rm", "--yes", "other-test"], cwd=tmp_path, env=env, check=True)


def test_a_mandatory_policy_refuses_and_says_what_to_write(program: Program) -> None:
    program.write(BREAKING)
    done = program.run("preview", "--policy-pack", str(PACK))

    assert done.returncode != 0
    lines = [line.strip() for line in done.stdout.splitlines()]
    for policy, said in SAID.items():
        at = lines.index(said)
        assert lines[at - 2].startswith(f"- [mandatory]  {policy}  ("), said
    assert program.run("up", "--yes", "--skip-preview", "--policy-pack", str(PACK)).returncode != 0
    assert "endless" not in program.run("stack", "export").stdout


def test_an_advisory_policy_only_tells(program: Program, tmp_path: Path) -> None:
    program.write(BREAKING)
    levels = tmp_path / "levels.json"
    levels.write_text(json.dumps({"all": "advisory"}))
    done = program.run("preview", "--policy-pack", str(PACK), "--policy-pack-config", str(levels))

    assert done.returncode == 0, done.stdout + done.stderr
    assert all(said in done.stdout for said in SAID.values())
    assert "[mandatory]" not in done.stdout


BOTH = {
    "clusters": [
        {"name": "shop", "platform": "ecs"},
        {"name": "web", "platform": "eks", "create": {"endpointAccess": "private"}},
    ],
    "events": {"destinations": {"s3": {}, "opensearch": {}}},
    "notifications": [{"protocol": "email", "endpoint": "soc@example.com"}],
    "tags": {"owner": "security"},
}
ECS_ONLY = {"clusters": [{"name": "shop", "platform": "ecs"}]}


def judged(stack: Stack) -> subprocess.CompletedProcess[str]:
    """`make preview` of a stack."""
    command = [sys.executable, "-m", "falco_firelens", "policy", "preview", str(stack.file), "--non-interactive"]
    return subprocess.run(command, cwd=PROJECT, env=stack.env, capture_output=True, text=True, timeout=PATIENCE)


def test_what_the_project_deploys_passes_every_policy(stack: Stack) -> None:
    stack.configure(BOTH)
    done = judged(stack)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "falco-firelens@v0.1.0" in done.stdout
    assert "[mandatory]" not in done.stdout and "[advisory]" not in done.stdout


def test_no_log_group_goes_without_the_word(stack: Stack) -> None:
    stack.configure(ECS_ONLY)
    stack.up()

    moved = {**ECS_ONLY, "events": {"logGroup": "/falco/elsewhere"}}
    stack.configure(moved)
    refused = judged(stack)
    assert refused.returncode == 1
    assert (
        "[mandatory] events-kept: log group events would be replaced, because of name, and what it holds be lost. "
        "Take the change back or, if it may go, name it in the stack file: "
        "`falco-firelens:policy: {mayLose: [events]}`"
    ) in refused.stdout

    stack.configure({**moved, "policy": {"mayLose": ["events"]}})
    allowed = judged(stack)
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr

    # The engine fails a preview that breaks the pack's mandatory policies, but by then it has told every step.
    archive_only = {"cloudwatch": False, "destinations": {"s3": {}}}
    stack.configure({**ECS_ONLY, "events": archive_only, "policy": {"requiredTags": ["owner"]}})
    both = judged(stack)
    assert "[mandatory]  required-tags  (aws:ecs:Cluster: shop)" in both.stdout
    assert "[mandatory] events-kept: log group events would be deleted" in both.stdout
