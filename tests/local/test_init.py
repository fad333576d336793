"""`falco-firelens init` on the local cloud: clusters are found, and the stack that adopts them can be previewed."""

import json
from pathlib import Path

import pytest

from falco_firelens.cli import main
from falco_firelens.fleet import Fleet, Status
from falco_firelens.settings import read_stack_file
from localcloud.accounts import client, container_instance
from tests.local.conftest import with_state

pytestmark = pytest.mark.local


@pytest.fixture
def account(account_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An account with two EKS clusters, one without the add-on, and 101 ECS clusters, one of them on instances."""
    eks, ecs = client("eks", account_env), client("ecs", account_env)
    role = f"arn:aws:iam::{identity(account_env)}:role/cluster"
    for name in ("apps", "shop"):
        eks.create_cluster(name=name, roleArn=role, resourcesVpcConfig={"subnetIds": []})
    eks.create_addon(clusterName="apps", addonName="eks-pod-identity-agent")
    for number in range(101):
        ecs.create_cluster(clusterName=f"jobs-{number}", capacityProviders=["FARGATE"])
    container_instance(client("ec2", account_env), ecs, "jobs-7")
    for name, value in with_state(account_env, tmp_path).items():
        monkeypatch.setenv(name, value)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return account_env


def identity(env: dict[str, str]) -> str:
    return client("sts", env).get_caller_identity()["Account"]


def test_the_clusters_of_an_account_are_adopted(account: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--json", "--account", "999999999999"]) == 1
    assert f"found credentials of account {identity(account)}" in capsys.readouterr().err
    assert main(["init", "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert len(answer["leftOut"]) == 100
    assert {one["reason"] for one in answer["leftOut"]} == {
        "it has only Fargate, where no sensor reaches the kernel; a sensor needs EC2 container instances"
    }
    settings = read_stack_file(Path("Pulumi.prod.yaml"))
    assert [(one.name, getattr(one, "permission", "")) for one in settings.clusters] == [
        ("apps", "podIdentity"),
        ("shop", "irsa"),
        ("jobs-7", ""),
    ]


def test_what_was_written_can_be_previewed(account: dict[str, str]) -> None:
    assert main(["init", "--yes", "--cluster", "jobs-7"]) == 0

    fleet = Fleet(folders=[Path()])
    (result,) = fleet.preview(fleet.stacks())

    assert result.status is Status.SUCCEEDED, result.error
    assert result.counts["create"] > 5
