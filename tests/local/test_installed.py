"""The wheel in an empty environment outside the clone: the program, its policies and a project that installs it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from localcloud.accounts import ACCOUNT, CLUSTER, ROLE, Accounts
from tools.release import Release, build, install, mistakes_in, project_version

pytestmark = [pytest.mark.local, pytest.mark.slow]

OWNER = "333344445555"
STACK = {
    "aws:region": "eu-west-1",
    "aws:allowedAccountIds": [OWNER],
    "falco-firelens:account": OWNER,
    "falco-firelens:clusters": [{"name": "shop", "platform": "ecs", "existing": {"cluster": CLUSTER}}],
    "falco-firelens:falco": {"rulesFiles": ["rules/own.yaml"]},
}
RULE = "- list: own\n  items: [one]\n"

Run = Callable[..., str]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return build(project_version(), tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def command(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(release.wheel, tmp_path_factory.mktemp("installed") / "venv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A stack file that names a rules file, and nothing of this project."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(RULE)
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": STACK}))
    return tmp_path


@pytest.fixture
def run(command: Path, folder: Path, local_env: dict[str, str]) -> Run:
    """Runs a program in the folder, as a shell of the local cloud does whose Python is any but this one."""
    Accounts(local_env).with_cluster(OWNER)
    env: Mapping[str, str] = {**local_env, "PATH": f"{command.parent}{os.pathsep}{local_env['PATH']}"}

    def run(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(arguments, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_the_built_files_are_what_a_release_may_publish(release: Release) -> None:
    assert list(mistakes_in(release)) == []


def test_a_stack_lives_without_a_clone(run: Run, folder: Path) -> None:
    role = ("--role", ROLE.format(account="{account}"))
    assert "create" in run("falco-firelens", "fleet", "preview", *role)
    run("falco-firelens", "fleet", "up", *role)
    assert "own.yaml" in _sensor(run)
    assert "no change" in run("falco-firelens", "fleet", "preview", *role)
    run("falco-firelens", "fleet", "destroy", "--yes", *role)
    assert sorted(file.name for file in folder.iterdir()) == ["Pulumi.prod.yaml", "rules"]


def test_the_policies_of_the_wheel_hold(run: Run, folder: Path) -> None:
    document = {**STACK, "falco-firelens:policy": {"requiredTags": ["cost-centre"]}}
    (folder / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": document}))
    role = ("--role", ROLE.format(account="{account}"))
    assert "required-tags" in run("falco-firelens", "fleet", "preview", *role, code=4)


def test_a_project_of_the_template_deploys_with_pulumi_alone(
    run: Run, folder: Path, command: Path, local_env: dict[str, str]
) -> None:
    """Its requirement is installed by hand, because this version is in no registry yet."""
    template = next(command.parents[1].glob("lib/*/site-packages/falco_firelens/template"))
    project = folder / "acme"
    project.mkdir()
    made = ("new", str(template), "--dir=acme", "--name=acme", "--generate-only", "--yes", "--force")
    run("pulumi", *made, "--non-interactive")
    assert {"Pulumi.yaml", "__main__.py", "requirements.txt"} <= {file.name for file in project.iterdir()}
    shutil.copytree(folder / "rules", project / "rules")
    Accounts(local_env).with_cluster(ACCOUNT)
    own = {**STACK, "aws:allowedAccountIds": [ACCOUNT], "falco-firelens:account": ACCOUNT}
    (project / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": own}))
    (project / ".venv").symlink_to(command.parents[1])
    run("pulumi", "stack", "init", "prod", "--cwd", "acme")
    assert "own.yaml" in run("pulumi", "preview", "--stack", "prod", "--cwd", "acme", "--diff", "--non-interactive")


def _sensor(run: Run) -> str:
    """The task definition of the deployed sensor."""
    return run("pulumi", "stack", "export", "--stack", "organization/falco-firelens/prod")
