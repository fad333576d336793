"""The two stand-ins as the engine meets them: a program of a few lines, its inputs wrong in one way or another."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.waiting import PATIENCE

pytestmark = pytest.mark.local
Run = Callable[..., subprocess.CompletedProcess[str]]

SECRET = """
config = pulumi.Config()
role = aws.iam.Role("r", description=config.require_secret("word"), assume_role_policy={
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
})
pulumi.export("description", role.description)
"""
UNKNOWN = """
vpc = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
subnet = aws.ec2.Subnet("s", vpc_id=vpc.id, cidr_block="10.0.0.0/24")
pulumi.export("arn", subnet.arn.apply(lambda arn: "known " + arn))
"""
RENAMED = """
aws.cloudwatch.LogGroup("g", name="fixed", log_group_class=pulumi.Config().get("kind"))
"""
EKS = """
import pulumi_eks
vpc = aws.ec2.Vpc("v", cidr_block="10.0.0.0/16")
subnet = aws.ec2.Subnet("s", vpc_id=vpc.id, cidr_block="10.0.0.0/24")
cluster = pulumi_eks.Cluster("c", vpc_id=vpc.id, subnet_ids=[subnet.id], {options})
pulumi.export("kubeconfig", cluster.kubeconfig)
pulumi.export("group", cluster.node_security_group_id)
"""


@pytest.fixture(scope="module")
def run(local_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The engine on one stack, whose program each test replaces, and with it what the one before had made."""
    folder = tmp_path_factory.mktemp("stand-ins")
    (folder / "Pulumi.yaml").write_text("name: stand-ins\nruntime: python\n")
    (folder / "state").mkdir()
    env = {**local_env, "PULUMI_BACKEND_URL": f"file://{folder}/state"}

    def pulumi(*command: str, program: str | None = None) -> subprocess.CompletedProcess[str]:
        if program is not None:
            (folder / "__main__.py").write_text(f"import pulumi\nimport pulumi_aws as aws\n{program}")
        arguments = ["pulumi", "--non-interactive", *command]
        return subprocess.run(arguments, cwd=folder, env=env, capture_output=True, text=True, timeout=PATIENCE)

    assert pulumi("stack", "init", "test").returncode == 0
    yield pulumi
    done = pulumi("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout


def up(run: Run, program: str) -> str:
    done = run("up", "--yes", "--skip-preview", program=program)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_secret_input_is_a_secret_output(run: Run) -> None:
    run("config", "set", "--secret", "word", "hush-hush", program="")
    assert "hush-hush" not in up(run, SECRET)
    exported = run("stack", "export").stdout

    assert "hush-hush" not in exported
    assert json.loads(run("stack", "output", "--json", "--show-secrets").stdout) == {"description": "hush-hush"}


def test_a_preview_knows_no_more_than_it_can(run: Run) -> None:
    previewed = run("preview", program=UNKNOWN).stdout

    assert re.search(r"arn\s*: \[unknown\]", previewed)
    assert "known arn:aws:ec2:" in up(run, UNKNOWN)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ('aws.cloudwatch.LogGroup("g", retention_in_days="seven")', "retentionInDays"),
        ('aws.ec2.LaunchTemplate("t", metadata_options={"httpTokenz": "required"})', "metadataOptions.httpTokenz"),
        ('aws.route53.Zone("z", name="example.com")', "does not know this resource type"),
        ('aws.get_region(region="eu-west-1", id=5)', "is the number 5, expected string"),
        ('aws.Provider("p", region="nowhere")', "is not an AWS region"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_made(run: Run, program: str, message: str) -> None:
    done = run("preview", program=program)

    assert done.returncode != 0
    assert message in done.stdout + done.stderr


def test_credentials_of_another_account_make_nothing(run: Run) -> None:
    run("config", "set", "--path", "aws:allowedAccountIds[0]", "222222222222", program="")
    done = run("up", "--yes", "--skip-preview", program='aws.cloudwatch.LogGroup("g")')
    run("config", "rm", "aws:allowedAccountIds")

    assert done.returncode != 0
    assert "the credentials belong to account 123456789012; allowed: 222222222222" in done.stdout + done.stderr


def test_a_fixed_name_is_freed_before_it_is_given_again(run: Run) -> None:
    up(run, RENAMED)
    run("config", "set", "kind", "INFREQUENT_ACCESS")

    up(run, RENAMED)


def test_the_eks_stand_in_builds_a_cluster_with_its_default_security_groups(run: Run) -> None:
    program = EKS.format(options="skip_default_node_group=True")
    printed = up(run, program)
    outputs = json.loads(run("stack", "output", "--json", "--show-secrets").stdout)

    assert re.search(r"kubeconfig\s*: \[secret\]", printed)
    assert outputs["kubeconfig"]["clusters"]
    assert outputs["group"].startswith("sg-")
    assert run("preview", "--expect-no-changes").returncode == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("skip_default_node_group=True, fargate=True", "stand-in for pulumi-resource-eks cannot do this"),
        ("skip_default_node_group=False", "makes no default node group"),
        ('skip_default_node_group=True, enabled_cluster_log_types="audit"', "is a string, expected list of string"),
    ],
)
def test_the_eks_stand_in_refuses_what_it_cannot_do(run: Run, options: str, message: str) -> None:
    done = run("preview", program=EKS.format(options=options))

    assert done.returncode != 0
    assert message in done.stdout + done.stderr
