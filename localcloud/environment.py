"""The environment in which pulumi, kubectl, aws and the provider plugins meet the local cloud and nothing else."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from localcloud.access_key import access_key
from localcloud.accounts import ACCOUNT, credentials
from localcloud.control_plane import CLUSTERS
from localcloud.errors import LocalCloudError
from localcloud.layout import CHECKOUT, Layout
from localcloud.stacks import LOCAL, LocalStack

STAND_INS = CHECKOUT / "standin" / "bin"
REAL = "LOCALCLOUD_REAL"
"""Names the provider plugins, such as `eks`, that are the vendor's, found on PATH, in place of our stand-ins."""

PASSPHRASE = "local"
"""Encrypts the secrets in the local stack's state: no secret itself, and fixed since Pulumi.local.yaml has its salt."""

UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_CA_BUNDLE", "PULUMI_STACK")
"""What a person may have set for real accounts, and must not reach in here."""


def variables(layout: Layout, stack: LocalStack = LOCAL, *, path: str | None = None) -> dict[str, str]:
    """Return what to set in order to be in a stack's account and region. `path` is the PATH that ours go before.

    Raises:
        LocalCloudError: the cloud has not been started.
    """
    ports = layout.ports()
    if ports is None:
        raise LocalCloudError("the local cloud is not running: start it with `make up`")
    moto = f"http://127.0.0.1:{ports.moto}"
    deployer = {**access_key(layout), "AWS_ENDPOINT_URL": moto}
    return {
        "PATH": _path(layout, os.environ["PATH"] if path is None else path),
        "KUBECONFIG": ":".join(str(layout.kubeconfig(name)) for name in CLUSTERS),
        "LOCALCLOUD_EKS_KUBECONFIG": str(layout.kubeconfig("eks")),
        **deployer,
        **({} if stack.account == ACCOUNT else credentials(deployer, stack.account)),
        "AWS_REGION": stack.region,
        "AWS_DEFAULT_REGION": stack.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PULUMI_BACKEND_URL": layout.state.as_uri(),
        "PULUMI_HOME": str(layout.pulumi_home),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # A plugin that is missing is an error at once, not a download.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def environment(layout: Layout, stack: LocalStack = LOCAL) -> dict[str, str]:
    """Return this process's environment with `variables` set and `UNSET` left out."""
    return {name: value for name, value in os.environ.items() if name not in UNSET} | variables(layout, stack)


def shell(values: Mapping[str, str], stack: LocalStack = LOCAL) -> str:
    """Return what a shell evaluates to get the variables, with a stack selected for `pulumi`."""
    selected = {**values, "PULUMI_STACK": stack.name}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in selected.items()]
    return "\n".join([f"unset {' '.join(UNSET)}", *lines])


def install_stand_ins(layout: Layout) -> None:
    """Put our provider plugins beside the programs, or the vendor's for those that `LOCALCLOUD_REAL` names.

    Ours run in this Python, also in a shell whose first Python is that of another project.

    Raises:
        LocalCloudError: it names a plugin that has no stand-in, or one that is not on PATH.
    """
    names = {file.name.removeprefix("pulumi-resource-"): file for file in STAND_INS.glob("pulumi-resource-*")}
    real = {name for name in os.environ.get(REAL, "").replace(",", " ").split() if name}
    if unknown := real - set(names):
        raise LocalCloudError(
            f"{REAL}: found {', '.join(sorted(unknown))}, expected some of {', '.join(sorted(names))}"
        )
    commands = {
        name: _real_plugin(layout, file.name) if name in real else _stand_in(file) for name, file in names.items()
    }
    for name, command in commands.items():
        launcher = layout.bin / names[name].name
        launcher.unlink(missing_ok=True)
        launcher.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        launcher.chmod(0o755)


def _stand_in(file: Path) -> list[str]:
    return [sys.executable, str(file)]


def _real_plugin(layout: Layout, name: str) -> list[str]:
    """Return what starts the vendor's plugin so that it reaches the local cloud.

    S3 Control's endpoint rules put the account's id before the host of any endpoint, as in 123456789012.127.0.0.1,
    which no resolver knows; the provider reads a bucket's tags there. To a proxy it does not matter. Go asks none for
    127.0.0.1 itself: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config.ProxyFunc
    """
    entries = [entry for entry in os.get_exec_path() if Path(entry) != layout.bin]
    found = shutil.which(name, path=os.pathsep.join(entries))
    ports = layout.ports()
    if found is None or ports is None:
        vendor = name.removeprefix("pulumi-resource-")
        raise LocalCloudError(
            f"{REAL}: found no {name} on PATH; the vendor's is at https://github.com/pulumi/pulumi-{vendor}/releases"
        )
    return ["env", f"HTTP_PROXY=http://127.0.0.1:{ports.moto}", found]


def _path(layout: Layout, rest: str) -> str:
    """Return the PATH, the virtual environment first: the language host takes the first `python` on it."""
    first = [str(Path(sys.executable).parent), str(layout.bin)]
    return os.pathsep.join([*first, *(entry for entry in rest.split(os.pathsep) if entry not in first)])
