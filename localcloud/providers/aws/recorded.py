"""Resource types whose API the local cloud lacks: requests are built and validated, but nothing answers them."""

import secrets
from typing import Any, ClassVar

from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

from localcloud.providers.aws import api
from localcloud.providers.aws.cloud import Region
from localcloud.providers.aws.resource import Properties, Resource


class Recorded(Resource):
    """A type that lives in the Pulumi state alone.

    The request that would create it is built from botocore's service model and validated by it, so that what AWS's own
    clients refuse is refused here too. `operation` None means that there is no such request.
    """

    recorded: ClassVar[bool] = True
    operation: ClassVar[str | None] = None

    def create(self, region: Region, inputs: Properties) -> str:
        """Validates the request and makes up an id."""
        self._validate(region, inputs)
        return self.identity(region, inputs)

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Validates an update as a creation."""
        if old is not None:
            self._validate(region, inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """What was recorded; an import finds nothing, as nothing keeps it."""
        if not state:
            return None
        return {**state, **self.computed(region, identity, state)}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Forgets it."""

    def identity(self, region: Region, inputs: Properties) -> str:
        """The id that AWS would give."""
        return secrets.token_hex(8)

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """Outputs that AWS would fill in."""
        return {}

    def request(self, inputs: Properties) -> Properties:
        """The inputs in the form that `operation` takes them, before names are matched."""
        return inputs

    def _validate(self, region: Region, inputs: Properties) -> None:
        if self.operation is None:
            return
        client = self.client(region)
        model: Any = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[self.operation])
        parameters = api.request(client, self.operation, self.request(inputs), self.rename)
        parameters = {name: value for name, value in parameters.items() if name.lower() != "tags"}
        report: Any = ParamValidator().validate(parameters, model.input_shape)
        missing = [name for name in report.generate_report().splitlines() if "clientToken" not in name]
        if report.has_errors() and missing:
            raise ParamValidationError(report="\n".join(missing))
