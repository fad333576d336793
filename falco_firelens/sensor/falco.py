"""Describes Falco: its settings, rules, privileges, mounts and health, for every platform.

Key names and defaults are those of `falco.yaml` in github.com/falcosecurity/falco; the container plugin's are those of
`plugins/container/README.md` in github.com/falcosecurity/plugins.
"""

import functools
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from falco_firelens.contract import PRIORITIES, Platform
from falco_firelens.sensor.conditions import Texts
from falco_firelens.sensor.container import Container, Health, Mount, Resources
from falco_firelens.sensor.model import (
    FALCO_CONTAINER,
    FALCO_HTTP_PORT,
    SENSOR_DIR,
    ClusterIdentity,
    FalcoOptions,
    RuleException,
)
from falco_firelens.sensor.own_yaml import read_yaml

SETTINGS_FILE: Final = "falco.yaml"
"""The file that Falco is started with."""

TAMPERING_RULES: Final = "tampering.yaml"
"""The rules about the sensor itself. They come first: Falco reports the first rule that matches."""

DEFAULT_RULES: Final = "/etc/falco/falco_rules.yaml"
"""The stable rules that every Falco image brings."""

HOST_ROOT: Final = "/host"
"""Where Falco and its container plugin look for the node's own files."""

HEARTBEAT_MINUTES: Final = 15
"""How often each Falco reports its metrics as an event. Four in an hour: an alarm on an hour without one tolerates
three losses, and each costs about 4 kB a node."""

OUTPUTS_QUEUE_CAPACITY: Final = 32_768
"""Events that may wait for standard output. At 2 to 3 kB each about 100 MB, a tenth of the memory limit: when the log
driver blocks for long, Falco counts drops instead of being killed for its memory."""

LABEL_MAX_LENGTH: Final = 512
"""The longest container label that is kept. ECS's task ARN label exceeds the default 100 for long cluster names."""

CAPABILITIES: Final[Mapping[Platform, tuple[str, ...]]] = {
    "eks": ("BPF", "PERFMON", "SYS_PTRACE", "SYS_RESOURCE"),
    "kubernetes": ("BPF", "PERFMON", "SYS_PTRACE", "SYS_RESOURCE"),
    "ecs": ("SYS_ADMIN", "SYS_PTRACE", "SYS_RESOURCE"),
}
"""What the modern eBPF probe needs instead of `privileged`: https://falco.org/docs/setup/container/.
ECS's API knows neither BPF nor PERFMON, so SYS_ADMIN, which includes both, stands in for them there."""

ENGINES: Final[Mapping[Platform, Mapping[str, tuple[str, ...]]]] = {
    "eks": {"cri": ("/run/containerd/containerd.sock",)},
    "kubernetes": {
        "cri": ("/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/k3s/containerd/containerd.sock")
    },
    "ecs": {"docker": ("/var/run/docker.sock",)},
}
"""The container engines of a platform, by the container plugin's name, with their sockets on the node."""

TASK_ARN: Final = "ecs.task.arn"
"""Our own name: Falco has none for it."""

POD_UID: Final = "k8s.pod.uid"
"""https://github.com/falcosecurity/plugins/blob/main/plugins/container/README.md#supported-fields"""

_ALL_ENGINES: Final = ("docker", "podman", "containerd", "cri", "lxc", "libvirt_lxc", "bpm")

_NODE_MOUNTS: Final = (
    Mount("proc", "/proc", f"{HOST_ROOT}/proc"),
    Mount("etc", "/etc", f"{HOST_ROOT}/etc"),
    Mount("sys-kernel", "/sys/kernel", "/sys/kernel"),
)

HEALTH: Final = Health(port=FALCO_HTTP_PORT, path="/healthz")
RESOURCES: Final = Resources(cpu=100, memory=512, cpu_limit=1000, memory_limit=1024)
"""The official chart's values."""

SCRATCH: Final = ("/root/.falco", "/tmp")

ENVIRONMENT: Final[Mapping[str, str]] = {
    "HOST_ROOT": HOST_ROOT,
    "FALCO_CGROUP_MEM_PATH": "/sys/fs/cgroup/memory.current",
}
"""The memory path is that of cgroup v2; Falco's default is a path of cgroup v1, and its metric would read nothing."""


