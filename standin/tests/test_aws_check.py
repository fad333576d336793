"""What the aws stand-in accepts and refuses, by the SDK's own types."""

import pytest

from standin.aws import cloud, sdk, wire
from standin.aws.check import normalise, object_failures

SERVICE = "aws:ecs/service:Service"
POLICY = {"Version": "2012-10-17", "Statement": []}


def failures(token: str, **inputs: object) -> dict[str, str]:
    fields = sdk.resource_type(token).inputs.fields
    return {failure.path: failure.reason for failure in object_failures(inputs, fields)}


def test_good_inputs_pass() -> None:
    assert failures(SERVICE, name="falco", desiredCount=2, tags={"team": "blue"}) == {}


@pytest.mark.parametrize(
    ("inputs", "path", "reason"),
    [
        ({"nmae": "x"}, "nmae", "is not a property here"),
        ({"desiredCount": "2"}, "desiredCount", "is a string, expected integer"),
        ({"desiredCount": 2.5}, "desiredCount", "is the number 2.5, expected integer"),
        ({"desiredCount": True}, "desiredCount", "is a boolean, expected integer"),
        ({"tags": {"a": 1}}, 'tags["a"]', "is the number 1, expected string"),
        ({"loadBalancers": {}}, "loadBalancers", "is an object, expected list of object"),
        ({"loadBalancers": [{"containerName": "web"}]}, "loadBalancers[0].containerPort", "is required"),
        ({"networkConfiguration": {"subnets": ["a"], "vpc": "b"}}, "networkConfiguration.vpc", "is not a property"),
    ],
)
def test_bad_inputs_are_named_by_their_path(inputs: dict[str, object], path: str, reason: str) -> None:
    found = failures(SERVICE, **inputs)

    assert list(found) == [path]
    assert found[path].startswith(reason)


def test_a_missing_property_is_named() -> None:
    assert set(failures("aws:ec2/routeTableAssociation:RouteTableAssociation")) == {"routeTableId"}


def test_unknown_values_are_taken_on_trust() -> None:
    assert failures(SERVICE, desiredCount=wire.UNKNOWN, networkConfiguration=wire.UNKNOWN) == {}


def test_a_policy_may_be_text_or_an_object_and_nothing_else() -> None:
    token = "aws:iam/role:Role"

    assert failures(token, assumeRolePolicy=POLICY) == failures(token, assumeRolePolicy="{}") == {}
    assert set(failures(token, assumeRolePolicy=3)) == {"assumeRolePolicy"}
    assert set(failures(token, assumeRolePolicy={"Statements": []})) >= {"assumeRolePolicy.Statements"}


def test_a_policy_given_as_an_object_becomes_text() -> None:
    fields = sdk.resource_type("aws:iam/role:Role").inputs.fields

    assert normalise({"assumeRolePolicy": POLICY}, fields) == {
        "assumeRolePolicy": '{"Version":"2012-10-17","Statement":[]}'
    }


def test_arguments_of_functions_are_checked() -> None:
    arguments = sdk.function_type("aws:iam/getPolicyDocument:getPolicyDocument").arguments
    bad = {"statements": [{"actions": ["s3:GetObject"], "principal": "x"}]}

    assert [failure.path for failure in object_failures(bad, arguments)] == ["statements[0].principal"]


@pytest.mark.parametrize("token", ["aws:ec2/vpc:Vcp", "aws:ec3/vpc:Vpc", "kubernetes:core/v1:Pod"])
def test_a_type_that_the_sdk_has_not_is_refused(token: str) -> None:
    with pytest.raises(sdk.UnknownTokenError):
        sdk.resource_type(token)


def test_the_providers_configuration_is_checked_as_it_travels() -> None:
    given = {"region": "eu-west", "assumeRoles": '[{"role": "x"}]', "version": "7.51.1", "skipMetadataApiCheck": "true"}

    assert [failure.path for failure in cloud.failures(cloud.parse(given))] == ["assumeRoles[0].role", "region"]


def test_secrets_are_opened_and_nulls_left_out() -> None:
    secret = {wire.SIGNATURE: wire.SECRET, "value": {"a": 1.0}}
    struct = wire.encode({"open": "x", "secret": secret, "none": None})

    assert wire.decode(struct) == {"open": "x", "secret": {"a": 1}}
