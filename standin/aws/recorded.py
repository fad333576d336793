"""Resource types whose API the local cloud lacks: requests are built and validated, but nothing answers them."""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from standin.aws import api
from standin.aws.cloud import Region
from standin.aws.resource import Properties, Resource
from standin.aws.tags import to_api


class Recorded(Resource):
    """A type that lives in the Pulumi state alone.

    The request that would create it is built from botocore's service model and validated by it, so that what AWS's own
    clients refuse is refused here too. `operation` None means that there is no such request.
    """

    recorded: ClassVar[bool] = True
    operation: ClassVar[str | None] = None

    def create(self, region: Region, inputs: Properties) -> str:
        """Validate the request and make up an id."""
        self.send(region, inputs)
        return self.identity(region, inputs)

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Validate an update as a creation."""
        if old is not None:
            self.send(region, inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return what was recorded; an import finds nothing, as nothing keeps it."""
        if not state:
            return None
        return {**state, **self.computed(region, identity, state)}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Forgets it."""

    def identity(self, region: Region, inputs: Properties) -> str:
        """Return the id that AWS would give."""
        return secrets.token_hex(8)

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """Return outputs that AWS would fill in."""
        return {}

    def request(self, inputs: Properties) -> Properties:
        """Return the inputs in the form that `operation` takes them, before names are matched."""
        return inputs

    def send(self, region: Region, inputs: Properties) -> None:
        """Build the request and have it judged, as one that is sent."""
        if self.operation is None:
            return
        client = region.unsent_client(self.service)
        untagged = {name: value for name, value in self.request(inputs).items() if name != "tags"}
        tagged = _tags(client, self.operation, region.all_tags(inputs.get("tags", {})))
        api.call(client, self.operation, untagged, self.rename, **tagged)


def _tags(client: Any, operation: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return an operation's parameter for tags, in the form in which it takes them."""
    shape: Any = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
    name = next((name for name in shape.members if name.lower() == "tags"), None)
    if name is None or not tags:
        return {}
    kind = shape.members[name]
    style: Any = "map" if kind.type_name == "map" else "/".join(kind.member.members)
    return {name: to_api(tags, style)}
