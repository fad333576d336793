"""What Falco is told."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from falco_firelens.contract import Platform
from falco_firelens.sensor import falco
from falco_firelens.sensor.model import FalcoOptions
from tests.unit.sensor.clusters import identity

PLATFORMS: tuple[Platform, ...] = ("eks", "kubernetes", "ecs")


def settings(options: FalcoOptions, platform: Platform = "eks"):
    return yaml.safe_load(falco.files(options, identity(platform))["falco.yaml"])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_events_are_single_json_lines_on_standard_output_at_once(options: FalcoOptions, platform: Platform):
    told = settings(options, platform)
    assert told["json_output"] is True
    assert told["time_format_iso_8601"] is True
    assert told["buffered_outputs"] is False
    assert told["stdout_output"] == {"enabled": True}
    for part in ("output", "tags", "output_fields"):
        assert told[f"json_include_{part}_property"] is True


@pytest.mark.parametrize("platform", PLATFORMS)
def test_outputs_that_are_on_when_left_out_are_off(options: FalcoOptions, platform: Platform):
    told = settings(options, platform)
    assert told["syslog_output"] == {"enabled": False}
    assert told["log_syslog"] is False


def test_the_probe_needs_no_driver(options: FalcoOptions):
    assert settings(options)["engine"] == {"kind": "modern_ebpf", "modern_ebpf": {"buf_size_preset": 4}}


def test_a_full_queue_cannot_take_the_memory_that_falco_may_have(options: FalcoOptions):
    largest_usual_event = 4096
    queued = settings(options)["outputs_queue"]["capacity"] * largest_usual_event
    assert 0 < queued <= falco.RESOURCES.memory_limit * 2**20 / 4


def test_every_falco_reports_that_it_lives(options: FalcoOptions):
    metrics = settings(options)["metrics"]
    assert metrics["enabled"] and metrics["output_rule"]
    assert metrics["interval"] == f"{falco.HEARTBEAT_MINUTES}m"
    several = ("rules_counters", "kernel_event_counters_per_cpu", "jemalloc_stats")
    assert not any(metrics[f"{one}_enabled"] for one in several), "a heartbeat's fields would grow with rules or CPUs"
    assert 60 // falco.HEARTBEAT_MINUTES >= 3, "an alarm on a silent hour must survive two lost heartbeats"


def test_a_changed_configuration_waits_for_the_rolling_update(options: FalcoOptions):
    assert settings(options)["watch_config_files"] is False


def test_rules_load_in_order_and_every_one_of_them_exists(options: FalcoOptions):
    files = falco.files(options, identity("eks"))
    first, default, *others = settings(options)["rules_files"]
    assert default == "/etc/falco/falco_rules.yaml"
    own = [first, *others]
    assert [path.removeprefix("/sensor/") for path in own] == list(falco.rules(options))
    texts = [files[path.removeprefix("/sensor/")] for path in own]
    assert texts[2:4] == list(options.rules.values()), "the user's files follow in the user's order, unchanged"
    assert own[-1] == "/sensor/exceptions.yaml", "exceptions may be for the user's own rules"


def test_rules_are_disabled_after_all_files_are_loaded(options: FalcoOptions):
    assert settings(options)["rules"] == [{"disable": {"rule": "Terminal shell in container"}}]
    assert "rules" not in settings(FalcoOptions())


def test_exceptions_of_a_rule_are_appended_in_one_entry(options: FalcoOptions):
    assert yaml.safe_load(falco.rules(options)["exceptions.yaml"]) == [
        {
            "rule": "Clear Log Activities",
            "exceptions": [
                {"name": "rotation", "fields": ["proc.name"], "comps": ["="], "values": [['"logrotate"']]},
                {"name": "paths", "fields": ["fd.name"], "comps": ["in"], "values": [[['"/a"', '"/b"']]]},
            ],
            "override": {"exceptions": "append"},
        }
    ]
    assert "exceptions.yaml" not in falco.rules(FalcoOptions())


@pytest.mark.parametrize("priority", ["Emergency", "Notice", "Debug"])
def test_the_self_test_passes_any_minimum_priority(priority: str):
    options = FalcoOptions(minimum_priority=priority)
    (rule,) = yaml.safe_load(falco.rules(options)["self_test.yaml"])
    assert rule["priority"].lower() == settings(options)["priority"] == priority.lower()
    assert "falco-firelens-self-test" in rule["condition"]


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("eks", {"cri"}), ("kubernetes", {"cri"}), ("ecs", {"docker"})],
)
def test_only_the_platforms_own_engines_are_asked(options: FalcoOptions, platform: Platform, expected: set[str]):
    (plugin,) = settings(options, platform)["plugins"]
    engines = plugin["init_config"]["engines"]
    assert {name for name, engine in engines.items() if engine["enabled"]} == expected
    assert set(engines) == {"docker", "podman", "containerd", "cri", "lxc", "libvirt_lxc", "bpm"}, "the schema's all"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_socket_that_falco_asks_is_mounted_where_it_looks(options: FalcoOptions, platform: Platform):
    (plugin,) = settings(options, platform)["plugins"]
    asked = [path for engine in plugin["init_config"]["engines"].values() for path in engine.get("sockets", [])]
    mounted = {mount.target: mount for mount in falco.container(options, identity(platform)).mounts}
    assert asked
    for path in asked:
        assert mounted[f"/host{path}"].source == path
        assert mounted[f"/host{path}"].read_only


def test_the_ecs_task_of_a_container_is_named_in_its_events(options: FalcoOptions):
    (plugin,) = settings(options, "ecs")["plugins"]
    longest = f"arn:aws-us-gov:ecs:us-gov-west-1:123456789012:task/{'c' * 255}/{'0' * 32}"
    assert plugin["init_config"]["label_max_len"] >= len(longest)
    assert extra_fields(options, "ecs") == [{"ecs.task.arn": "%container.label[com.amazonaws.ecs.task-arn]"}]


@pytest.mark.parametrize("platform", ["eks", "kubernetes"])
def test_a_pod_is_told_from_another_one_of_its_name(options: FalcoOptions, platform: Platform):
    assert extra_fields(options, platform) == ["k8s.pod.uid"]


def extra_fields(options: FalcoOptions, platform: Platform) -> list[object]:
    entries = settings(options, platform)["append_output"]
    return [field for entry in entries for field in entry.get("extra_fields", [])]


def test_the_web_server_is_reachable_by_probes_only(options: FalcoOptions):
    assert settings(options, "ecs")["webserver"]["listen_address"] == "127.0.0.1", "the task is on the node's network"
    assert settings(options, "eks")["webserver"]["listen_address"] == "0.0.0.0", "the kubelet calls the pod's address"


@given(st.dictionaries(st.text(min_size=1), st.just("- list: x\n  items: []\n"), max_size=8))
def test_any_users_file_names_become_distinct_valid_keys(rules: dict[str, str]):
    names = list(falco.rules(FalcoOptions(rules=rules)))
    assert len(set(names)) == len(rules) + 2
    assert all(re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", name) and name.endswith(".yaml") for name in names)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_falco_is_not_privileged_and_sees_little_of_the_node(options: FalcoOptions, platform: Platform):
    container = falco.container(options, identity(platform))
    assert set(container.capabilities) <= {"BPF", "PERFMON", "SYS_ADMIN", "SYS_PTRACE", "SYS_RESOURCE"}
    assert ("SYS_ADMIN" in container.capabilities) == (platform == "ecs")
    assert all(mount.read_only for mount in container.mounts)
    assert not {mount.source for mount in container.mounts} & {"/", "/dev", "/boot", "/usr", "/lib/modules", "/var"}


def test_the_documents_name_every_rule_about_the_sensor():
    rules = yaml.safe_load(falco.rules(FalcoOptions())[falco.TAMPERING_RULES])
    page = Path(__file__).parents[3].joinpath("docs", "security.md").read_text()
    names = [item["rule"] for item in rules if "rule" in item]
    assert len(names) == 4
    assert [name for name in names if f"`{name}`" not in page] == []
