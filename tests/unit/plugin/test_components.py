"""The components as the plugin makes them: the same resources as the program makes, and the same words for mistakes."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError
from pulumi_kubernetes import Provider

from plugin.host import Host
from tests.unit.components.cloud import KUBECONFIG, Account, Deployed, Monitor, Registered, deploy, run
from tests.unit.components.stacks import ADOPTED, CREATED, HUB, OWN, account

HOST = Host("1.2.3")
SCHEMA: dict[str, Any] = json.loads(HOST.schema or "")
NAMES = {"Deployment": "deployment"}


def construct(
    component: str,
    name: str,
    inputs: Mapping[str, Any],
    around: Account | None = None,
    options: pulumi.ResourceOptions | None = None,
) -> Deployed:
    """Make a component as the engine asks the plugin for it."""
    token = f"falco-firelens:index:{component}"
    return run(lambda: HOST.construct(name, token, as_sent(inputs), options), Monitor(around or Account()))


def as_sent(value: Any) -> Any:
    """The engine's protocol has no whole numbers, and leaves out what is null."""
    if isinstance(value, Mapping):
        return {key: as_sent(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [as_sent(item) for item in value]
    return float(value) if type(value) is int else value


def shown(resources: Iterable[Registered]) -> list[tuple[object, ...]]:
    """What two deployments have in common where they are the same; a function's code is a file of its own."""
    inputs = {one.urn: {key: value for key, value in one.inputs.items() if key != "code"} for one in resources}
    return sorted(
        (one.type, one.name, one.parent, repr(inputs[one.urn]), sorted(one.secrets), one.protect) for one in resources
    )


def mistakes_in(component: str, inputs: Mapping[str, Any], **more: Any) -> str:
    """What is said of wrong inputs; `run` sees to it that nothing has been registered."""
    with pytest.raises(InputPropertiesError) as raised:
        construct(component, "made", inputs, **more)
    assert raised.value.errors == [], "Pulumi's server needs the list"
    return raised.value.message


@pytest.mark.parametrize(
    ("values", "around"),
    [
        (CREATED, Account()),
        (ADOPTED, account()),
        ({**CREATED, **HUB, "events": {"retentionDays": 365, "destinations": {"s3": {}, "opensearch": {}}}}, Account()),
    ],
    ids=["created", "adopted", "hub"],
)
def test_a_whole_stack_is_what_the_program_makes_of_the_same_stack_file(
    values: dict[str, Any], around: Account
) -> None:
    made, expected = construct("Deployment", "deployment", values, around), deploy(values, around)
    assert shown(made.resources) == shown(expected.resources)
    assert made.outputs == expected.outputs
    assert made.secret_outputs == expected.secret_outputs
    outputs = SCHEMA["resources"]["falco-firelens:index:Deployment"]["properties"]
    assert not list(undescribed({"properties": outputs}, made.outputs))


def undescribed(kind: Mapping[str, Any], value: Any, path: str = "") -> list[str]:
    """The paths of what an output has and its type has not."""
    if "$ref" in kind:
        kind = SCHEMA["types"][kind["$ref"].rpartition("/")[2]]
    if "properties" in kind:
        unknown = [f"{path}.{key}" for key in value if key not in kind["properties"]]
        known = {key: item for key, item in value.items() if key in kind["properties"]}
        return unknown + [
            one for key, item in known.items() for one in undescribed(kind["properties"][key], item, f"{path}.{key}")
        ]
    if "additionalProperties" in kind:
        return [one for key in value for one in undescribed(kind["additionalProperties"], value[key], f"{path}.{key}")]
    if "items" in kind:
        return [one for item in value for one in undescribed(kind["items"], item, f"{path}[]")]
    return [] if isinstance(value, {"string": str, "boolean": bool}[kind["type"]]) else [path]


def test_every_mistake_is_reported_at_once_with_its_path() -> None:
    inputs = {
        "clusters": [{"name": "web", "platform": "esc"}, {"name": "Jobs", "platform": "ecs", "colour": "red"}],
        "events": {"retentionDays": 91},
        "eventz": {},
    }
    said = mistakes_in("Deployment", inputs)
    for begins in ("clusters[0].platform: ", "clusters[1].name: ", "clusters[1].colour: ", "events.retentionDays: "):
        assert f"\n{begins}" in f"\n{said}"
    assert "eventz: found an unknown key, expected one of" in said
    assert "did you mean events?" in said


def test_a_stack_that_does_not_fit_the_account_is_reported_without_a_traceback() -> None:
    said = mistakes_in("Deployment", {"clusters": [{"name": "web", "platform": "ecs", "existing": {"cluster": "x"}}]})
    assert said.startswith("clusters[0].existing.cluster: found nothing")
    assert "Traceback" not in said
    assert ".py" not in said


def test_a_secret_stays_secret() -> None:
    own = {**OWN, "existing": {"kubeconfig": pulumi.Output.secret(KUBECONFIG)}}
    made = construct("Deployment", "deployment", {"clusters": [own]})
    assert "kubeconfig" in made.one("pulumi:providers:kubernetes", "own").secrets
    assert "kubeconfigs" in made.secret_outputs


def test_a_secret_list_is_taken_where_a_secret_may_be_in_it() -> None:
    """So arrives what a language sends that marks only whole inputs as secret."""
    made = construct("Deployment", "deployment", {"clusters": pulumi.Output.secret([OWN])})
    assert made.of("KubernetesSensor")


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"clusters": CREATED["clusters"], "tags": pulumi.Output.secret({"team": "a"})}, "tags: found a secret"),
        ({"clusters": [{"name": pulumi.Output.secret("web"), "platform": "ecs"}]}, "clusters[0].name: found"),
    ],
)
def test_a_secret_that_would_not_be_kept_is_refused(inputs: dict[str, Any], path: str) -> None:
    assert mistakes_in("Deployment", inputs).startswith(path)