def container(options: FalcoOptions, identity: ClusterIdentity) -> Container:
    """Falco as it runs on the cluster's platform."""
    return Container(
        name=FALCO_CONTAINER,
        image=options.image,
        command=("/usr/bin/falco", "-c", f"{SENSOR_DIR}/{SETTINGS_FILE}"),
        files=files(options, identity),
        health=HEALTH,
        resources=RESOURCES,
        capabilities=CAPABILITIES[identity.platform],
        environment=ENVIRONMENT,
        mounts=_NODE_MOUNTS + sockets(identity.platform),
        scratch=SCRATCH,
    )


def files(options: FalcoOptions, identity: ClusterIdentity) -> dict[str, str]:
    """Falco's whole configuration: `falco.yaml` and its rules files, flat, by file name."""
    return {SETTINGS_FILE: to_yaml(settings(options, identity, SENSOR_DIR)), **rules(options)}


def sums(loaded: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 sums of files under the keys that a Falco that has loaded them writes into its heartbeats.

    `stats_writer.cpp` of Falco's source makes the keys, with `sanitize_rule_name` of `falco_utils.cpp`.
    """
    found: dict[str, str] = {}
    for name, text in loaded.items():
        kind = "config" if name == SETTINGS_FILE else "rules"
        key = re.sub("_+", "_", re.sub("[^a-zA-Z0-9_:]", "_", name)).removesuffix("_")
        found[f"falco.sha256_{kind}_file.{key}"] = hashlib.sha256(text.encode()).hexdigest()
    return found


def settings(options: FalcoOptions, identity: ClusterIdentity, rules_dir: str) -> dict[str, Any]:
    """Return the content of `falco.yaml` for a Falco that finds `rules(options)` in `rules_dir`."""
    disabled = [{"disable": {"rule": rule}} for rule in options.disabled_rules]
    return {
        "engine": {"kind": "modern_ebpf", "modern_ebpf": {"buf_size_preset": 4}},
        "load_plugins": ["container"],
        "plugins": [_container_plugin(identity.platform)],
        "rules_files": _rules_files(options, rules_dir),
        **({"rules": disabled} if disabled else {}),
        # A changed file must reach the nodes by a rolling update, not everywhere in the same second.
        "watch_config_files": False,
        "priority": options.minimum_priority.lower(),
        "json_output": True,
        "json_include_output_property": True,
        "json_include_tags_property": True,
        "json_include_output_fields_property": True,
        "time_format_iso_8601": True,
        "buffered_outputs": False,
        "outputs_queue": {"capacity": OUTPUTS_QUEUE_CAPACITY},
        "append_output": _append_output(identity.platform),
        "stdout_output": {"enabled": True},
        "syslog_output": {"enabled": False},
        "log_stderr": True,
        "log_syslog": False,
        "syscall_event_drops": {
            "threshold": options.dropped_percent / 100,
            "actions": ["log", "alert"],
            "rate": 0.03333,
            "max_burst": 1,
        },
        "webserver": {
            "enabled": True,
            "listen_port": FALCO_HTTP_PORT,
            "listen_address": listen_address(identity.platform),
            "k8s_healthz_endpoint": HEALTH.path,
            "prometheus_metrics_enabled": True,
        },
        "metrics": {
            "enabled": True,
            "interval": f"{HEARTBEAT_MINUTES}m",
            "output_rule": True,
            # Left out, all three count as on. The first adds a field for each rule that has ever matched, the second
            # fields for every CPU; CloudWatch Logs transforms no event with more than 200, and no alarm counts it then:
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation-Create.html
            "rules_counters_enabled": False,
            "kernel_event_counters_per_cpu_enabled": False,
            "jemalloc_stats_enabled": False,
        },
    }


def rules(options: FalcoOptions) -> dict[str, str]:
    """Return the rules files by name, in the order Falco must load them: ours, the user's in theirs, the exceptions.

    Falco's own come after `TAMPERING_RULES`.
    """
    users = {_file_name(index, name): text for index, (name, text) in enumerate(options.rules.items(), start=1)}
    ours = {
        TAMPERING_RULES: _own_rules("tampering.yaml", _gravest("Critical", options.minimum_priority)),
        "self_test.yaml": _own_rules("self_test.yaml", options.minimum_priority),
    }
    files = {**ours, **users}
    if options.exceptions:
        files["exceptions.yaml"] = to_yaml(_exceptions(options.exceptions, Texts(users.values())))
    return files


def sockets(platform: Platform) -> tuple[Mount, ...]:
    """Return the sockets by which Falco asks a platform's container engines for names, images and labels."""
    paths = [path for engine in ENGINES[platform].values() for path in engine]
    return tuple(Mount(f"socket-{index}", path, f"{HOST_ROOT}{path}") for index, path in enumerate(paths))


def engines(platform: Platform) -> dict[str, Any]:
    """Return the container plugin's `engines`: those of the platform on, all others off (its schema wants them all)."""
    return {name: _engine(ENGINES[platform].get(name)) for name in _ALL_ENGINES}


def listen_address(platform: Platform) -> str:
    """Where the web server listens. The ECS task shares the node's network, so there nobody else may reach it."""
    return "127.0.0.1" if platform == "ecs" else "0.0.0.0"


class _Dumper(yaml.SafeDumper):
    """Escapes the line ends that PyYAML writes and reads as such, and the yaml-cpp of Falco does not."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style='"' if re.search(r"[\x85\u2028\u2029\ufeff]", text) else None
    ),
)


def to_yaml(value: object) -> str:
    """`value` as YAML in its own order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _append_output(platform: Platform) -> list[dict[str, Any]]:
    """Names container, image, pod and namespace in every event, and what the name belongs to beyond doubt.

    That is on ECS the task, which is a label of Docker's, and elsewhere the pod's uid: a later pod can have its name.
    """
    beyond_doubt = {TASK_ARN: "%container.label[com.amazonaws.ecs.task-arn]"} if platform == "ecs" else POD_UID
    return [{"suggested_output": True}, {"match": {"source": "syscall"}, "extra_fields": [beyond_doubt]}]


def _container_plugin(platform: Platform) -> dict[str, Any]:
    return {
        "name": "container",
        "library_path": "libcontainer.so",
        "init_config": {"label_max_len": LABEL_MAX_LENGTH, "with_size": False, "engines": engines(platform)},
    }


def _engine(socket_paths: tuple[str, ...] | None) -> dict[str, Any]:
    return {"enabled": True, "sockets": list(socket_paths)} if socket_paths else {"enabled": False}


def _file_name(index: int, name: str) -> str:
    """Return a name that is valid as a ConfigMap's key, unique, and in the user's order."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name).stem).strip("-")[:60] or "rules"
    return f"rules-{index:02}-{stem}.yaml"


def _rules_files(options: FalcoOptions, rules_dir: str) -> list[str]:
    first, *others = (f"{rules_dir}/{name}" for name in rules(options))
    return [first, DEFAULT_RULES, *others]


@functools.cache
def _own_rules(file: str, priority: str) -> str:
    """Read rules of this project, and give each a priority that Falco does not filter away."""
    document = read_yaml((Path(__file__).parent / "rules" / file).read_text())
    return to_yaml([{**item, "priority": priority.upper()} if "rule" in item else item for item in document])


def _gravest(*priorities: str) -> str:
    return min(priorities, key=[*PRIORITIES].index)


def _exceptions(exceptions: tuple[RuleException, ...], texts: Texts) -> list[dict[str, Any]]:
    """One appending entry a rule, after the lists that their values need.

    https://falco.org/docs/concepts/rules/overriding/
    """
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for exception in exceptions:
        by_rule.setdefault(exception.rule, []).append(_exception(exception, texts))
    changes = [
        {"rule": rule, "exceptions": items, "override": {"exceptions": "append"}} for rule, items in by_rule.items()
    ]
    return [*texts.lists, *changes]


def _exception(exception: RuleException, texts: Texts) -> dict[str, Any]:
    return {
        "name": exception.name,
        "fields": list(exception.fields),
        "comps": list(exception.comps),
        "values": [list(map(texts.written, value, exception.comps)) for value in exception.values],
    }
