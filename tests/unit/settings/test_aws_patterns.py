"""Every text that settings check by a pattern, held against AWS's own pattern of the field that it ends in."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

import botocore.session
import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from falco_firelens.settings import Settings
from falco_firelens.settings.redshift_names import RESERVED
from falco_firelens.settings.types import RegionName
from falco_firelens.settings.validation.locations import fields_of, models_in
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.model import Model

Field = tuple[str, str]
"""A service of botocore's, and one of its shapes."""

SECRET = ("firehose", "SecretARN")
TAGS = (("firehose", "Tag{}"), ("logs", "Tag{}"), ("iam", "tag{}Type"), ("ecs", "Tag{}"), ("lambda", "Tag{}"))
KEYS = [(service, shape.format("Key")) for service, shape in TAGS]
VALUES = [(service, shape.format("Value")) for service, shape in TAGS]

FIELDS: Mapping[str, list[Field]] = {
    "EksCluster.name": [("eks", "ClusterName")],
    "EksExisting.name": [("eks", "ClusterName")],
    "EksCluster.nodeRole": [("iam", "roleNameType")],
    "KubernetesCluster.nodeRole": [("iam", "roleNameType")],
    "Events.logGroup": [("logs", "LogGroupName")],
    "Events.kmsKeyArn": [("firehose", "AWSKMSKeyARN")],
    "S3Destination.bucketArn": [("firehose", "BucketARN")],
    "S3Destination.kmsKeyArn": [("firehose", "AWSKMSKeyARN")],
    "OpenSearchCreate.version": [("opensearch", "VersionString")],
    "OpenSearchExisting.domainArn": [("firehose", "AmazonopensearchserviceDomainARN")],
    "RedshiftExisting.workgroup": [("redshift-data", "WorkgroupNameString")],
    "RedshiftExisting.cluster": [("redshift-data", "ClusterIdentifierString")],
    "RedshiftExisting.jdbcUrl": [("firehose", "ClusterJDBCURL")],
    "RedshiftExisting.secretArn": [SECRET],
    "RedshiftDestination.table": [("firehose", "DataTableName")],
    "Spoke.bucketArn": [("firehose", "BucketARN")],
    "Spoke.kmsKeyArn": [("firehose", "AWSKMSKeyARN")],
    "Spoke.sinkArn": [("oam", "ResourceIdentifier")],
    "Policy.requiredTags": KEYS,
    "Settings.tags key": KEYS,
    "Settings.tags value": VALUES,
}
"""By `Model.key`, where AWS's model has a pattern."""

NO_PATTERN = {
    **dict.fromkeys(("Settings.account", "HubSpoke.account"), "twelve digits, everywhere"),
    **dict.fromkeys(("EcsCluster.name", "KubernetesCluster.name", "Alarms.clusters key"), "as EksCluster.name"),
    **dict.fromkeys(("NodeGroup.name", "EcsExisting.cluster"), "the model has a text"),
    **dict.fromkeys(("ExistingNetwork.vpcId", "RedshiftCreate.vpcId", "Quarantine.securityGroupId"), "EC2 has texts"),
    **dict.fromkeys(("ExistingNetwork.privateSubnetIds", "RedshiftCreate.publicSubnetIds"), "EC2 has texts"),
    **dict.fromkeys(("NodeGroup.instanceTypes", "EcsCreate.instanceTypes"), "an enumeration, see below"),
    "OpenSearchCreate.instanceType": "an enumeration, see below",
    **dict.fromkeys(("EksCreate.version", "EksCreate.addons value"), "the model has a text"),
    "RedshiftDestination.database": "the model has a text",
    "HubSpoke.regions": "see below",
    "Hub.organizationId": "stands in a filter's text",
    "Spoke.hub": "Pulumi's",
    "Spoke.logDestinationArn": "the model has a text",
    **dict.fromkeys(("Falco.version", "Falco.registry", "Falco.digest"), "a container image's"),
    **dict.fromkeys(("FluentBit.version", "FluentBit.registry", "FluentBit.digest"), "a container image's"),
    "Settings.imageRegistry": "a container image's",
    "KubernetesExisting.clusterTag": "the end of a tag's key",
    "Response.withoutAdmissionPolicy": "names of the stack's clusters",
    "Falco.chartRepository": "Helm's",
    **dict.fromkeys(("RuleException.name", "RuleException.fields"), "Falco's"),
    **dict.fromkeys(("Playbook.name", "Protect.workloads"), "this project's and Kubernetes'"),
}
"""The others, and why."""


def matchings(annotation: Any) -> Iterator[Matching]:
    yield from (one for one in getattr(annotation, "__metadata__", ()) if isinstance(one, Matching))
    for argument in get_args(annotation):
        yield from matchings(argument)


