"""What `pulumi up` runs: the stack file's settings, deployed, and the stack's outputs."""

from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from falco_firelens.errors import StackError
from falco_firelens.settings import NAMESPACE, load, namespaced, plain_keys

from .deployment import Deployment

OUTPUTS = {
    "logGroup": "log_group",
    "insights": "insights",
    "watch": "watch",
    "response": "response",
    "destinations": "destinations",
    "hub": "hub",
    "clusters": "clusters",
    "kubeconfigs": "kubeconfigs",
}
"""A stack's outputs, and the attribute of `Deployment` that each is."""


def deploy(root: Path) -> None:
    """Deploy the stack of the engine's configuration. Relative paths in its stack file start at `root`.

    Raises:
        RunError: the stack file has mistakes, or does not fit the account; says which.
    """
    file = f"Pulumi.{pulumi.get_stack()}.yaml"
    try:
        settings = load(namespaced({**get_config_env(), **CONFIG.get()}), file=file, root=root)
        deployment = Deployment("deployment", {"settings": settings, "file": file})
    except StackError as error:
        raise pulumi.RunError(str(error)) from None
    for key in plain_keys():
        if is_config_secret(f"{NAMESPACE}:{key}"):
            pulumi.warn(f"{file}: {key} is encrypted, but no value of it is kept secret in the state and in previews")
    for name, attribute in OUTPUTS.items():
        pulumi.export(name, getattr(deployment, attribute))
