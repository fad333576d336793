"""Glue's databases and tables, Athena's workgroups and named queries."""

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from standin.aws import api, tags
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource, changed

_GLUE_TAGS = tags.Tagging(("get_tags", "Tags"), subject="ResourceArn", keys="TagsToRemove", tags="TagsToAdd")


class CatalogDatabase(Resource):
    """A database; its id is `<account>:<name>`."""

    token = "aws:glue/catalogDatabase:CatalogDatabase"
    service = "glue"
    autoname = AutoName(longest=255)
    create_only = frozenset({"name", "catalogId"})
    tagging = _GLUE_TAGS

    def create(self, region: Region, inputs: Properties) -> str:
        self.client(region).create_database(DatabaseInput=self._input(region, inputs))
        return f"{region.account}:{inputs['name']}"

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Set description, location and parameters."""
        if old is not None and changed(inputs, old, "description", "locationUri", "parameters"):
            self.client(region).update_database(Name=inputs["name"], DatabaseInput=self._input(region, inputs))

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the database as it is in the catalog."""
        name = identity.partition(":")[2]
        found = self.client(region).get_database(Name=name)["Database"]
        return self.outputs(found, name=name, catalogId=region.account, arn=self.tag_subject(region, identity, state))

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_database(Name=identity.partition(":")[2])

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return region.arn("glue", f"database/{identity.partition(':')[2]}")

    def _input(self, region: Region, inputs: Properties) -> Properties:
        return api.request(self.client(region), "create_database", {"databaseInput": inputs})["DatabaseInput"]


class CatalogTable(Resource):
    """A table; its id is `<account>:<database>:<name>`."""

    token = "aws:glue/catalogTable:CatalogTable"
    service = "glue"
    autoname = AutoName(longest=255)
    create_only = frozenset({"name", "databaseName", "catalogId"})
    rename: ClassVar[api.Rename] = {"serDeInfo": "SerdeInfo"}

    def create(self, region: Region, inputs: Properties) -> str:
        self.client(region).create_table(DatabaseName=inputs["databaseName"], TableInput=self._input(region, inputs))
        return f"{region.account}:{inputs['databaseName']}:{inputs['name']}"

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Everything but its name."""
        if old is not None:
            self.client(region).update_table(
                DatabaseName=inputs["databaseName"], TableInput=self._input(region, inputs)
            )

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the table as it is in the catalog."""
        _, database, name = identity.split(":")
        found = self.client(region).get_table(DatabaseName=database, Name=name)["Table"]
        arn = region.arn("glue", f"table/{database}/{name}")
        return self.outputs(found, name=name, databaseName=database, catalogId=region.account, arn=arn)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Remove it; the objects that it describes stay."""
        _, database, name = identity.split(":")
        self.client(region).delete_table(DatabaseName=database, Name=name)

    def _input(self, region: Region, inputs: Properties) -> Properties:
        return api.request(self.client(region), "create_table", {"tableInput": inputs}, self.rename)["TableInput"]


class Workgroup(Resource):
    """A workgroup, whose tags go unread, since moto forgets them."""

    token = "aws:athena/workgroup:Workgroup"
    service = "athena"
    autoname = AutoName(longest=128)
    create_only = frozenset({"name"})
    defaults: ClassVar[Defaults] = {"forceDestroy": False, "state": "ENABLED"}
    write_only = frozenset({"forceDestroy"})

    def create(self, region: Region, inputs: Properties) -> str:
        self.call(region, "create_work_group", {name: value for name, value in inputs.items() if name != "tags"})
        return inputs["name"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Everything but its name."""
        if old is not None and changed(inputs, old, "configuration", "description", "state"):
            desired = {**inputs, "workGroup": identity, "configurationUpdates": inputs.get("configuration")}
            self.call(region, "update_work_group", desired)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the workgroup among all; moto answers for one that is not there with an internal error."""
        athena = self.client(region)
        if identity not in [group["Name"] for group in athena.list_work_groups()["WorkGroups"]]:
            return None
        found = athena.get_work_group(WorkGroup=identity)["WorkGroup"]
        return self.outputs(found, name=identity, arn=region.arn("athena", f"workgroup/{identity}"))

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Remove it, with its contents where `forceDestroy` says so."""
        self.client(region).delete_work_group(
            WorkGroup=identity, RecursiveDeleteOption=state.get("forceDestroy", False)
        )


class NamedQuery(Resource):
    """A query under a name."""

    token = "aws:athena/namedQuery:NamedQuery"
    service = "athena"
    autoname = AutoName(longest=128)
    create_only = frozenset({"name", "database", "query", "workgroup", "description"})
    defaults: ClassVar[Defaults] = {"workgroup": "primary"}
    rename: ClassVar[api.Rename] = {"query": "QueryString", "workgroup": "WorkGroup"}

    def create(self, region: Region, inputs: Properties) -> str:
        """Keep it in its workgroup."""
        return self.call(region, "create_named_query", inputs)["NamedQueryId"]

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the query by its id. That it is gone is an InvalidRequestException, as is much else."""
        try:
            found: dict[str, Any] = self.client(region).get_named_query(NamedQueryId=identity)["NamedQuery"]
        except ClientError as error:
            if f"NamedQuery {identity} does not exist" in str(error):
                return None
            raise
        return self.outputs(found)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_named_query(NamedQueryId=identity)


RESOURCES = (CatalogDatabase, CatalogTable, Workgroup, NamedQuery)