def test_a_value_that_is_not_known_yet_is_refused_with_its_path() -> None:
    def program() -> None:
        unknown = pulumi.Output[Any](set(), _resolved(None), _resolved(False))
        clusters = [{**OWN, "existing": {"kubeconfig": unknown}}]
        HOST.construct("made", "falco-firelens:index:Deployment", {"clusters": clusters, "tags": {"": "x"}})

    with pytest.raises(InputPropertiesError) as raised:
        run(program, Monitor(Account()))
    assert "clusters[0].existing.kubeconfig: found a value that is not known yet" in raised.value.message
    assert "tags" in raised.value.message, "the rest is checked all the same"


async def _resolved(value: Any) -> Any:
    return value


def test_a_whole_stack_takes_no_provider_of_aws() -> None:
    options = pulumi.ResourceOptions(providers={"aws": pulumi.ProviderResource.__new__(pulumi.ProviderResource)})
    said = mistakes_in("Deployment", CREATED, options=options)
    assert said.startswith("options.providers: found a provider of aws, expected none")


def test_an_event_log_is_that_of_the_program() -> None:
    events = {"logGroup": "/falco/mine", "retentionDays": 30, "protect": True}
    whole = deploy({"clusters": [{"name": "jobs", "platform": "ecs"}], "events": events, "tags": {"team": "a"}})
    made = construct("EventLog", "events", {**events, "tags": {"team": "a"}})
    (log,) = whole.of("EventLog")
    assert [one.inputs for one in made.under(made.one("EventLog", "events"))] == [
        one.inputs for one in whole.under(log)
    ]


def test_an_event_log_may_have_a_key_that_is_made_in_the_same_update() -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/1"
    made = construct("EventLog", "events", {"kmsKeyArn": pulumi.Output.from_input(key)})
    assert made.of("LogGroup")[0].inputs["kmsKeyId"] == key
    assert not made.of("Key")