def patterns(model: type[Model], seen: set[type[Model]]) -> Iterator[tuple[str, Matching]]:
    """The pattern of each key below a model; of a mapping that of its keys and that of its values."""
    if model in seen:
        return
    seen.add(model)
    for key, field in fields_of(model).items():
        name = f"{model.__name__}.{key}"
        own = [one for one in field.metadata if isinstance(one, Matching)]
        if getattr(field.annotation, "__origin__", None) is dict:
            for part, argument in zip(("key", "value"), get_args(field.annotation), strict=True):
                yield from ((f"{name} {part}", one) for one in matchings(argument))
        else:
            yield from ((name, one) for one in [*own, *matchings(field.annotation)])
        for inner in models_in(field.annotation):
            yield from patterns(inner, seen)


FOUND = dict(patterns(Settings, set()))


@cache
def session() -> Any:
    return botocore.session.get_session()


def shape(field: Field) -> Any:
    return session().get_service_model(field[0]).shape_for(field[1]).metadata


def taken(field: Field, text: str) -> bool:
    """Whether AWS's model takes a text."""
    rule = shape(field)
    fits = rule.get("min", 0) <= len(text) <= rule.get("max", len(text))
    return fits and bool(regex.fullmatch(rule.get("pattern", ".*"), text))


def test_every_pattern_is_held_against_aws_or_says_why_not() -> None:
    assert FOUND.keys() == FIELDS.keys() | NO_PATTERN.keys()
    assert not FIELDS.keys() & NO_PATTERN.keys()
    assert all("pattern" in shape(field) for fields in FIELDS.values() for field in fields)


@pytest.mark.parametrize("name", FIELDS)
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_what_settings_take_aws_takes(name: str, data: st.DataObject) -> None:
    pattern = FOUND[name].pattern
    unbounded = re.sub(r"^\(\?=\.\{1,\d+\}\$\)", "", pattern)
    text = data.draw(st.from_regex(unbounded, fullmatch=True).filter(lambda text: re.fullmatch(pattern, text)))
    for field in FIELDS[name]:
        assert taken(field, text), (field, text)


ACCOUNT = "111122223333"


@pytest.mark.parametrize(
    ("name", "texts"),
    {
        "RedshiftExisting.secretArn": (
            f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:redshift!dwh-admin-AbC123",
            f"arn:aws-us-gov:secretsmanager:us-gov-west-1:{ACCOUNT}:secret:a/b_c+d=e.f@g-h",
        ),
        "RedshiftExisting.jdbcUrl": (
            f"jdbc:redshift://dwh.{ACCOUNT}.eu-west-1.redshift-serverless.amazonaws.com:5439/Dev$1",
            "jdbc:redshift://c-1.abc123.eu-west-1.redshift.amazonaws.com:5439/falco",
            "jdbc:postgresql://c-1.abc123.cn-north-1.redshift.amazonaws.com.cn:5439/falco",
        ),
        "RedshiftExisting.cluster": ("a", "dwh-1", "a" * 63),
        "RedshiftExisting.workgroup": ("dwh", "1-a", "a" * 63),
        "OpenSearchExisting.domainArn": (f"arn:aws:es:eu-west-1:{ACCOUNT}:domain/a-1",),
        "EksExisting.name": ("0", "A_b-9", "a" * 100),
        "EksCluster.nodeRole": ("Node+=,.@-_", "a" * 64),
        "Events.logGroup": ("/", "a" * 512, "a.b#c-d_e"),
        "Settings.tags key": ("cost center", "Größe", "a:b/c=d+e-f@g_h.i", "a" * 128),
        "Settings.tags value": ("", "Größe 1", "a" * 256),
    }.items(),
)
def test_what_aws_takes_settings_take(name: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        assert all(taken(field, text) for field in FIELDS[name]), text
        assert re.fullmatch(FOUND[name].pattern, text), text


def test_every_region_of_every_partition_is_one() -> None:
    (region,) = matchings(RegionName)
    partitions = session().get_available_partitions()
    names = {one for partition in partitions for one in session().get_available_regions("ec2", partition)}
    names |= {"eusc-de-east-1"}
    assert [name for name in names if not re.fullmatch(region.pattern, name)] == []


def test_every_instance_type_is_one() -> None:
    kinds = {"NodeGroup.instanceTypes": ("ec2", "InstanceType"), "OpenSearchCreate.instanceType": None}
    ours = FOUND["NodeGroup.instanceTypes"].pattern
    types = session().get_service_model("ec2").shape_for("InstanceType").enum
    assert kinds.keys() <= NO_PATTERN.keys()
    assert [one for one in types if not one.startswith("mac") and not re.fullmatch(ours, one)] == []
    ours = FOUND["OpenSearchCreate.instanceType"].pattern
    types = session().get_service_model("opensearch").shape_for("OpenSearchPartitionInstanceType").enum
    assert [one for one in types if not re.fullmatch(ours, one)] == []


def test_words_of_sql_are_those_that_another_list_of_redshifts_has() -> None:
    from sqlglot.dialects.redshift import Redshift

    assert {word.strip() for word in Redshift.Generator.RESERVED_KEYWORDS} == RESERVED
