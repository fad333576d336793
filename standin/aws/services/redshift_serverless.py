"""Redshift Serverless, which moto lacks: namespaces and workgroups."""

import secrets
import uuid

from standin.aws.cloud import Region
from standin.aws.recorded import Recorded
from standin.aws.resource import Properties


class Namespace(Recorded):
    """A namespace; its id is its name."""

    token = "aws:redshiftserverless/namespace:Namespace"
    service = "redshift-serverless"
    operation = "create_namespace"
    create_only = frozenset({"namespaceName"})

    def identity(self, region: Region, inputs: Properties) -> str:
        return inputs["namespaceName"]

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """ARN, and that of the secret that AWS keeps the administrator's password in."""
        number = state.get("namespaceId") or str(uuid.uuid4())
        secret = f"secret:redshift!{identity}-admin-{secrets.token_hex(3)}"
        managed = state.get("adminPasswordSecretArn") or region.arn("secretsmanager", secret)
        return {
            "arn": region.arn("redshift-serverless", f"namespace/{number}"),
            "namespaceId": number,
            "adminUsername": state.get("adminUsername", "admin"),
            "adminPasswordSecretArn": managed if state.get("manageAdminPassword") else "",
        }


class Workgroup(Recorded):
    """A workgroup; its id is its name, and it answers nowhere."""

    token = "aws:redshiftserverless/workgroup:Workgroup"
    service = "redshift-serverless"
    operation = "create_workgroup"
    create_only = frozenset({"namespaceName", "workgroupName"})

    def identity(self, region: Region, inputs: Properties) -> str:
        return inputs["workgroupName"]

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """ARN, and the address that AWS would give it."""
        number = state.get("workgroupId") or str(uuid.uuid4())
        address = f"{identity}.{region.account}.{region.name}.redshift-serverless.amazonaws.com"
        return {
            "arn": region.arn("redshift-serverless", f"workgroup/{number}"),
            "workgroupId": number,
            "endpoints": [{"address": address, "port": state.get("port", 5439), "vpcEndpoints": []}],
        }


RESOURCES = (Namespace, Workgroup)
