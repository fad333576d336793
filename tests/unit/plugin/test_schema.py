"""What programs in other languages see of the components."""

import json
import re
from collections.abc import Iterator
from typing import Any

from falco_firelens.settings import Settings
from falco_firelens.settings.validation.locations import fields_of, secret_paths
from plugin import generate
from plugin.host import Host
from plugin.settings import __file__ as generated

SCHEMA: dict[str, Any] = json.loads(Host("1.2.3").schema or "")

REQUIRED = {
    "Deployment": [],
    "EcsSensor": ["cluster", "clusterArn", "instances", "taskRoleArn"],
    "EventLog": [],
    "KubernetesSensor": ["cluster", "kubeconfig"],
}
"""The components, and the inputs that each needs."""


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each input, output and property of a type, with a name for messages."""
    for token, one in {**SCHEMA["resources"], **SCHEMA["types"]}.items():
        for kind in ("properties", "inputProperties"):
            for key, value in (one.get(kind) or {}).items():
                yield f"{token}.{key}", value


def test_the_components_have_the_tokens_that_they_have_in_the_program() -> None:
    assert set(SCHEMA["resources"]) == {f"falco-firelens:index:{name}" for name in REQUIRED}
    assert SCHEMA["version"] == "1.2.3"


def test_what_a_component_needs_is_required_and_nothing_else() -> None:
    found = {token.rpartition(":")[2]: one["requiredInputs"] for token, one in SCHEMA["resources"].items()}
    assert found == REQUIRED


def test_a_whole_stack_takes_the_keys_of_a_stack_file() -> None:
    inputs = SCHEMA["resources"]["falco-firelens:index:Deployment"]["inputProperties"]
    assert set(inputs) == set(fields_of(Settings))


def test_the_types_of_the_settings_are_those_of_the_models() -> None:
    with open(generated) as file:  # noqa: PTH123 - a module's own name
        assert file.read() == generate.module(), "run `make generate`"


def test_everything_is_documented_and_without_indentation() -> None:
    described = {**SCHEMA["resources"], **SCHEMA["types"], **dict(properties())}
    for name, one in described.items():
        assert one.get("description"), name
        assert not re.search(r"\n +", one["description"]), name


def _untyped(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("$ref") == "pulumi.json#/Any" or any(map(_untyped, value.values()))
    return False


def test_only_an_exceptions_values_have_no_type() -> None:
    """They are texts, numbers, or lists of both: a union, which the inference refuses."""
    assert [name for name, one in properties() if _untyped(one)] == ["falco-firelens:index:RuleException.values"]


def test_only_secrets_may_be_outputs_and_what_has_one_below() -> None:
    """Everything else is checked before anything is created, so it has to be known: the SDKs take no output there."""
    names = {re.split(r"[.\[\]]+", path)[-1] for path in secret_paths()}
    inputs = SCHEMA["types"]
    eventual = [
        name.rpartition(".")[2]
        for name, one in properties()
        if name.startswith(tuple(inputs)) and not one.get("plain") and "Output" not in name
    ]
    assert names <= set(eventual)
    assert set(eventual) - names == {"existing", "clusters", "notifications", "webhooks", "response"} & set(eventual)
