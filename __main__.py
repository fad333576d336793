"""The Pulumi program: the stack file's settings, deployed."""

from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from components.deployment import Deployment
from sensor.model import SensorError
from settings import SettingsError, load, namespaced

FILE = f"Pulumi.{pulumi.get_stack()}.yaml"

try:
    settings = load(namespaced({**get_config_env(), **CONFIG.get()}), file=FILE, root=Path(__file__).parent)
    deployment = Deployment("deployment", {"settings": settings, "file": FILE})
except (SettingsError, SensorError) as error:
    raise pulumi.RunError(str(error)) from None

pulumi.export("logGroup", deployment.log_group)
pulumi.export("insights", deployment.insights)
pulumi.export("response", deployment.response)
pulumi.export("destinations", deployment.destinations)
pulumi.export("hub", deployment.hub)
pulumi.export("clusters", deployment.clusters)
pulumi.export("kubeconfigs", deployment.kubeconfigs)
