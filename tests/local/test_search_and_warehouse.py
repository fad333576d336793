"""OpenSearch and Redshift on the local cloud: made or given, what Firehose is told of them, and left as they were.

moto describes a domain without running one and takes statements down; a Redshift Serverless workgroup is recorded only.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from localcloud.deployed import Deployed
from tests.local.stack import Stack

pytestmark = pytest.mark.local

ACCOUNT = "123456789012"
DELIVERY = f"arn:aws:s3:::falco-events-delivery-{ACCOUNT}-eu-west-1"
OURS = f"arn:aws:es:eu-west-1:{ACCOUNT}:domain/falco-events"


@pytest.fixture
def deployed(local_cloud: LocalCloud) -> Deployed:
    return Deployed(local_cloud.layout)


@pytest.fixture
def given_domain(deployed: Deployed) -> Iterator[str]:
    """The ARN of a domain that is not the stack's."""
    opensearch = deployed.client("opensearch")
    yield opensearch.create_domain(DomainName="given")["DomainStatus"]["ARN"]
    opensearch.delete_domain(DomainName="given")


@pytest.fixture
def network(deployed: Deployed) -> Iterator[dict[str, object]]:
    """Three subnets of a VPC, as the stack file names them."""
    ec2 = deployed.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]
        for number, zone in enumerate("abc")
    ]
    ids = [subnet["SubnetId"] for subnet in subnets]
    yield {"vpcId": vpc, "publicSubnetIds": ids}
    for subnet in ids:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def test_a_domain_is_made_and_exchanged_for_a_given_one(stack: Stack, deployed: Deployed, given_domain: str) -> None:
    stack.configure(to(opensearch={"create": {"instances": 1}}))
    stack.up()

    assert stack.preview("--expect-no-changes") == []
    domain = deployed.client("opensearch").describe_domain(DomainName="falco-events")["DomainStatus"]
    assert domain["ClusterConfig"]["InstanceCount"] == 1
    assert domain["EncryptionAtRestOptions"]["Enabled"] is True
    stream = destination(deployed, "opensearch", "ElasticsearchDestinationDescription")
    assert (stream["DomainARN"], stream["IndexRotationPeriod"]) == (OURS, "OneDay")
    assert (stream["S3BackupMode"], stream["S3DestinationDescription"]["BucketARN"]) == (
        "FailedDocumentsOnly",
        DELIVERY,
    )

    stack.configure(to(opensearch={"existing": {"domainArn": given_domain}}))
    stack.up()

    assert stack.preview("--expect-no-changes") == []
    assert destination(deployed, "opensearch", "ElasticsearchDestinationDescription")["DomainARN"] == given_domain
    names = deployed.client("opensearch").list_domain_names()["DomainNames"]
    assert [name["DomainName"] for name in names] == ["given"]


def test_a_warehouse_is_made_with_its_table_and_a_day_changes_nothing_though_aws_forgets_the_statement(
    network: dict[str, object], stack: Stack, deployed: Deployed, clock: Callable[[float], None]
) -> None:
    stack.configure(to(redshift={"create": network}))
    stack.up()
    made = statement(stack)
    stream = destination(deployed, "redshift", "RedshiftDestinationDescription")
    host = f"falco-events-warehouse.{ACCOUNT}.eu-west-1.redshift-serverless.amazonaws.com"
    assert stream["ClusterJDBCURL"] == f"jdbc:redshift://{host}:5439/falco"
    assert stream["CopyCommand"]["DataTableName"] == "events"
    only_firehose_gets_in(deployed, network)

    clock(25 * 60 * 60)

    with pytest.raises(ClientError, match="has expired"):
        deployed.client("redshift-data").describe_statement(Id=made)
    stack.expect_no_drift()
    stack.up("--refresh", "--expect-no-changes")
    assert statement(stack) == made

    stack.configure(to(redshift={"create": network, "table": "other"}))
    stack.up()
    assert statement(stack) != made
    sql = deployed.client("redshift-data").describe_statement(Id=statement(stack))["QueryString"]
    assert sql.startswith('CREATE TABLE IF NOT EXISTS "other"')
    assert stack.preview("--expect-no-changes") == []


def only_firehose_gets_in(deployed: Deployed, network: dict[str, object]) -> None:
    filters = [{"Name": "vpc-id", "Values": [str(network["vpcId"])]}]
    groups = deployed.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    (group,) = (group for group in groups if group["GroupName"] != "default")
    (rule,) = group["IpPermissions"]
    assert [source["CidrIp"] for source in rule["IpRanges"]] == ["52.19.239.192/27"]
    assert group["IpPermissionsEgress"] == []


def statement(stack: Stack) -> str:
    """The id of the statement that made the table."""
    (found,) = (identity for urn, identity in stack.ids().items() if "redshiftdata" in urn)
    return found


def to(**destinations: object) -> dict[str, object]:
    return {"clusters": [{"name": "shop", "platform": "ecs"}], "events": {"destinations": destinations}}


def destination(deployed: Deployed, name: str, kind: str) -> dict[str, Any]:
    """What a stream says of where it delivers."""
    stream = deployed.client("firehose").describe_delivery_stream(DeliveryStreamName=f"falco-events-{name}")
    (found,) = stream["DeliveryStreamDescription"]["Destinations"]
    return found[kind]
