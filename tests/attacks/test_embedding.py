"""The attacker is a caller of a service that embeds the fleet, and wants more than a stack in their own account."""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from examples.embedding.service import LARGEST_BODY, Caller, callers_in, service
from falco_firelens.fleet import FleetError, Result, Stack
from falco_firelens.fleet.results import Status
from falco_firelens.fleet.workspace import work_directory
from falco_firelens.settings import SettingsError, load, load_config
from falco_firelens.settings.rules_files import problem_of
from falco_firelens.settings.stack_files import document_of
from falco_firelens.settings.strangers import is_public
from falco_firelens.settings.validation.yaml_text import DocumentError, kubeconfig_tree
from tests.unit.settings.test_secrets import PLACES_OF_VALUES, Location, path_of, tree_of

PROJECT = Path(__file__).parents[2]
ECS = {"name": "shop", "platform": "ecs"}
OWN, OTHER = "111122223333", "444455556666"

Given = dict[str, Any]


def kubeconfig(user: Given | None = None, **cluster: object) -> str:
    return yaml.safe_dump(
        {
            "clusters": [{"name": "c", "cluster": {"server": "https://k8s.example.com", **cluster}}],
            "users": [{"name": "u", "user": {"token": "t0ken"} if user is None else user}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "c",
        }
    )


def own_cluster(**existing: object) -> Given:
    return {"clusters": [{"name": "own", "platform": "kubernetes", "nodeRole": "nodes", "existing": existing}]}


def strangers(settings: Given, name: str = "shop", region: str = "eu-west-1") -> Stack:
    return Stack.of(name, region, settings, trusted=False)


def test_settings_without_anything_of_the_machine_are_taken() -> None:
    found = strangers(
        own_cluster(kubeconfig=kubeconfig({"client-certificate-data": "Yw==", "client-key-data": "aw=="}))
    )
    assert found.check(PROJECT).clusters[0].name == "own"
    assert not found.trusted


COMMANDS = {
    "exec": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", "id"]}},
    "auth-provider": {"auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/sh", "cmd-args": "-c id"}}},
    "auth provider of the unknown future": {"token-command": "/bin/sh"},
}


@pytest.mark.parametrize("user", COMMANDS.values(), ids=COMMANDS.keys())
@pytest.mark.parametrize("place", ["kubernetes", "eks", "json", "second user"])
def test_a_kubeconfig_runs_a_command_in_the_service(user: Given, place: str) -> None:
    text = kubeconfig(user)
    if place == "second user":
        document = yaml.safe_load(kubeconfig())
        document["users"].append({"name": "another", "user": user})
        text = yaml.safe_dump(document)
    settings: Given = own_cluster(kubeconfig=text)
    if place == "eks":
        settings = {"clusters": [{"name": "eu", "platform": "eks", "existing": {"name": "eu", "kubeconfig": text}}]}
    if place == "json":
        settings["clusters"] = json.dumps(settings["clusters"])

    with pytest.raises(FleetError, match=r"existing\.kubeconfig: found .*, expected a token, or certificates as data"):
        strangers(settings)
    Stack.of("shop", "eu-west-1", settings).check(PROJECT)  # what a person writes into a stack file of their own


FILES = {
    "tokenFile": kubeconfig({"tokenFile": "/var/run/secrets/token"}),
    "client-certificate": kubeconfig({"client-certificate": "/etc/service/cert.pem", "client-key": "/etc/key.pem"}),
    "certificate-authority": kubeconfig(**{"certificate-authority": "/etc/service/ca.pem"}),
    "proxy": kubeconfig(**{"proxy-url": "http://proxy.service:3128"}),
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES.keys())
def test_a_kubeconfig_names_files_or_a_proxy_of_the_service(text: str) -> None:
    with pytest.raises(FleetError, match="no command, no file, no proxy"):
        strangers(own_cluster(kubeconfig=text))


ADDRESSES = [
    "https://127.0.0.1:6443", "https://169.254.169.254", "https://169.254.170.2", "https://10.0.0.7", "https://0",
    "https://[::1]", "https://[fd00:ec2::254]", "https://[::ffff:169.254.169.254]", "https://[64:ff9b::a9fe:a9fe]",
    "https://localhost", "https://LOCALHOST.", "https://vault", "https://metadata.google.internal",
    "https://instance-data.ec2.internal", "https://127.1", "https://2130706433", "https://0x7f.1", "https://0x7f000001",
    "http://k8s.example.com", "file:///etc/passwd", "/etc/passwd", "", "https://", "https://u:p@k8s.example.com",
    "https://k8s.example.com@169.254.169.254", "unix:///var/run/docker.sock", "https://[::]", "https://224.0.0.1",
    "https://service.local", "https://x.arpa", "https://[fe80::1%25eth0]", "https://192.168.0.1", "https://100.64.0.1",
]  # fmt: skip


