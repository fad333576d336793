"""What may be encrypted: which settings take it, and that no message repeats one that is not."""

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import jsonschema
import pytest
import yaml
from pydantic import SecretStr

from falco_firelens.cli import main
from falco_firelens.settings import ENCRYPTED, Settings, SettingsError, load, plain_keys, read_stack_file
from falco_firelens.settings.schema import stack_file_schema
from falco_firelens.settings.validation.locations import fields_of, is_secret, may_hold_secret
from falco_firelens.settings.validation.messages import path_of
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.wording import describe_text
from tests.unit.settings.conftest import KUBECONFIG

SECRET = "s3cr3t-t0ken"

JSON = '{"apiVersion": "v1", "kind": "Config", "users": [{"name": "a", "user": {"token": "s3cr3t-t0ken"}}], "x": '

PLACES: dict[str, Callable[[str], dict[str, object]]] = {
    "in its place": lambda secret: {"existing": {"kubeconfig": secret}},
    "inside a mapping": lambda secret: {"existing": {"kubeconfig": {"text": secret}}},
    "inside a list": lambda secret: {"existing": {"kubeconfig": [secret]}},
    "under a mistyped key": lambda secret: {"existing": {"kubeConfig": secret}},
    "one level too high": lambda secret: {"existing": secret},
    "beside the platform": lambda secret: {"kubeconfig": secret},
    "as the file's name": lambda secret: {"existing": {"kubeconfigFile": secret}},
    "as the context": lambda secret: {"existing": {"kubeconfigFile": "kops.kubeconfig", "context": secret}},
    "as the name of the role": lambda secret: {"nodeRole": secret},
    "as the platform": lambda secret: {"platform": secret},
    "as a key": lambda secret: {secret: 1},
}

TEXTS = {
    "broken": KUBECONFIG + "[",
    "without contexts": KUBECONFIG.replace("contexts:", "context:"),
    "without a current context": KUBECONFIG.replace("current-context: kops", ""),
    "a line of broken JSON": JSON,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_kubeconfig_is_never_repeated(project: Path, place: Callable[[str], dict[str, object]], text: str) -> None:
    cluster = {"name": "kops", "platform": "kubernetes", "nodeRole": "nodes", **place(text)}
    with pytest.raises(SettingsError) as caught:
        load({"clusters": [cluster]}, file="Pulumi.dev.yaml", root=project)
    everything = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.mistakes)
    assert SECRET not in everything
    assert caught.value.__context__ is None


def test_a_short_secret_in_its_place_is_not_repeated(project: Path) -> None:
    cluster = {"name": "kops", "platform": "kubernetes", "nodeRole": "nodes", "existing": {"kubeconfig": SECRET}}
    with pytest.raises(SettingsError, match="not shown, it may be a secret") as caught:
        load({"clusters": [cluster]}, file="Pulumi.dev.yaml", root=project)
    assert SECRET not in str(caught.value)


def test_a_stack_file_that_is_not_yaml_is_not_repeated(tmp_path: Path) -> None:
    from falco_firelens.settings import read_stack_file

    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(f"config:\n  falco-firelens:clusters: {KUBECONFIG}\n")
    with pytest.raises(SettingsError) as caught:
        read_stack_file(file)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


Location = tuple[str | int, ...]

SECRET_PATHS = {"clusters[0].existing.kubeconfig", "notifications[0].endpoint", "response.webhooks[0].url"}