@pytest.mark.parametrize(
    ("cluster", "keys"),
    [
        ("own", {"platform": "kubernetes", "context": "k"}),
        ("pods", {}),
        ("node", {"permission": "nodeRole"}),
        ("irsa", {"permission": "irsa", "roleArn": "arn:aws:mock:eu-west-1:111122223333:irsa-shipping"}),
    ],
)
def test_a_kubernetes_sensor_is_that_of_the_program(cluster: str, keys: dict[str, Any]) -> None:
    whole = deploy(ADOPTED, account())

    def program() -> None:
        options = pulumi.ResourceOptions(providers={"kubernetes": Provider("own", kubeconfig=KUBECONFIG)})
        inputs = {"cluster": cluster, "kubeconfig": pulumi.Output.secret(KUBECONFIG), **keys}
        HOST.construct(f"{cluster}-sensor", "falco-firelens:index:KubernetesSensor", inputs, options)

    made = run(program, Monitor(Account()))
    expected, found = (one.under(one.one("KubernetesSensor", f"{cluster}-sensor")) for one in (whole, made))
    assert [(*one[:2], *one[3:]) for one in shown(found)] == [(*one[:2], *one[3:]) for one in shown(expected)]
    assert len({one.provider for one in found}) == 1


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"permission": "irsa"}, "roleArn: found nothing, expected the role's ARN"),
        ({"roleArn": "arn:r"}, "roleArn: found a role with permission podIdentity, expected"),
        ({"platform": "kubernetes", "permission": "irsa"}, "permission: found"),
        ({"platform": "eks", "minimumPriority": "High"}, "minimumPriority: found"),
        ({"falco": {"version": "1"}, "platfrom": "eks"}, "platfrom: found an unknown key"),
        ({"falco": {"disabledRule": []}}, "falco.disabledRule: found an unknown key"),
    ],
)
def test_mistakes_of_a_kubernetes_sensor_are_reported_by_the_names_of_its_inputs(
    keys: dict[str, Any], expected: str
) -> None:
    options = pulumi.ResourceOptions(providers={"kubernetes": pulumi.ProviderResource.__new__(pulumi.ProviderResource)})
    inputs = {"cluster": "own", "kubeconfig": KUBECONFIG, **keys}
    assert mistakes_in("KubernetesSensor", inputs, options=options).startswith(expected)


def test_an_ecs_sensor_is_that_of_the_program() -> None:
    cluster = {"name": "jobs", "platform": "ecs", "existing": {"cluster": "prod-jobs"}}
    falco = {"disabledRules": ["Terminal shell in container"]}
    whole = deploy({"clusters": [cluster], "falco": falco, "tags": {"team": "a"}}, account())
    (expected,) = whole.of("TaskDefinition")
    given = {"cluster": "jobs", "clusterArn": "arn:c", "taskRoleArn": expected.inputs["taskRoleArn"], "instances": 7}
    made = construct("EcsSensor", "jobs-sensor", {**given, "falco": falco, "tags": {"team": "a"}})
    (definition,) = made.of("TaskDefinition")
    assert definition.inputs == expected.inputs
    assert made.of("Service")[0].inputs["deploymentMinimumHealthyPercent"] == 50


@pytest.mark.parametrize(
    ("component", "inputs", "expected"),
    [
        ("EventLog", {"retentionDays": 91, "logGrup": "x"}, "logGrup: found an unknown key"),
        ("EventLog", {"retentionDays": 91}, "retentionDays: found the number 91"),
        ("EcsSensor", {}, "cluster: found nothing"),
        (
            "EcsSensor",
            {"cluster": "A b", "clusterArn": "a", "taskRoleArn": "b", "instances": 1},
            "cluster: found",
        ),
        (
            "EcsSensor",
            {"cluster": "a-b", "clusterArn": "a", "taskRoleArn": "b", "instances": 1.5},
            "instances: found",
        ),
    ],
)
def test_mistakes_of_a_single_component_are_reported_by_the_names_of_its_inputs(
    component: str, inputs: dict[str, Any], expected: str
) -> None:
    assert mistakes_in(component, inputs).startswith(expected)


def test_a_kubernetes_sensor_needs_the_provider_of_its_cluster() -> None:
    """Without one the engine would take the cluster that the current kubeconfig happens to name."""
    said = mistakes_in("KubernetesSensor", {"cluster": "own", "kubeconfig": KUBECONFIG})
    assert said == "options.providers: found no Kubernetes provider, expected the one of the cluster"
