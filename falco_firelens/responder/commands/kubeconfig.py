"""Finds a person's access to a cluster in the kubeconfig, which may be several files, as kubectl does.

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lightkube import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError
from yaml import YAMLError

DEFAULT = Path("~/.kube/config")


def config_of(context: str | None, cluster: str, environment: Mapping[str, str] = os.environ) -> SingleConfig:
    """Return the access of a context; without a name, of the one named like the cluster, or of the current one.

    Raises:
        ConfigError: there is no such context, or a file is no kubeconfig; says which.
    """
    files = [Path(one).expanduser() for one in environment.get("KUBECONFIG", str(DEFAULT)).split(os.pathsep) if one]
    configs = [_read(file) for file in files if file.exists()]
    named = [context] if context else [cluster, *(one.current_context for one in configs if one.current_context)]
    for name in named:
        for config in configs:
            if name in config.contexts:
                return _get(config, name)
    raise ConfigError(_no_context(context, configs, files))


def _read(file: Path) -> KubeConfig:
    try:
        return KubeConfig.from_file(file)
    except (OSError, YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError(f"{file} is not a kubeconfig: {type(error).__name__}: {error}") from None


def _get(config: KubeConfig, name: str) -> SingleConfig:
    try:
        found = config.get(context_name=name)
    except KeyError as missing:
        raise ConfigError(f"context {name} of {config.fname} has no {missing} beside it") from None
    assert found is not None
    return found


def _no_context(context: str | None, configs: Sequence[KubeConfig], files: Sequence[Path]) -> str:
    known = ", ".join(sorted({name for config in configs for name in config.contexts})) or "none"
    where = " and ".join(map(str, files))
    wanted = f"context {context} is not" if context else "no context is current"
    return f"{wanted} in {where}; contexts there: {known}"