def locations(annotation: Any, above: Location = ()) -> Iterator[tuple[Location, str]]:
    """Every place that a type has for a value, with the platform of the cluster that it belongs to."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        (platform,) = get_args(getattr(annotation.model_fields.get("platform"), "annotation", None)) or ("",)
        for key, field in fields_of(annotation).items():
            yield (*above, key), platform
            for location, inner in locations(field.annotation, (*above, key)):
                yield location, platform or inner
        return
    arguments = get_args(annotation)
    step: Location = (0,) if get_origin(annotation) is tuple else ()
    if get_origin(annotation) is dict:
        names, *arguments = arguments
        step = (get_args(names)[0] if get_origin(names) is Literal else "name",)
    if step:
        yield (*above, *step), ""
    for argument in arguments:
        yield from locations(argument, (*above, *step))


PLACES_OF_VALUES = sorted(set(locations(Settings)), key=lambda one: (path_of(one[0]), one[1]))


def tree_of(location: Location, platform: str, value: object) -> dict[str, Any]:
    """A stack file's tree with a value at a location and nothing else but the platform of its cluster."""
    tree: Any = value
    for part in reversed(location):
        tree = [tree] if isinstance(part, int) else {part: tree}
    if platform and location[:1] == ("clusters",):
        tree["clusters"][0].setdefault("platform", platform)
    return tree


def lines_of(tree: dict[str, Any]) -> list[str]:
    try:
        load(tree, file="F", root=Path("/nonexistent"))
    except SettingsError as error:
        return [str(one) for one in error.mistakes]
    return []


def test_the_places_of_values_are_found() -> None:
    paths = {path_of(location) for location, _ in PLACES_OF_VALUES}
    assert paths > SECRET_PATHS
    assert {
        "clusters",
        "clusters[0].create.nodeGroups[0].minSize",
        "falco.exceptions[0].values[0][0]",
        "tags.name",
        "response.playbooks[0].match.labels.name",
        "alarms.clusters.name.silentMinutes",
    } < paths


@pytest.mark.parametrize(
    ("location", "platform"), PLACES_OF_VALUES, ids=[f"{path_of(one)} {platform}" for one, platform in PLACES_OF_VALUES]
)
def test_each_setting_takes_an_encrypted_value_or_says_that_it_has_to_be_plain(
    location: Location, platform: str
) -> None:
    path = path_of(location)
    lines = lines_of(tree_of(location, platform, ENCRYPTED))
    about = [line for line in lines if line.startswith(f"{path}: ")]
    if path in SECRET_PATHS:
        assert about == []
    elif path == "falco.exceptions[0].values[0][0][0]":
        assert [line for line in lines if line.startswith(f"{path[:-3]}: found an encrypted value, expected a text")]
    else:
        assert about == [
            f"{path}: found an encrypted value, expected a plain one: only clusters[].existing.kubeconfig, "
            "notifications[].endpoint and response.webhooks[].url may be encrypted"
        ]


SECURE = {"secure": "v1:bm9uY2U=:Y2lwaGVydGV4dA=="}

ENCRYPTED_FILE: dict[str, Any] = {
    "clusters": [
        {"name": "k1", "platform": "kubernetes", "nodeRole": "n", "existing": {"kubeconfig": SECURE}},
        {"name": "k2", "platform": "kubernetes", "nodeRole": "n", "existing": {"kubeconfig": SECURE, "context": "c"}},
        {"name": "k3", "platform": "kubernetes", "nodeRole": "n", "existing": {"kubeconfig": SECURE, "context": "c"}},
        {"name": "e1", "platform": "eks", "existing": {"name": "e1", "kubeconfig": SECURE}},
    ],
    "notifications": [
        {"protocol": protocol, "endpoint": SECURE} for protocol in ("email", "https", "https", "sqs", "lambda", "sms")
    ],
    "response": {
        "playbooks": [{"name": "tell", "actions": {"notify": {}, "isolate": {}}}],
        "webhooks": [{"url": SECURE, "format": "slack"}, {"url": SECURE}],
    },
}