@pytest.mark.parametrize("server", ADDRESSES)
def test_a_kubeconfig_leads_into_the_network_of_the_service(server: str) -> None:
    with pytest.raises(FleetError, match="expected https:// and a host on the internet"):
        strangers(own_cluster(kubeconfig=kubeconfig(server=server)))


@pytest.mark.parametrize("repository", ["https://127.0.0.1/charts", "https://vault/charts", "oci://10.0.0.7/charts"])
def test_the_service_fetches_a_chart_from_its_own_network(repository: str) -> None:
    settings = {"clusters": [ECS], "falco": {"install": "helm", "chartRepository": repository}}
    with pytest.raises(FleetError, match="chartRepository: found"):
        strangers(settings)


@pytest.mark.parametrize("host", ["k8s.example.com", "8.8.8.8", "ABC.gr7.eu-west-1.eks.amazonaws.com", "2606:4700::1"])
def test_an_address_of_the_internet_is_one(host: str) -> None:
    assert is_public(host)


def test_the_service_reads_another_stack_for_a_caller() -> None:
    settings = {"clusters": [ECS], "spoke": {"hub": "organization/falco-firelens/somebody-else"}}
    with pytest.raises(FleetError, match=r"spoke\.hub: found the name of a stack"):
        strangers(settings)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every path that is looked at."""
    paths: list[str] = []
    for method in ("read_text", "read_bytes", "open", "is_file", "exists", "stat"):
        real = getattr(Path, method)

        def seen(path: Path, *arguments: Any, _real: Callable[..., Any] = real, **keys: Any) -> Any:
            paths.append(str(path))
            return _real(path, *arguments, **keys)

        monkeypatch.setattr(Path, method, seen)
    return paths


@pytest.mark.parametrize(
    ("location", "platform"), PLACES_OF_VALUES, ids=[f"{path_of(one)} {platform}" for one, platform in PLACES_OF_VALUES]
)
def test_any_setting_reads_a_file_of_the_service(location: Location, platform: str, opened: list[str]) -> None:
    """Whatever a setting is called, and whenever it came: no path that a caller writes is looked at."""
    for value in ("/etc/hostname", ["/etc/hostname"]):
        tree = tree_of(location, platform, value)
        if location[:1] == ("clusters",) and isinstance(tree["clusters"], list) and platform:
            tree["clusters"][0] = {"name": "own", "nodeRole": "nodes", **tree["clusters"][0]}
        with suppress(FleetError):
            strangers({"clusters": [ECS], **tree})
    assert [path for path in opened if "hostname" in path] == []


def test_a_settings_object_of_a_caller_names_a_file(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(kubeconfig())
    settings = load(own_cluster(kubeconfigFile="own.yaml"), file="f", root=tmp_path)
    with pytest.raises(FleetError, match="kubeconfigFile: found the path of a file, expected no file"):
        Stack.of("shop", "eu-west-1", settings, trusted=False)


NAMES = ["--help", "-C", "../../x", "a/b", "", ".", "..", ".hidden", "a\nb", "a b", "a\x1b[31m", "a;id", "x" * 101, "ü"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("trusted", [True, False])
def test_a_stack_is_called_like_an_option_or_a_path(name: str, trusted: bool) -> None:
    with pytest.raises(FleetError, match="as a stack's name") as caught:
        Stack.of(name, "eu-west-1", {"clusters": [ECS]}, trusted=trusted)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["--help", "a\nb", "a b"])
def test_a_stack_file_is_called_like_an_option(name: str, tmp_path: Path) -> None:
    (tmp_path / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    with pytest.raises(FleetError, match="as a stack's name"):
        Stack.read(tmp_path / f"Pulumi.{name}.yaml")


@pytest.mark.parametrize("region", ["", "evil.example/#", "eu-west-1.evil.example", "eu-west-1\n", "../x"])
def test_a_region_is_a_host_of_the_caller(region: str) -> None:
    with pytest.raises(FleetError, match="expected an AWS region"):
        strangers({"clusters": [ECS]}, region=region)


SECRET = "very-secret-t0ken"
WITH_SECRETS = {
    "kubeconfig": own_cluster(kubeconfig=kubeconfig({"token": SECRET})),
    "kubeconfig as JSON": {"clusters": json.dumps(own_cluster(kubeconfig=kubeconfig({"token": SECRET}))["clusters"])},
    "endpoint": {
        "clusters": [ECS],
        "notifications": [{"protocol": "https", "endpoint": f"https://h.example/{SECRET}"}],
    },
    "webhook": {
        "clusters": [ECS],
        "response": {
            "playbooks": [{"name": "tell", "actions": {"notify": {}}}],
            "webhooks": [{"url": f"https://h.example/{SECRET}"}],
        },
    },
}


@pytest.mark.parametrize("settings", WITH_SECRETS.values(), ids=WITH_SECRETS.keys())
@pytest.mark.parametrize("kind", ["mapping", "model", "mapping of a stranger"])
def test_a_secret_lies_on_the_disk_of_the_service(settings: Given, kind: str) -> None:
    given = load(settings, file="f", root=PROJECT) if kind == "model" else settings
    stack = Stack.of("shop", "eu-west-1", given, trusted=kind != "mapping of a stranger")

    with work_directory(PROJECT, stack) as folder:
        written = "".join(file.read_text() for file in folder.iterdir())

    assert SECRET not in written + repr(stack)
    (key,) = stack.secrets
    assert SECRET in json.dumps(stack.config[key])


@pytest.mark.parametrize("trusted", [True, False])
def test_ciphertext_of_another_stack_is_opened_for_a_caller(trusted: bool) -> None:
    secure = {"secure": "v1:x"}
    places = [{"protocol": "https", "endpoint": secure}, {"protocol": "https", "endpoint": "https://h.example/key"}]
    with pytest.raises(FleetError, match="encrypted"):
        Stack.of("shop", "eu-west-1", {"clusters": [ECS], "notifications": places}, trusted=trusted)


MOST_CALLS = 1_500_000
"""Of functions: what Python does in about a second. Counted, since a test must not hang on a machine's speed."""


