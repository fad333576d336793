"""What all EC2 types share: tags, descriptions by id, lookups by filter."""

from typing import Any, ClassVar

from standin.aws import tags
from standin.aws.cloud import Region
from standin.aws.resource import Properties, Resource

GONE_STATES = ("deleted", "deleting")


class Ec2Resource(Resource):
    """A type of EC2 that is described by its id.

    `describe` is the operation, `collection` the answer's key, `id_parameter` the parameter that takes ids.
    """

    service = "ec2"
    tagging = tags.EC2
    describe: ClassVar[str]
    collection: ClassVar[str]
    id_parameter: ClassVar[str]

    def find(self, region: Region, identity: str) -> dict[str, Any] | None:
        """Return the description of one, None when there is none or only the shell of a deleted one."""
        answer = getattr(self.client(region), self.describe)(**{self.id_parameter: [identity]})[self.collection]
        found = next(iter(answer), None)
        return None if found is None or found.get("State") in GONE_STATES else found

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the description, and what the type adds to it."""
        found = self.find(region, identity)
        return None if found is None else self.outputs(found, **self.more(region, identity, found, state))

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        """Return outputs that the description does not give under the same name."""
        return {}


def by_filter(**filters: str) -> list[dict[str, Any]]:
    """Return filters of one value each; underscores stand for hyphens."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