def test_a_stack_file_with_every_secret_encrypted_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two encrypted values are not known to be the same, so they are no cluster or endpoint that is there twice."""
    file = tmp_path / "Pulumi.dev.yaml"
    document = {"config": {f"falco-firelens:{key}": value for key, value in ENCRYPTED_FILE.items()}}
    file.write_text(yaml.safe_dump(document))
    assert len(read_stack_file(file).notifications) == 6
    assert main(["check", str(file)]) == 0
    assert "good: k1" in capsys.readouterr().out
    jsonschema.Draft202012Validator(stack_file_schema()).validate(document)


def test_no_plain_text_stands_for_an_encrypted_value() -> None:
    tree = {
        "clusters": [{"name": "apps", "platform": "ecs"}],
        "notifications": [{"protocol": "email", "endpoint": "[encrypted]"}],
    }
    assert lines_of(tree) == [
        "notifications[0].endpoint: found a text (not shown, it may be a secret), expected an e-mail address, because "
        "protocol is email"
    ]


def test_secrets_of_a_program_are_compared_by_what_they_say() -> None:
    def lines(*secrets: str) -> list[str]:
        notifications = [{"protocol": "https", "endpoint": SecretStr(secret)} for secret in secrets]
        return lines_of({"clusters": [{"name": "apps", "platform": "ecs"}], "notifications": notifications})

    assert lines("https://a.example/key", "https://b.example/key") == []
    assert lines("https://a.example/key", "https://a.example/key") == [
        "notifications[1].endpoint: found a text (not shown, it may be a secret), expected another endpoint: [0] has "
        "this one"
    ]
    assert lines_of({"clusters": [{"name": "apps", "platform": "ecs"}], "tags": {"team": SecretStr("x")}}) == [
        "tags.team: found a text (not shown, it may be a secret), expected a plain one: only "
        "clusters[].existing.kubeconfig, notifications[].endpoint and response.webhooks[].url may be encrypted"
    ]


def test_clusters_of_two_secret_kubeconfigs_are_two(project: Path) -> None:
    def cluster(name: str, kubeconfig: str) -> dict[str, object]:
        existing = {"kubeconfig": SecretStr(kubeconfig)}
        return {"name": name, "platform": "kubernetes", "nodeRole": "n", "existing": existing}

    clusters = [cluster("k1", KUBECONFIG), cluster("k2", KUBECONFIG.replace("kops.example", "other.example"))]
    assert lines_of({"clusters": clusters}) == []
    clusters[1]["existing"] = clusters[0]["existing"]
    assert lines_of({"clusters": clusters}) == [
        "clusters[1].existing: found the cluster of [0], expected a cluster that is not in the stack already"
    ]


@pytest.mark.parametrize("place", sorted(SECRET_PATHS - {"clusters[0].existing.kubeconfig"}))
@pytest.mark.parametrize("value", [SECRET, f"http://hooks.example/{SECRET}", [SECRET], {"a": SECRET}])
def test_a_wrong_secret_is_not_repeated(place: str, value: object) -> None:
    location = next(location for location, _ in PLACES_OF_VALUES if path_of(location) == place)
    lines = [*lines_of(tree_of(location, "", value)), *lines_of(tree_of(location, "", 5))]
    assert [line for line in lines if line.startswith(f"{place}: found a")]
    assert SECRET not in "".join(lines)


CREDENTIALS = {
    "a webhook": "https://hooks.slack.com/services/T0/B0/s3cr3tpart",
    "an endpoint": "https://events.example/integration/s3cr3tpart/enqueue",
    "a query": "https://example.com?key=s3cr3tpart",
    "a user in a URL": "https://s3cr3tpart@example.com",
    "a database": "jdbc:redshift://dwh.example.com:5439/falco?user=a&password=s3cr3tpart",
    "a token of GitHub": "ghp_s3cr3tpart",
    "a token of Slack": "xoxb-1234-s3cr3tpart",
    "a token of Kubernetes": "eyJhbGciOiJSUzI1NiJ9.s3cr3tpart.x",
    "a key of AWS": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEs3cr3tpart",
    "hexadecimal digits": "s3cr3tpart-0123456789abcdef0123456789abcdef",
    "a password with its name": "password: s3cr3tpart",
}
"""What somebody may paste in any place: it is known by its own form."""


def reported(location: Location, platform: str) -> Location:
    """A location as pydantic has it, with the platform of the cluster."""
    return (*location[:2], platform, *location[2:]) if platform and location[:1] == ("clusters",) else location


NEIGHBOURS = [
    (location, platform)
    for location, platform in PLACES_OF_VALUES
    if may_hold_secret(reported(location, platform)) and not isinstance(location[-1], int)
]
"""Where a secret without any form, such as a password, is easily put by mistake."""


def said_of(location: Location, platform: str, value: object) -> str:
    return "\n".join(lines_of(tree_of(location, platform, value)))


def put(credential: str, place: Location) -> list[object]:
    """A credential in every form in which it may stand in a place."""
    forms = [credential, [credential], {"a": credential}, {credential: 1}, {credential: credential}]
    return [*forms, [{credential: 1}], [[credential]]] if isinstance(place[-1], str) else forms


@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_no_message_repeats_a_credential_wherever_it_stands(credential: str) -> None:
    for location, platform in PLACES_OF_VALUES:
        assert "s3cr3tpart" not in said_of(location, platform, credential), path_of(location)


def test_no_message_repeats_a_credential_in_whatever_form_it_stands() -> None:
    for location, platform in PLACES_OF_VALUES:
        for value in put(CREDENTIALS["a token of GitHub"], location):
            assert "s3cr3tpart" not in said_of(location, platform, value), (path_of(location), value)


@pytest.mark.slow
@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_no_message_repeats_any_credential_in_whatever_form_it_stands(credential: str) -> None:
    for location, platform in PLACES_OF_VALUES:
        for value in put(credential, location):
            assert "s3cr3tpart" not in said_of(location, platform, value), (path_of(location), value)


@pytest.mark.parametrize("password", ["hunter2-xyzzy", "correcthorse", "Tr0ub4dor"])
def test_no_message_repeats_a_password_beside_or_above_its_place(password: str) -> None:
    paths = {path_of(location) for location, _ in NEIGHBOURS}
    assert {
        "clusters[0].existing.context",
        "clusters[0].existing",
        "events.destinations.redshift.existing.jdbcUrl",
        "events.destinations.redshift.existing.secretArn",
        "notifications",
        "notifications[0].protocol",
        "response.webhooks",
        "response.webhooks[0].format",
    } < paths
    for location, platform in NEIGHBOURS:
        said = said_of(location, platform, password) + said_of(location, platform, [password])
        assert password not in said, path_of(location)


def test_a_file_that_is_missing_is_named_all_the_same() -> None:
    location, platform = ("clusters", 0, "existing", "kubeconfigFile"), "kubernetes"
    assert 'found no file "secrets/kops.yaml"' in said_of(location, platform, "secrets/kops.yaml")


@pytest.mark.parametrize("text", [
    "arn:aws:iam::111122223333:role/falco-firelens-deploy", "subnet-0123456789abcdef0", "m6i.2xlarge",
    "v1.20.3-eksbuild.1", "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000",
    "public.ecr.aws/falcosecurity", "https://charts.example", "Terminal shell in container", "2026-01-02",
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:dwh", "prod-payments-eu-west-1", "OpenSearch_2.19",
    "retentionDaysOfAllLogGroups", "arn:aws:oam:eu-west-1:111122223333:sink/a1b2c3d4-5678-90ab-cdef-example11111",
])  # fmt: skip
def test_what_people_write_in_a_stack_file_is_shown(text: str) -> None:
    assert describe_text(text) == f'"{text}"'


def test_what_is_secret_is_known_by_its_place() -> None:
    assert is_secret(("clusters", 0, "kubernetes", "existing", "kubeconfig"))
    assert not is_secret(("tags", "endpoint"))
    assert "notifications" not in plain_keys()
    assert "tags" in plain_keys()
