"""Workloads: no container is privileged, its image is the tested one, and no instance gives away its credentials."""

import re
from collections.abc import Iterator

from falco_firelens.policy.documents import Unreadable, folded, texts_of
from falco_firelens.policy.host import ECS_SENSOR, KUBERNETES_SENSOR, sensor_of
from falco_firelens.policy.pods import WORKLOADS, Keys, Pod, is_set, pods_of
from falco_firelens.policy.rule import UNKNOWN, Check, Finding, Resource, Rule, items_of, keys_of, show
from falco_firelens.sensor.falco import CAPABILITIES

BASELINE = frozenset((
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
))  # fmt: skip
SYSCTLS = frozenset((
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_slow_start_after_idle",
))  # fmt: skip
SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"))
"""What the level "baseline" allows: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline"""

SENSOR_CAPABILITIES = {
    KUBERNETES_SENSOR: frozenset(CAPABILITIES["eks"] + CAPABILITIES["kubernetes"]),
    ECS_SENSOR: frozenset(CAPABILITIES["ecs"]),
}

APPARMOR = "container.apparmor.security.beta.kubernetes.io/"

NEEDED = "the capabilities that it needs"

MOVING_TAGS = frozenset(("latest", "stable", "edge", "main", "master", "nightly"))
"""Words in a tag that point at another image tomorrow; `init-latest` is Fluent Bit's on ECS."""


def _readable(check: Check) -> Check:
    """Return a check of a value that may be malformed JSON: the definitions of a task's containers."""

    def on(resource: Resource) -> Iterator[Finding]:
        try:
            yield from list(check(resource))
        except Unreadable as error:
            yield Finding("containerDefinitions", str(error), "a JSON list in which each key stands once")

    return on


def _privileged(resource: Resource) -> Iterator[Finding]:
    sensor = sensor_of(resource)
    for pod in pods_of(resource):
        for path, context in pod.security():
            for name in ("privileged",) if pod.on_ecs else ("privileged", "allowPrivilegeEscalation"):
                if is_set(context.get(name.lower())):
                    yield Finding(f"{path}.{name}", "true", f"false, and {NEEDED}")
            limits = folded(context.get("linuxparameters")) if pod.on_ecs else context
            yield from _capabilities(path, limits, SENSOR_CAPABILITIES.get(sensor or "", frozenset()))
            if pod.on_ecs:
                yield from _of_a_task(path, context)
            else:
                yield from _of_a_pod(path, context, sensor)
                yield from _proc_mount(path, context, pod)
        yield from _apparmor(pod)


def _capabilities(path: str, limits: Keys, of_the_sensor: frozenset[str]) -> Iterator[Finding]:
    """Yield the capabilities, of which the kubelet and Docker take `ALL` and `CAP_` in any case."""
    for given in texts_of(folded(limits.get("capabilities")).get("add")):
        name = given.strip().upper().removeprefix("CAP_")
        if name not in BASELINE | of_the_sensor:
            yield Finding(f"{path} capabilities", f"{given} added", NEEDED)


def _of_a_pod(path: str, context: Keys, sensor: str | None) -> Iterator[Finding]:
    if is_set(folded(context.get("windowsoptions")).get("hostprocess")):
        yield Finding(f"{path}.windowsOptions.hostProcess", "true", "false")
    for name in ("seccompProfile", "appArmorProfile"):
        profile = folded(context.get(name.lower())).get("type")
        if str(profile).lower() == "unconfined" and not (sensor and name == "appArmorProfile"):
            yield Finding(f"{path}.{name}.type", show(profile), '"RuntimeDefault"')
    selinux = folded(context.get("selinuxoptions"))
    given = [selinux.get(name) for name in ("type", "user", "role")]
    kind, *others = ["" if value is UNKNOWN else str(value or "") for value in given]
    if kind not in SELINUX_TYPES or any(others):
        yield Finding(f"{path}.seLinuxOptions", "another type, user or role", "the container runtime's own")
    yield from _sysctls(f"{path}.sysctls", context.get("sysctls"), "name")


