"""OpenSearch domains, which moto describes without running one, and Redshift's statements, which it takes down."""

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from standin.aws import api, tags
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource


class Domain(Resource):
    """A domain; its id is its ARN. What moto does not return stays as the program gave it."""

    token = "aws:opensearch/domain:Domain"
    service = "opensearch"
    autoname = AutoName("domainName", longest=28)
    create_only = frozenset({"domainName"})
    defaults: ClassVar[Defaults] = {}
    rename: ClassVar[api.Rename] = {
        "ebsOptions": "EBSOptions",
        "ebsEnabled": "EBSEnabled",
        "encryptAtRest": "EncryptionAtRestOptions",
        "nodeToNodeEncryption": "NodeToNodeEncryptionOptions",
        "enforceHttps": "EnforceHTTPS",
        "tlsSecurityPolicy": "TLSSecurityPolicy",
    }
    tagging = tags.Tagging(
        ("list_tags", "TagList"), "add_tags", "remove_tags", "ARN", "Key/Value", "TagKeys", "TagList"
    )

    def create(self, region: Region, inputs: Properties) -> str:
        plain = {name: value for name, value in inputs.items() if name != "tags"}
        return self.call(region, "create_domain", plain)["DomainStatus"]["ARN"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Everything but the version, which is an upgrade of its own."""
        if old is not None:
            plain = {name: value for name, value in inputs.items() if name not in ("tags", "engineVersion")}
            self.call(region, "update_domain_config", plain)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Its names and where it would answer."""
        name = identity.rpartition("/")[2]
        status: dict[str, Any] = self.client(region).describe_domain(DomainName=name)["DomainStatus"]
        return {
            "arn": status["ARN"],
            "domainId": status["DomainId"],
            "domainName": name,
            "endpoint": status.get("Endpoint") or f"search-{name}.{region.name}.es.amazonaws.com",
            "engineVersion": status["EngineVersion"],
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_domain(DomainName=identity.rpartition("/")[2])


class Statement(Resource):
    """A statement of the Redshift Data API, which moto takes down and does not run; never updated nor deleted.

    AWS forgets a statement after a day, and the real provider then reads empty texts.
    https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/redshiftdata/statement.go
    """

    token = "aws:redshiftdata/statement:Statement"
    service = "redshift-data"
    create_only = frozenset(
        {"clusterIdentifier", "database", "dbUser", "parameters", "secretArn", "sql", "statementName", "workgroupName"}
    )
    defaults: ClassVar[Defaults] = {"withEvent": False}

    def create(self, region: Region, inputs: Properties) -> str:
        return self.call(region, "execute_statement", inputs)["Id"]

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return what was handed over, as long as AWS knows it. moto does not take down the workgroup."""
        try:
            found: dict[str, Any] = self.client(region).describe_statement(Id=identity)
        except ClientError as error:
            if "expired" not in str(error):
                raise
            found = {"WorkgroupName": ""}
        actual = {
            "clusterIdentifier": found.get("ClusterIdentifier", ""),
            "secretArn": found.get("SecretArn", ""),
            "sql": found.get("QueryString", ""),
            "workgroupName": found.get("WorkgroupName", state.get("workgroupName", "")),
        }
        return {**state, **{name: value for name, value in actual.items() if name in state}}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Forgets it: what it made stays."""


def get_domain(region: Region, arguments: Properties) -> Properties:
    """Return a domain by its name: what moto keeps of it."""
    status: dict[str, Any] = region.client("opensearch").describe_domain(DomainName=arguments["domainName"])[
        "DomainStatus"
    ]
    return {
        "arn": status["ARN"],
        "domainId": status["DomainId"],
        "domainName": status["DomainName"],
        "endpoint": status.get("Endpoint", ""),
        "engineVersion": status["EngineVersion"],
        "id": status["ARN"],
    }


RESOURCES = (Domain, Statement)
FUNCTIONS = {"aws:opensearch/getDomain:getDomain": get_domain}
