"""The Pulumi program: the stack file's settings, deployed."""

from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from components.stack.deployment import Deployment
from falco_firelens.errors import StackError
from falco_firelens.settings import NAMESPACE, load, namespaced, plain_keys

FILE = f"Pulumi.{pulumi.get_stack()}.yaml"

try:
    settings = load(namespaced({**get_config_env(), **CONFIG.get()}), file=FILE, root=Path(__file__).parent)
    deployment = Deployment("deployment", {"settings": settings, "file": FILE})
except StackError as error:
    raise pulumi.RunError(str(error)) from None

for key in plain_keys():
    if is_config_secret(f"{NAMESPACE}:{key}"):
        pulumi.warn(f"{FILE}: {key} is encrypted, but no value of it is kept secret in the state and in previews")

pulumi.export("logGroup", deployment.log_group)
pulumi.export("insights", deployment.insights)
pulumi.export("watch", deployment.watch)
pulumi.export("response", deployment.response)
pulumi.export("destinations", deployment.destinations)
pulumi.export("hub", deployment.hub)
pulumi.export("clusters", deployment.clusters)
pulumi.export("kubeconfigs", deployment.kubeconfigs)
