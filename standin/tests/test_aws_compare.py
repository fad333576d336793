"""Which differences count: the diff that decides about updates, and what refresh takes over."""

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standin.aws import compare, wire
from standin.aws.cloud import Cloud
from standin.aws.lifecycle import INTERNAL, Lifecycle
from standin.aws.naming import AutoName
from standin.aws.registry import resources

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(string.ascii_letters),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(min_size=1, max_size=5), JSON, max_size=3)


def lifecycle(token: str, **configuration: object) -> Lifecycle:
    return Lifecycle(Cloud({"region": "eu-west-1", **configuration}), resources()[token])


@settings(max_examples=50)
@given(OBJECTS)
def test_nothing_differs_from_itself(value: dict[str, object]) -> None:
    assert list(compare.changes(value, value)) == []
    assert compare.settle(value, value) == value


@settings(max_examples=50)
@given(OBJECTS, OBJECTS)
def test_objects_differ_where_their_json_does(left: dict[str, object], right: dict[str, object]) -> None:
    same = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)

    assert (list(compare.changes(left, right)) == []) == same


@pytest.mark.parametrize(
    ("desired", "actual", "settled"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}', '{"a": 1, "b": 2}'),
        ('{"a": 1}', '{"a":2}', '{"a":2}'),
        (["b", "a"], ["a", "b"], ["b", "a"]),
        (["a"], ["a", "b"], ["a", "b"]),
        ([{"port": 1}], [{"port": 1, "self": False}], [{"port": 1}]),
        ([{"port": 1}], [{"port": 2, "self": False}], [{"port": 2}]),
        ({"a": 1}, {"a": 1, "computed": 2}, {"a": 1}),
    ],
)
def test_a_desired_value_keeps_its_form_until_the_actual_differs(
    desired: object, actual: object, settled: object
) -> None:
    assert compare.settle(desired, actual) == settled


def test_a_change_is_named_where_it_is() -> None:
    before = {"vpcConfig": {"subnetIds": ["a", "b"]}, "tags": {"kubernetes.io/x": "1"}}
    after = {"vpcConfig": {"subnetIds": ["a", "c"]}, "tags": {}}

    assert [(change.path, change.kind) for change in compare.changes(before, after)] == [
        ('tags["kubernetes.io/x"]', "delete"),
        ("vpcConfig.subnetIds[1]", "update"),
    ]


GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_a_create_only_property_replaces_and_a_fixed_name_is_freed_first() -> None:
    old = {"name": "a", "logGroupClass": "STANDARD", INTERNAL: []}
    new = {"name": "a", "logGroupClass": "INFREQUENT_ACCESS", INTERNAL: []}
    difference = lifecycle(GROUP).diff(old, dict(old), new)

    assert difference.replaces == {"logGroupClass"}
    assert difference.delete_first


def test_a_generated_name_needs_no_deletion_first() -> None:
    old = {"name": "a-1234567", "logGroupClass": "STANDARD", INTERNAL: ["name"]}
    new = {"name": "a-1234567", "logGroupClass": "INFREQUENT_ACCESS", INTERNAL: ["name"]}

    assert not lifecycle(GROUP).diff(old, dict(old), new).delete_first


def test_an_ordinary_property_updates() -> None:
    old = {"name": "a", "retentionInDays": 7, INTERNAL: []}
    difference = lifecycle(GROUP).diff(old, dict(old), {**old, "retentionInDays": 14})

    assert [change.path for change in difference.changes] == ["retentionInDays"]
    assert not difference.replaces


def test_a_changed_default_tag_is_an_update_and_a_changed_region_a_replacement() -> None:
    old = {"name": "a", INTERNAL: []}
    state = {"name": "a", "tagsAll": {"team": "blue"}, "region": "eu-west-1"}
    tagged = lifecycle(GROUP, defaultTags={"tags": {"team": "red"}}).diff(old, state, old)
    moved = lifecycle(GROUP, region="us-east-1", defaultTags={"tags": {"team": "blue"}}).diff(old, state, old)

    assert [change.path for change in tagged.changes] == ["tagsAll.team"]
    assert moved.replaces == {"region"}


def test_what_aws_fills_in_is_no_difference_when_the_program_stops_saying_it() -> None:
    old = {"name": "a", "version": "1.34", "roleArn": "r", "vpcConfig": {}, INTERNAL: []}
    new = {key: value for key, value in old.items() if key != "version"}

    assert lifecycle("aws:eks/cluster:Cluster").diff(old, dict(old), new).changes == ()


def test_an_archive_is_its_content_wherever_it_lies() -> None:
    function = lifecycle("aws:lambda/function:Function")
    old = {"role": "r", "code": {wire.SIGNATURE: wire.ARCHIVE, "hash": "a", "path": "/here/a.zip"}, INTERNAL: []}
    moved, other = (
        {**old, "code": {**old["code"], "path": "/there/b.zip", "hash": digest}}  # pyright: ignore[reportGeneralTypeIssues]
        for digest in ("a", "b")
    )

    assert function.diff(old, old, moved).changes == ()
    assert [(change.path, change.kind) for change in function.diff(old, old, other).changes] == [("code", "update")]
    assert compare.settle(old, moved) == old
    assert compare.settle(old, other)["code"]["hash"] == "b"


def test_a_preview_knows_what_is_given_and_no_more() -> None:
    outputs = lifecycle("aws:eks/cluster:Cluster").preview({"name": "a", "vpcConfig": {"subnetIds": ["s"]}})

    assert outputs["name"] == "a"
    assert outputs["region"] == "eu-west-1"
    assert outputs["arn"] == outputs["vpcConfig"]["clusterSecurityGroupId"] == wire.UNKNOWN


def test_a_preview_of_an_update_keeps_what_only_a_new_version_changes() -> None:
    template = lifecycle("aws:ec2/launchTemplate:LaunchTemplate")
    state = {"name": "a", "instanceType": "t3.large", "latestVersion": 3, "tags": {"a": "b"}, "arn": "arn:x"}

    assert template.preview({"name": "a", "instanceType": "t3.large", "tags": {}}, state)["latestVersion"] == 3
    assert template.preview({"name": "a", "instanceType": "t3.small"}, state)["latestVersion"] == wire.UNKNOWN
    assert template.preview({"name": "a"}, state)["latestVersion"] == wire.UNKNOWN


def test_names_are_made_once_and_fit() -> None:
    autoname = AutoName(longest=20)
    first = autoname.fill("a-rather-long-logical-name", {}, {}, b"seed")
    name = first["name"]

    assert len(name) == 20
    assert autoname.fill("a-rather-long-logical-name", {}, {"name": name, INTERNAL: ["name"]}, b"other") == first
    assert autoname.fill("x", {"name": "given"}, {"name": name, INTERNAL: ["name"]}, b"") == {"name": "given"}
    assert autoname.fill("x", {"namePrefix": "p-"}, {}, b"") == {"namePrefix": "p-"}
    assert autoname.fill("x", {}, {"name": "was-given", INTERNAL: []}, b"seed")["name"].startswith("x-")
