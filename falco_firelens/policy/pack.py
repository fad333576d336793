"""The CrossGuard pack: every rule as a policy, and the server that the engine talks to."""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from falco_firelens.policy.rule import UNKNOWN, Finding, Resource, Rule, StackRule
from falco_firelens.policy.rules import RULES

NAME = "falco-firelens"


def serve() -> None:
    """Serve the pack to the engine that started this process; returns when the engine ends it.

    Whatever neither the engine's `--policy-pack-config` nor the stack file says otherwise is mandatory.
    """
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    PolicyPack(NAME, policies(), EnforcementLevel.MANDATORY)


def _end_with(parent: int) -> None:
    """End when the engine has been killed and cannot end the pack, which serves forever."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def policies() -> list[Policy]:
    """Every rule as CrossGuard knows it."""
    return [_resource_policy(rule) if isinstance(rule, Rule) else _stack_policy(rule) for rule in RULES]


def _resource_policy(rule: Rule) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        config = args.get_config()
        resource = Resource(args.resource_type, args.name, args.urn, plain(args.props), config=config)
        for finding in rule.findings(resource):
            report(message(resource, finding), None)

    schema = PolicyConfigSchema({name: dict(option) for name, option in rule.options.items()}) if rule.options else None
    return ResourceValidationPolicy(rule.name, rule.description, validate, config_schema=schema)


def _stack_policy(rule: StackRule) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for resource, finding in rule.findings([_with_origins(found) for found in args.resources]):
            report(message(resource, finding), resource.urn)

    return StackValidationPolicy(rule.name, rule.description, validate)


def message(resource: Resource, finding: Finding) -> str:
    """Return what the engine prints below the policy's description."""
    return f"{resource.name}: {finding}"


def _with_origins(found: PolicyResource) -> Resource:
    origins = {
        name: frozenset(source.urn for source in sources) for name, sources in found.property_dependencies.items()
    }
    return Resource(found.resource_type, found.name, found.urn, plain(found.props), origins)


def plain(props: Mapping[str, Any]) -> dict[str, Any]:
    """Copy properties into dicts and lists. CrossGuard's raise at a value that a preview cannot know: UNKNOWN here."""
    return {name: _plain(props, name) for name in props}


def _plain(container: Any, key: Any) -> Any:
    try:
        value = container[key]
    except UnknownValueError:
        return UNKNOWN
    if isinstance(value, Mapping):
        return plain(cast("Mapping[str, Any]", value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(_items(cast("Sequence[Any]", value)))
    return value


def _items(values: Sequence[Any]) -> Iterator[Any]:
    for index in range(len(values)):
        yield _plain(values, index)
