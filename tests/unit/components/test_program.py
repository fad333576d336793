"""The program itself, `__main__.py`, as the language host runs it."""

import json
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime.config import set_all_config

from components.aws.wheels import PackageError, Wheels
from tests.unit.components.cloud import Account, Monitor, give_loop

ROOT = Path(__file__).parents[3]

USED = {
    *("autoscaling", "cloudwatch", "config", "ec2", "ecs", "eks", "iam", "kms", "sns", "vpc"),
}
"""The modules of pulumi_aws that the program needs; each costs a tenth of a second or more."""


def run(config: dict[str, str], monkeypatch: pytest.MonkeyPatch, secret_keys: Sequence[str] = ()) -> Monitor:
    """Run the program with a stack's configuration, as the engine hands it over."""
    account = Account()
    monitor = Monitor(account)
    give_loop()
    pulumi.runtime.set_mocks(account, project="falco-firelens", stack="unit", preview=False, monitor=monitor)
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    set_all_config(config, list(secret_keys))
    try:
        runpy.run_path(str(ROOT), run_name="__main__")
    finally:
        set_all_config({})
    return monitor


def test_a_wrong_stack_file_ends_the_program_with_its_mistakes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clusters = [{"name": "web", "platform": "ecs", "colour": "red"}, {"name": "web", "platform": "ecs"}]
    config = {"falco-firelens:clusters": json.dumps(clusters), "falco-firelens:events": '{"retentionDays": 31}'}
    with pytest.raises(pulumi.RunError) as caught:
        run({**config, "aws:region": "eu-west-1"}, monkeypatch)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("Pulumi.unit.yaml: ") for line in lines)
    assert caught.value.__suppress_context__


def test_a_stack_file_that_does_not_fit_the_account_does_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clusters = [{"name": "jobs", "platform": "ecs", "existing": {"cluster": "gone"}}]
    with pytest.raises(pulumi.RunError, match=r"^Pulumi\.unit\.yaml: clusters\[0\]\.existing\.cluster: found nothing"):
        run({"falco-firelens:clusters": json.dumps(clusters)}, monkeypatch)


def test_a_response_that_cannot_be_packed_does_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(wheels: Wheels, folder: Path) -> None:
        raise PackageError("no registry")

    monkeypatch.setattr(Wheels, "read", refuse)
    config = {
        "falco-firelens:clusters": '[{"name": "jobs", "platform": "ecs"}]',
        "falco-firelens:response": '{"playbooks": [{"name": "all", "actions": {"notify": {}}}]}',
    }
    with pytest.raises(pulumi.RunError, match=r"^no registry$"):
        run(config, monkeypatch)


def test_an_encrypted_value_that_nothing_keeps_secret_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine says in which top-level keys something is encrypted."""
    said: list[str] = []
    monkeypatch.setattr(pulumi, "warn", said.append)
    config = {
        "falco-firelens:clusters": '[{"name": "jobs", "platform": "ecs"}]',
        "falco-firelens:tags": '{"team": "blue"}',
        "falco-firelens:notifications": '[{"protocol": "email", "endpoint": "a@example.com"}]',
    }
    run(config, monkeypatch, ["falco-firelens:tags", "falco-firelens:notifications"])
    assert said == [
        "Pulumi.unit.yaml: tags is encrypted, but no value of it is kept secret in the state and in previews"
    ]


def test_only_the_used_modules_of_the_aws_sdk_are_imported() -> None:
    script = (
        "import sys, components.stack.deployment, json;"
        "print(json.dumps([name for name in sys.modules if name.startswith('pulumi_aws.')]))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = {name.split(".")[1] for name in json.loads(done.stdout) if name.count(".") > 1}
    assert modules <= USED, f"imported as well: {sorted(modules - USED)}"
