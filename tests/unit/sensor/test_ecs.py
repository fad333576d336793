"""The sensor's ECS task."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import example, given, settings
from hypothesis import strategies as st

from falco_firelens.sensor import ecs, falco, firelens
from falco_firelens.sensor.model import EcsTask, FalcoOptions, SensorError
from tests.unit.sensor.clusters import identity, pipeline
from tests.waiting import PATIENCE

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..")
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=400)


@pytest.fixture
def task(options: FalcoOptions) -> EcsTask:
    return ecs.task(options, pipeline("ecs"))


@pytest.fixture
def containers(task: EcsTask) -> dict[str, dict[str, Any]]:
    return {definition["name"]: definition for definition in task.container_definitions}


SHELLS = [path for path in map(shutil.which, ("sh", "bash")) if path]
"""Debian's `sh` is dash; in Fluent Bit's image, of Amazon Linux, it is bash."""


def run_writer(script: str, environment: dict[str, str]) -> None:
    """As ECS runs it. A PATH without programs shows that the script needs none."""
    for shell in SHELLS:
        command = [shell, "-c", script]
        subprocess.run(command, env={**environment, "PATH": "/nonexistent"}, check=True, timeout=PATIENCE)


@settings(max_examples=60)
@given(st.dictionaries(NAMES, TEXTS, max_size=5))
@example({"-n": "-n", "%s": "%s%%\\n", "a'b\"c $(id) `id`": "'\"$(id)`id`\\c\\0", "new\nline": "\n\n", "empty": ""})
def test_any_files_are_written_byte_for_byte(files: dict[str, str]):
    with tempfile.TemporaryDirectory() as directory:
        run_writer(*ecs.writer(files, directory))
        written = {path.name: path.read_bytes() for path in Path(directory).iterdir()}
    assert written == {name: text.encode() for name, text in files.items()}


def test_the_writer_fails_when_any_file_cannot_be_written(tmp_path: Path):
    (tmp_path / "one").mkdir()
    script, environment = ecs.writer({"one": "1", "two": "2"}, str(tmp_path))
    with pytest.raises(subprocess.CalledProcessError):
        run_writer(script, environment)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "a\0b"])
def test_only_plain_file_names_are_written(name: str):
    with pytest.raises(SensorError, match="plain file name"):
        ecs.writer({name: "text"}, "/sensor")


def test_text_that_no_environment_can_hold_is_refused():
    with pytest.raises(SensorError, match="NUL"):
        ecs.writer({"a": "b\0c"}, "/sensor")


def test_the_config_container_writes_what_the_others_read(
    options: FalcoOptions, containers: dict[str, dict[str, Any]], tmp_path: Path
):
    config = containers["config"]
    environment = {variable["name"]: variable["value"] for variable in config["environment"]}
    (script,) = config["command"]
    assert config["entryPoint"] == ["sh", "-c"]
    run_writer(script.replace("/sensor/", f"{tmp_path}/"), environment)
    expected = {**firelens.files(pipeline("ecs")), **falco.files(options, identity("ecs"))}
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == expected


def test_the_files_are_on_one_volume_of_the_task(task: EcsTask, containers: dict[str, dict[str, Any]]):
    assert {"name": "config"} in task.volumes, "without a host path the agent makes a volume that ends with the task"
    for name, read_only in (("config", False), ("log-router", True), ("falco", True)):
        assert {"sourceVolume": "config", "containerPath": "/sensor", "readOnly": read_only} in containers[name][
            "mountPoints"
        ]


def test_the_ecs_api_knows_every_parameter(task: EcsTask):
    operation = botocore.session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition")
    request = {
        "family": "falco",
        "networkMode": task.network_mode,
        "containerDefinitions": list(task.container_definitions),
        "volumes": list(task.volumes),
    }
    report = ParamValidator().validate(request, operation.input_shape)
    assert not report.has_errors(), report.generate_report()


def test_every_mount_has_its_volume(task: EcsTask, containers: dict[str, dict[str, Any]]):
    mounted = {mount["sourceVolume"] for container in containers.values() for mount in container["mountPoints"]}
    assert mounted == {volume["name"] for volume in task.volumes}
    assert len(mounted) == len(task.volumes)


def test_containers_start_in_order(containers: dict[str, dict[str, Any]]):
    written = {"containerName": "config", "condition": "SUCCESS"}
    assert "dependsOn" not in containers["config"]
    assert containers["log-router"]["dependsOn"] == [written]
    assert containers["falco"]["dependsOn"] == [written, {"containerName": "log-router", "condition": "HEALTHY"}]


def test_the_task_lives_as_long_as_falco_and_its_router(containers: dict[str, dict[str, Any]]):
    assert {name for name, container in containers.items() if container["essential"]} == {"log-router", "falco"}


def test_a_container_that_dies_is_restarted_in_place(containers: dict[str, dict[str, Any]]):
    for name in ("log-router", "falco"):
        assert containers[name]["restartPolicy"]["enabled"] is True
        assert containers[name]["restartPolicy"]["restartAttemptPeriod"] >= 60, "ECS's least"
    assert "restartPolicy" not in containers["config"], "ECS refuses it on a container that others wait to end"


def test_firelens_includes_our_file_and_generates_no_output_of_its_own(containers: dict[str, dict[str, Any]]):
    router = containers["log-router"]
    assert router["user"] == "0"
    assert router["firelensConfiguration"] == {
        "type": "fluentbit",
        "options": {
            "enable-ecs-log-metadata": "true",
            "config-file-type": "file",
            "config-file-value": "/sensor/fluent-bit.conf",
        },
    }
    assert "fluent-bit.conf" in firelens.files(pipeline("ecs"))
    assert not {"command", "entryPoint"} & set(router), "the image's own entry point reads the generated configuration"
    log = containers["falco"]["logConfiguration"]
    assert log["logDriver"] == "awsfirelens"
    assert set(log["options"]) == {"log-driver-buffer-limit"}, "any other option makes the agent ask for an output"


def test_the_drivers_buffer_stays_far_below_its_default(containers: dict[str, dict[str, Any]]):
    lines = int(containers["falco"]["logConfiguration"]["options"]["log-driver-buffer-limit"])
    assert 10_000 <= lines < 1_048_576 / 10


def test_no_other_container_logs_through_the_router_that_it_starts_before(containers: dict[str, dict[str, Any]]):
    for name in ("config", "log-router"):
        log = containers[name]["logConfiguration"]
        assert log["logDriver"] == "json-file"
        assert {"max-size", "max-file"} <= set(log["options"]), "an unbounded log file fills the node's disk"


def test_nothing_is_privileged(containers: dict[str, dict[str, Any]]):
    for container in containers.values():
        assert "privileged" not in container
        assert container["readonlyRootFilesystem"] is True
        assert container["linuxParameters"]["capabilities"]["drop"] == ["ALL"]
        assert not container.get("secrets")
    added = {name: set(c["linuxParameters"]["capabilities"].get("add", [])) for name, c in containers.items()}
    assert added == {"config": set(), "log-router": set(), "falco": {"SYS_ADMIN", "SYS_PTRACE", "SYS_RESOURCE"}}


def test_the_task_opens_no_port(task: EcsTask, containers: dict[str, dict[str, Any]]):
    assert task.network_mode == "host", "in bridge mode FireLens listens to every container of the node"
    for container in containers.values():
        assert not container.get("portMappings")
        assert "0.0.0.0" not in json.dumps(container)


def test_unsent_events_outlive_the_task(task: EcsTask, containers: dict[str, dict[str, Any]]):
    state = "/var/lib/falco-firelens/fluent-bit"
    (volume,) = [volume for volume in task.volumes if volume.get("host", {}).get("sourcePath") == state]
    assert {"sourceVolume": volume["name"], "containerPath": state, "readOnly": False} in containers["log-router"][
        "mountPoints"
    ]


def test_the_router_has_all_the_time_that_ecs_gives_to_drain(containers: dict[str, dict[str, Any]]):
    assert containers["log-router"]["stopTimeout"] == 120


def test_health_asks_whether_the_router_lives_and_not_whether_its_destination_does(
    containers: dict[str, dict[str, Any]],
):
    check = containers["log-router"]["healthCheck"]
    assert check["command"][0] == "CMD"
    assert check["command"][-1] == "http://127.0.0.1:8766/api/v1/uptime"
    assert containers["falco"]["healthCheck"]["command"][-1] == "http://127.0.0.1:8765/healthz"


def test_the_node_is_seen_by_falco_alone(containers: dict[str, dict[str, Any]]):
    falco_sees = {mount["containerPath"] for mount in containers["falco"]["mountPoints"]}
    assert {"/host/proc", "/host/etc", "/host/var/run/docker.sock"} <= falco_sees
    assert {mount["containerPath"] for mount in containers["log-router"]["mountPoints"]} == {
        "/sensor",
        "/var/lib/falco-firelens/fluent-bit",
    }


def test_a_task_definition_that_ecs_would_refuse_says_what_to_do(options: FalcoOptions):
    room = ecs.TASK_DEFINITION_LIMIT - ecs.TASK_DEFINITION_RESERVE
    fits = FalcoOptions(rules={"many.yaml": "#"})
    missing = room - ecs.size(ecs.task(fits, pipeline("ecs")))
    ecs.task(FalcoOptions(rules={"many.yaml": "#" * (missing + 1)}), pipeline("ecs"))
    with pytest.raises(
        SensorError, match=r"is 63,489 bytes, but ECS leaves 63,488 for it: shorten .*falco\.rulesFiles"
    ):
        ecs.task(FalcoOptions(rules={"many.yaml": "#" * (missing + 2)}), pipeline("ecs"))


def test_no_file_takes_the_name_of_another():
    names = set(firelens.files(pipeline("ecs"))), set(falco.files(FalcoOptions(), identity("ecs")))
    assert not set.intersection(*names)


def test_no_container_gets_more_privileges_than_it_starts_with(containers: dict[str, dict[str, Any]]):
    assert set(containers) == {"config", "log-router", "falco"}
    for container in containers.values():
        assert container["dockerSecurityOptions"] == ["no-new-privileges"]
