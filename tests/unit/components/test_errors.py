"""The program ends with one clear line, whatever keeps it from deploying a stack."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest
from pulumi.runtime import mocks

import components
from components.stack.discovery import discover
from falco_firelens.errors import StackError
from falco_firelens.settings import load
from tests.unit.components.cloud import FILE, Account, Monitor, run
from tests.unit.components.stacks import ADOPTED, CREATED, ECS, HUB, HUB_STACK, SHOP, SUBNETS, WAREHOUSE, account

SEARCH = {"existing": {"domainArn": "arn:aws:es:eu-west-1:111122223333:domain/logs"}}
QUARANTINE = {"playbooks": [{"name": "move", "actions": {"quarantine": {"securityGroupId": "sg-01234567"}}}]}
STACKS = {
    "created": CREATED,
    "adopted": ADOPTED,
    "hub": HUB,
    "spoke": {"clusters": [ECS], "spoke": {"hub": HUB_STACK}},
    "destinations": {"clusters": [ECS], "events": {"destinations": {"opensearch": SEARCH, "redshift": WAREHOUSE}}},
    "network": {
        **CREATED,
        "network": {"existing": {"vpcId": "vpc-1a2b3c4d", "privateSubnetIds": SUBNETS}},
        "response": QUARANTINE,
    },
}


class Asked(Account):
    """An account that writes down what it is asked."""

    def __init__(self, denied: frozenset[str] = frozenset()) -> None:
        there = account()
        hub = {"spokes": {SHOP: ["eu-west-1"]}, "logDestinationArns": {}, "sinkArns": {}, "format": "json"}
        super().__init__(denied=denied, eks=there.eks, ecs=there.ecs, subnets=there.subnets)
        self.stacks[HUB_STACK] = {"hub": {"bucketArn": "arn:aws:s3:::hub", "kmsKeyArn": "", **hub}}
        self.oidc_providers, self.groups = there.oidc_providers, there.groups
        self.tokens: set[str] = set()

    def call(self, args: mocks.MockCallArgs) -> dict[str, object]:
        self.tokens.add(args.token)
        return super().call(args)


def look(name: str, asked: Asked) -> None:
    if name == "spoke":
        asked.number = SHOP
    settings = load(STACKS[name], file=FILE, root=Path())
    run(lambda: discover(settings, FILE), Monitor(asked))


@pytest.mark.parametrize("name", STACKS)
def test_a_lookup_that_is_denied_ends_with_a_clear_line_or_a_warning(name: str) -> None:
    allowed = Asked()
    look(name, allowed)
    assert allowed.tokens
    for token in allowed.tokens:
        try:
            look(name, Asked(frozenset({token})))
        except StackError as error:
            assert all(line.startswith(f"{FILE}: ") and ", expected " in line for line in str(error).splitlines())


MODULES = [found.name for found in pkgutil.walk_packages(components.__path__, "components.") if not found.ispkg]


@pytest.mark.parametrize("name", MODULES)
def test_components_raise_nothing_but_what_the_program_catches(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            raised = getattr(module, node.exc.func.id)
            assert issubclass(raised, StackError), f"{name}, line {node.lineno}: {raised.__name__} is no StackError"
