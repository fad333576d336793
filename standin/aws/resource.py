"""What a resource type of the stand-in is made of."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from standin.aws import api, sdk
from standin.aws.check import Failure
from standin.aws.cloud import Region
from standin.aws.naming import AutoName, from_prefix
from standin.aws.tags import Tagging

Properties = dict[str, Any]
Defaults = Mapping[str, Any]
Rename = api.Rename


class Resource:
    """One type, named by `token`: how it is created, configured, read and deleted through boto3.

    A type declares what the real provider documents about it: how it is named, which properties replace it when they
    change, what they are by default. `configure` brings everything that can be changed in place to what is desired; it
    runs after `create` and for every update, so that what a failure left half done is finished by the next run.
    """

    token: ClassVar[str]
    service: ClassVar[str]
    autoname: ClassVar[AutoName | None] = None
    create_only: ClassVar[frozenset[str]] = frozenset()
    """Properties (dotted paths without list positions) whose change replaces the resource."""
    defaults: ClassVar[Defaults] = {}
    """What the real provider writes into the inputs where the program says nothing."""
    changing: ClassVar[frozenset[str]] = frozenset()
    """Computed outputs that an update can change; a preview says that they are not known."""
    nested_computed: ClassVar[frozenset[str]] = frozenset()
    """Outputs that AWS fills in inside an object that is also an input, as `parent.child`."""
    write_only: ClassVar[frozenset[str]] = frozenset()
    """Inputs that steer the provider itself; they are kept in the state, and never read back."""
    rename: ClassVar[Rename] = {}
    tagging: ClassVar[Tagging | None] = None
    recorded: ClassVar[bool] = False

    @property
    def type(self) -> sdk.ResourceType:
        """What the SDK says about this type."""
        return sdk.resource_type(self.token)

    @property
    def has_region(self) -> bool:
        """False for what belongs to the account as a whole."""
        return "region" in self.type.outputs

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """Return what the real provider refuses beyond its schema."""
        return iter(())

    def create(self, region: Region, inputs: Properties) -> str:
        """Create the resource and return its id."""
        raise NotImplementedError

    def send(self, region: Region, inputs: Properties) -> None:
        """Send the requests of `create`, and look for nothing first."""
        self.create(region, inputs)

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Brings what can be changed to what is desired; `old` is the state before an update, None after a create."""

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the properties as AWS has them now, None when the resource is gone."""
        raise NotImplementedError

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Remove the resource; one that is gone already is no error to the caller."""
        raise NotImplementedError

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        """Return what the service wants to know whose tags are meant."""
        return identity

    def client(self, region: Region) -> Any:
        """Return the boto3 client of the type's service."""
        return region.client(self.service)

    def call(self, region: Region, operation: str, inputs: Properties, **parameters: Any) -> Properties:
        """Call an operation of the type's service with the inputs that it takes, and further parameters."""
        return api.call(self.client(region), operation, inputs, self.rename, **parameters)

    def outputs(self, answer: Mapping[str, Any], **more: Any) -> Properties:
        """Return an answer of AWS as this type's properties, and further ones; None entries are left out."""
        found = api.properties(answer, self.type.outputs, self.rename)
        found.pop("tags", None)
        found.pop("tagsAll", None)
        return {name: value for name, value in {**found, **more}.items() if value is not None}

    def given_name(self, inputs: Properties, key: str = "name") -> str:
        """Return the name in the inputs, or one made from the prefix in them."""
        return inputs.get(key) or from_prefix(inputs[f"{key}Prefix"])


def changed(inputs: Properties, old: Properties | None, *names: str) -> bool:
    """Whether any of these properties has to be sent: always after a create where given, else where it differs."""
    if old is None:
        return any(inputs.get(name) is not None for name in names)
    return any(inputs.get(name) != old.get(name) for name in names)
