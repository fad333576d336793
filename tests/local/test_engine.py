"""The program on the local cloud with the real engine: up, change, drift, failure, interruption."""

import pytest

from localcloud.accounts import CLUSTER, client, container_instance
from tests.local.gate import gate
from tests.local.stack import PulumiError, Stack, Step

pytestmark = pytest.mark.local

CREATED = {"clusters": [{"name": "shop", "platform": "ecs"}]}
ADOPTED = {"clusters": [{"name": "shop", "platform": "ecs", "existing": {"cluster": CLUSTER}}]}
"""A cluster that exists already makes the smallest stack."""


def with_events(**events: object) -> dict[str, object]:
    return {**ADOPTED, "events": events}


@pytest.fixture
def stack(lone_stack: Stack) -> Stack:
    return lone_stack


@pytest.fixture
def aws(account_env):
    """Clients of the local AWS, by service."""
    return lambda service: client(service, account_env)


@pytest.fixture
def logs(aws):
    return aws("logs")


@pytest.fixture(autouse=True)
def cluster_that_was_there_before(aws) -> None:
    aws("ecs").create_cluster(clusterName=CLUSTER)
    container_instance(aws("ec2"), aws("ecs"), CLUSTER)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (
            {"retentionDays": 30},
            {
                Step("update", "LogGroup events", frozenset({"retentionInDays"})),
                Step("update", "LogGroup watch", frozenset({"retentionInDays"})),
            },
        ),
        (
            {"minimumPriority": "Critical"},
            {
                Step("replace", "TaskDefinition shop-sensor", frozenset({"containerDefinitions"})),
                Step("update", "Service shop-sensor", frozenset({"taskDefinition"})),
                # It knows the configuration that each sensor has to run.
                Step("update", "Function watch", frozenset({"code"})),
            },
        ),
    ],
    ids=["retention", "minimum priority"],
)
def test_one_changed_field_changes_only_what_depends_on_it(
    stack: Stack, events: dict[str, object], expected: set[Step]
) -> None:
    stack.configure(ADOPTED)
    stack.up()
    stack.configure(with_events(**events))

    steps = {step for step in stack.preview() if step.op in ("create", "update", "delete", "replace")}

    assert steps == expected


def test_refresh_finds_what_was_changed_by_hand_and_up_mends_it(stack: Stack, logs) -> None:
    stack.configure(with_events(retentionDays=365))
    stack.up()
    logs.put_retention_policy(logGroupName="/falco/events", retentionInDays=3)

    stack.refresh()
    steps = stack.preview()
    stack.up()

    assert Step("update", "LogGroup events", frozenset({"retentionInDays"})) in steps
    groups = logs.describe_log_groups(logGroupNamePrefix="/falco/events")["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [365]


def test_an_interrupted_update_is_completed_by_the_next(stack: Stack, account_env: dict[str, str]) -> None:
    stack.configure(CREATED)
    with gate(account_env["AWS_ENDPOINT_URL"]) as aws:
        stack.interrupt_up(aws, "CreateSubnet")
    begun = stack.resources()

    stack.up()

    assert len(stack.resources()) > len(begun) > 0
    assert stack.preview("--expect-no-changes") == []


def test_an_error_of_aws_in_the_middle_leaves_a_state_that_the_next_up_completes(stack: Stack, logs) -> None:
    logs.create_log_group(logGroupName="/falco/taken")
    stack.configure(with_events(logGroup="/falco/taken"))

    with pytest.raises(PulumiError, match="already exists"):
        stack.up()

    assert stack.resources(), "what was made before the error is in the state"
    logs.delete_log_group(logGroupName="/falco/taken")
    stack.up()
    assert stack.preview("--expect-no-changes") == []


def test_the_wrong_account_is_refused_before_anything_is_made(stack: Stack, logs) -> None:
    stack.configure({**ADOPTED, "account": "210987654321"})

    with pytest.raises(PulumiError, match=r"account: found .*7000000000"):
        stack.up()

    assert [urn for urn in stack.resources() if "pulumi:pulumi:Stack" not in urn and "providers" not in urn] == []