def _proc_mount(path: str, context: Keys, pod: Pod) -> Iterator[Finding]:
    """In a user namespace of its own, a pod may see all of its /proc."""
    mount = context.get("procmount")
    if isinstance(mount, str) and mount != "Default" and pod.spec.get("hostusers") is not False:
        yield Finding(f"{path}.procMount", show(mount), '"Default", or hostUsers: false')


def _of_a_task(path: str, container: Keys) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
    for option in texts_of(container.get("dockersecurityoptions")):
        if option.replace("=", ":").lower() in ("label:disable", "apparmor:unconfined", "seccomp:unconfined"):
            yield Finding(f"{path}.dockerSecurityOptions", show(option), '"no-new-privileges"')
    devices = folded(container.get("linuxparameters")).get("devices")
    if any(device is not UNKNOWN for device in items_of(devices)):
        yield Finding(f"{path}.linuxParameters.devices", "devices of the instance", "none")
    yield from _sysctls(f"{path}.systemControls", container.get("systemcontrols"), "namespace")


def _sysctls(path: str, given: object, key: str) -> Iterator[Finding]:
    for sysctl in map(folded, items_of(given)):
        name = sysctl.get(key)
        if isinstance(name, str) and name.replace("/", ".") not in SYSCTLS:
            yield Finding(path, show(name), "those that only the pod has")


def _apparmor(pod: Pod) -> Iterator[Finding]:
    for key, value in pod.annotations.items():
        if key.startswith(APPARMOR) and value not in ("runtime/default", "", UNKNOWN) and not _is_local(value):
            yield Finding(f"metadata.annotations[{key}]", show(value), '"runtime/default"')


def _is_local(profile: object) -> bool:
    return isinstance(profile, str) and profile.startswith("localhost/")


def _images(resource: Resource) -> Iterator[Finding]:
    by_digest = resource.config.get("byDigest") is True
    write = "its digest, as in falco@sha256:…" if by_digest else "its full version, as in falco:0.45.0, or its digest"
    for pod in pods_of(resource):
        for path, container in pod.containers():
            image = container.get("image")
            if isinstance(image, str) and not (has_digest(image) if by_digest else is_pinned(image)):
                yield Finding(f"{path}.image", show(image), write)


def has_digest(image: str) -> bool:
    """Whether an image's name ends with its digest, which no registry can make another image of."""
    return re.search("@sha256:[0-9a-f]{64}$", image) is not None


def is_pinned(image: str) -> bool:
    """Whether an image's name says which one it is: by digest, or by a tag that is no word for the newest."""
    if "@sha256:" in image:
        return True
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return bool(colon and tag) and not MOVING_TAGS.intersection(tag.split("-"))


def _tokens(resource: Resource) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html"""
    options = keys_of(resource.props.get("metadataOptions"))
    tokens = options.get("httpTokens")
    if tokens not in ("required", UNKNOWN) and options.get("httpEndpoint") != "disabled":
        yield Finding("metadataOptions.httpTokens", show(tokens), '"required"')


RULES = (
    Rule(
        "no-privileged-container",
        "No container is privileged, or has a capability or a switch that is as good; the sensor has what Falco needs.",
        dict.fromkeys(WORKLOADS, _readable(_privileged)),
    ),
    Rule(
        "pinned-images",
        "Images are pinned to a version.",
        dict.fromkeys(WORKLOADS, _readable(_images)),
        {"byDigest": {"type": "boolean", "default": False}},
    ),
    Rule(
        "imdsv2",
        "Instances give their credentials to IMDSv2 only.",
        {"aws:ec2/launchTemplate:LaunchTemplate": _tokens, "aws:ec2/instance:Instance": _tokens},
    ),
)
