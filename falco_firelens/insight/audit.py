"""Who changes the sensor of a created EKS cluster: what the control plane's audit log says, as a metric of the cluster.

A dimension can only be read out of an event, so each cluster has a metric of its own.
"""

from typing import Final

from falco_firelens.contract import SENSOR_NAMESPACE
from falco_firelens.sensor.kubernetes import FLUENT_BIT
from falco_firelens.sensor.model import FALCO_CONTAINER

_CHANGES: Final = ("update", "patch", "delete", "deletecollection")


def _any(selector: str, *values: str) -> str:
    return "(" + " || ".join(f'{selector} = "{value}"' for value in values) + ")"


_SENSORS: Final = f'$.objectRef.namespace = "{SENSOR_NAMESPACE}"'
_CONFIGURED: Final = _any("$.objectRef.name", FALCO_CONTAINER, FLUENT_BIT)

PATTERN: Final = (
    f'{{ $.stage = "ResponseComplete" && $.responseStatus.code < 400 && {_any("$.verb", *_CHANGES)} '
    '&& $.requestURI != "*dryRun=All*" && $.requestURI != "*/status*" '
    f'&& (($.objectRef.resource = "daemonsets" && {_SENSORS}) '
    f'|| ($.objectRef.resource = "configmaps" && {_SENSORS} && ($.verb = "deletecollection" || {_CONFIGURED})) '
    f'|| ($.objectRef.resource = "namespaces" && $.objectRef.name = "{SENSOR_NAMESPACE}")) }}'
)
"""Changes that were made to the sensor's DaemonSets, ConfigMaps and namespace. A preview asks with `dryRun=All`, and
the DaemonSet's controller writes its status. https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/"""


def changes_metric(cluster: str) -> str:
    """Return the name of the metric that counts the changes."""
    return f"SensorChanges-{cluster}"
