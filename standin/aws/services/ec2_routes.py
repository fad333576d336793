"""EC2 routing: route tables, routes, and which subnet uses which table."""

import hashlib
from typing import Any, ClassVar

from standin.aws import api
from standin.aws.cloud import Region
from standin.aws.resource import Properties, Rename, Resource, changed
from standin.aws.services.ec2_base import Ec2Resource, by_filter

DESTINATIONS = {
    "cidrBlock": "DestinationCidrBlock",
    "destinationCidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
RENAME = {**DESTINATIONS, "coreNetworkArn": "CoreNetworkArn"}


def _destination(route: Properties) -> Properties:
    return {DESTINATIONS[name]: value for name, value in route.items() if name in DESTINATIONS and value}


class RouteTable(Ec2Resource):
    """A route table, with its routes where the program gives them here."""

    token = "aws:ec2/routeTable:RouteTable"
    describe, collection, id_parameter = "describe_route_tables", "RouteTables", "RouteTableIds"
    create_only = frozenset({"vpcId"})

    def create(self, region: Region, inputs: Properties) -> str:
        return self.client(region).create_route_table(VpcId=inputs["vpcId"])["RouteTable"]["RouteTableId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Remove the routes that are no longer given, add those that are new."""
        if "routes" not in inputs or not changed(inputs, old, "routes"):
            return
        ec2 = self.client(region)
        before: list[Properties] = (old or {}).get("routes", [])
        for route in before:
            ec2.delete_route(RouteTableId=identity, **_destination(route))
        for route in inputs["routes"]:
            desired = {name: value for name, value in route.items() if value}
            api.call(ec2, "create_route", desired, RENAME, RouteTableId=identity)

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        """Its routes, except for the VPC's own and, where the program gives none, those of Route resources."""
        routes = [
            api.properties(route, self._route_fields(), {"cidrBlock": "DestinationCidrBlock"})
            for route in found["Routes"]
            if route.get("GatewayId") != "local"
        ]
        return {
            "arn": region.arn("ec2", f"route-table/{identity}"),
            "ownerId": region.account,
            "propagatingVgws": [],
            "routes": routes if "routes" in state else None,
        }

    def _route_fields(self) -> dict[str, Any]:
        kind: Any = self.type.outputs["routes"]
        return {name: field.type for name, field in kind.item.fields.items()}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_route_table(RouteTableId=identity)


class Route(Resource):
    """One route of a table; its id is made of the table and the destination."""

    token = "aws:ec2/route:Route"
    service = "ec2"
    create_only = frozenset(
        {"routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"}
    )
    rename: ClassVar[Rename] = RENAME

    def create(self, region: Region, inputs: Properties) -> str:
        """Add the route.

        Raises FileExistsError where there is one: moto would replace it, AWS refuses.
        """
        (destination,) = _destination(inputs).values()
        if self._find(region, inputs) is not None:
            raise FileExistsError(f"RouteAlreadyExists: {inputs['routeTableId']} has a route to {destination} already")
        self.call(region, "create_route", inputs)
        return f"r-{inputs['routeTableId']}{int(hashlib.sha256(destination.encode()).hexdigest()[:8], 16)}"

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Send the traffic elsewhere."""
        if old is not None:
            self.call(region, "replace_route", inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        route = self._find(region, state)
        if route is None:
            return None
        given = {"routeTableId": state["routeTableId"], "origin": "CreateRoute", "state": "active"}
        return {**given, **self.outputs(route)}

    def _find(self, region: Region, state: Properties) -> Properties | None:
        tables = self.client(region).describe_route_tables(RouteTableIds=[state["routeTableId"]])["RouteTables"]
        desired = _destination(state).items()
        routes = (route for table in tables for route in table["Routes"])
        return next((route for route in routes if desired <= route.items()), None)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_route(RouteTableId=state["routeTableId"], **_destination(state))


class RouteTableAssociation(Resource):
    """That a subnet uses a route table."""

    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    service = "ec2"
    create_only = frozenset({"subnetId", "gatewayId", "routeTableId"})

    def create(self, region: Region, inputs: Properties) -> str:
        return self.call(region, "associate_route_table", inputs)["AssociationId"]

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the association, by its id."""
        filters = by_filter(**{"association.route-table-association-id": identity})
        tables = self.client(region).describe_route_tables(Filters=filters)["RouteTables"]
        found = (one for table in tables for one in table["Associations"])
        one = next((one for one in found if one["RouteTableAssociationId"] == identity), None)
        return None if one is None else self.outputs(one)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).disassociate_route_table(AssociationId=identity)


RESOURCES = (RouteTable, Route, RouteTableAssociation)