@contextmanager
def in_a_second() -> Iterator[None]:
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert calls < MOST_CALLS


def bomb(width: int, fan: int, key: str = "a") -> list[str]:
    """Ten lines, each of which is the one before it several times."""
    lines = [f"{key}0: &{key}0 [{', '.join('x' * width)}]"]
    return lines + [f"{key}{n}: &{key}{n} [{', '.join([f'*{key}{n - 1}'] * fan)}]" for n in range(1, 10)]


BOMBS = {
    "small": bomb(9, 9),
    "just below the share that the engine allows": [*bomb(30_000, 1)[:1], f"z: [{', '.join(['*a0'] * 97)}]"],
    "doubled": bomb(20_000, 2),
    "merged": ["a0: &a0 {k: v}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 10))],
    "deep": ["[" * 5_000],
    "deep in blocks": ["- " * 5_000],
}


@pytest.mark.parametrize("lines", BOMBS.values(), ids=BOMBS.keys())
def test_ten_lines_keep_a_reader_busy(lines: list[str]) -> None:
    text = "\n".join(lines)
    in_config = "config:\n" + "\n".join(f"  {line}" for line in lines)
    for read in (document_of, kubeconfig_tree):
        with in_a_second(), pytest.raises(DocumentError) as caught:
            read(in_config)
        assert "\n" not in str(caught.value)
    with in_a_second():
        assert problem_of(text)
    with in_a_second(), pytest.raises(FleetError):
        strangers(own_cluster(kubeconfig=text))


OWN_FILES = {
    "falco_firelens/sensor/own_yaml.py",
    "falco_firelens/settings/validation/yaml_text.py",
}
"""The bounded reader itself, and the one of files that the project ships."""


def test_another_reader_of_yaml_has_no_bounds() -> None:
    sources = [
        PROJECT / "__main__.py",
        *(PROJECT / "falco_firelens").rglob("*.py"),
        *(PROJECT / "components").rglob("*.py"),
    ]
    reading = re.compile(
        r"\byaml\.(\w+_)?(load|parse|scan|compose)(_all)?\(|\byaml\.\w*Loader\b|ruamel|tomllib\.|oyaml"
    )
    found = {str(file.relative_to(PROJECT)) for file in sources if reading.search(file.read_text())}
    assert found == OWN_FILES


@pytest.mark.parametrize("item", ["{}", "x", "{a: 1}", "[]"])
def test_one_line_keeps_the_check_busy_with_mistakes(item: str) -> None:
    document = document_of(f"config:\n  falco-firelens:notifications: [{', '.join([item] * 4_000)}]\n")
    with in_a_second(), pytest.raises(SettingsError) as caught:
        load_config(document["config"], file="Pulumi.dev.yaml", root=PROJECT)  # pyright: ignore[reportArgumentType]
    assert len(caught.value.mistakes) < 250
    assert "further mistakes" in str(caught.value.mistakes[-1])


def shared(levels: int) -> list[object]:
    """What a service gets that reads a caller's YAML by a library that follows aliases."""
    value: list[object] = ["x"]
    for _ in range(levels):
        value = [value] * 10
    return value


def endless() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


@pytest.mark.parametrize("value", [shared(9), endless(), [[]] * 200_000], ids=["aliases", "a circle", "many"])
def test_a_tree_of_a_caller_keeps_the_service_busy(value: list[object]) -> None:
    with in_a_second(), pytest.raises(FleetError, match="found more than"):
        strangers({"clusters": value})


SCALARS = st.none() | st.booleans() | st.integers() | st.text()
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(TREES)
def test_a_caller_makes_the_service_fail_otherwise_than_by_its_own_error(value: object) -> None:
    with pytest.raises(FleetError):
        strangers({"clusters": value})


class Recorded:
    """A fleet that only says which stack it was given."""

    def __init__(self) -> None:
        self.stacks: list[Stack] = []

    def preview(self, stacks: list[Stack]) -> list[Result]:
        self.stacks += stacks
        return [Result(stacks[0].name, "preview", Status.SUCCEEDED, ())]


def ask(url: str, settings: object, token: str | None = "own", *, content: bytes | None = None) -> tuple[int, Recorded]:
    fleet: Any = Recorded()
    app = service(fleet, lambda given: Caller("payments", OWN) if given == "own" else None)

    async def post() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            body = json.dumps(settings).encode() if content is None else content
            return (await client.post(url, content=body, headers=headers)).status_code

    loop = asyncio.new_event_loop()  # asyncio.run would leave this thread without one, and pulumi's tests need theirs
    try:
        return loop.run_until_complete(post()), fleet
    finally:
        loop.close()


PREVIEW = "/stacks/shop/preview?region=eu-west-1"


def test_a_caller_deploys_into_the_account_of_their_authorization() -> None:
    status, fleet = ask(PREVIEW, {"clusters": [ECS]})
    assert status == 200
    assert [(stack.name, stack.account, stack.trusted) for stack in fleet.stacks] == [("payments.shop", OWN, False)]


@pytest.mark.parametrize("token", [None, "guessed", ""])
@pytest.mark.parametrize("operation", ["preview", "up"])
def test_somebody_without_a_token_deploys(token: str | None, operation: str) -> None:
    status, fleet = ask(f"/stacks/shop/{operation}?region=eu-west-1", {"clusters": [ECS]}, token)
    assert (status, fleet.stacks) == (401, [])


@pytest.mark.parametrize("account", [OTHER, "any", None, [OTHER], int(OTHER)])
@pytest.mark.parametrize("operation", ["preview", "up"])
def test_a_caller_deploys_into_the_account_of_another(account: object, operation: str) -> None:
    status, fleet = ask(f"/stacks/shop/{operation}?region=eu-west-1", {"account": account, "clusters": [ECS]})
    assert (status, fleet.stacks) == (403, [])


def test_a_caller_operates_on_the_stack_of_another() -> None:
    _, fleet = ask("/stacks/orders.shop/preview?region=eu-west-1", {"clusters": [ECS]})
    assert [stack.name.partition(".")[0] for stack in fleet.stacks] == ["payments"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"clusters": ' + b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(content: bytes) -> None:
    status, fleet = ask(PREVIEW, None, content=content)
    assert (status, fleet.stacks) == (422, [])


def test_a_body_fills_the_memory_of_the_service() -> None:
    assert ask(PREVIEW, None, content=b" " * (LARGEST_BODY + 1))[0] == 413


def test_a_name_in_the_path_is_an_option_or_a_path() -> None:
    for name in ("..%2F..%2Fx", "a%0Ab", "%00"):
        assert ask(f"/stacks/{name}/preview?region=eu-west-1", {"clusters": [ECS]})[0] in (404, 422)


def test_the_list_of_callers_has_no_token(tmp_path: Path) -> None:
    digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # sha256 of "secret"
    (tmp_path / "callers.json").write_text(json.dumps({digest: {"name": "payments", "account": OWN}}))
    find = callers_in(tmp_path / "callers.json")
    assert find("secret") == Caller("payments", OWN)
    assert find(digest) is None
