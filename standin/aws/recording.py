"""A cloud that answers every call by itself: what the stand-in would send is built and judged, and nothing is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from standin.aws.cloud import Cloud
from standin.aws.limits import Limit, part_of
from standin.aws.unsent import leave_unsent


@dataclass(frozen=True)
class Request:
    """One call that would have been sent."""

    service: str
    region: str
    operation: str
    parameters: Mapping[str, Any]


@dataclass
class RecordingCloud(Cloud):
    """Keeps an account's requests, which are all within AWS's bounds: another is refused as by AWS."""

    number: str = "111122223333"
    requests: list[Request] = field(default_factory=list[Request])
    _region: str = field(default="", init=False)
    _totals: dict[tuple[str, ...], dict[str, float]] = field(
        default_factory=dict[tuple[str, ...], dict[str, float]], init=False
    )

    def start(self, number: str, region: str) -> None:
        """Forgets everything and goes on for another account and region, with the clients that it has."""
        self.number, self.configuration = number, {**self.configuration, "region": region}
        self.requests.clear()
        self._totals.clear()

    @property
    def account(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The account that the requests are of."""
        return self.number

    def client(self, service: str, region: str) -> Any:
        """One client for all regions: nothing is sent to any."""
        self._region = region
        return self._kept((service,), lambda: self._new_client(service, region))

    def unsent_client(self, service: str, region: str) -> Any:
        """Return the same, as all are unsent."""
        return self.client(service, region)

    def earlier(self, client: Any, limit: Limit, parameters: Mapping[str, Any]) -> Mapping[str, float]:
        """Return what was recorded."""
        return self._totals.get(self._total(limit, parameters), {})

    def _new_client(self, service: str, region: str) -> Any:
        client = super()._new_client(service, region)

        def keep(params: Mapping[str, Any], model: Any, **_: Any) -> None:
            self.requests.append(Request(service, self._region, model.name, dict(params)))
            for limit in self.limits.of_totals(service):
                for value in limit.values(model.name, params):
                    parts = self._totals.setdefault(self._total(limit, params), {})
                    parts[part_of(limit, params)] = limit.measure(value)

        client.meta.events.register_last("before-parameter-build", keep)
        leave_unsent(client)
        return client

    def _total(self, limit: Limit, parameters: Mapping[str, Any]) -> tuple[str, ...]:
        return limit.id, self._region, str(parameters[limit.total["by"]])
