"""Values of the command line, and how a shell completes them."""

import configparser
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import Any, cast

import click
from click.shell_completion import CompletionItem

from falco_firelens.program import stack_files, stack_of


class StackFile(click.ParamType[Path]):
    """A stack file, which the command itself reads, since its errors say more than that there is no such file."""

    name = "stack file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Convert the value to a path."""
        return Path(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """List the stack files of the folder, or whatever files there are."""
        folder, slash, _ = incomplete.rpartition("/")
        files = (f"{folder}{slash}{file.name}" for file in stack_files(Path(folder + slash)))
        found = [CompletionItem(name) for name in matching(files, incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


class StackName(click.ParamType[str]):
    """A stack of the folder, by name or pattern."""

    name = "stack"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """List the stacks of the folders that the command line names."""
        folders: Iterable[Path] = ctx.params.get("folder") or [ctx.params.get("project") or Path()]
        names = {stack_of(file) for folder in folders for file in stack_files(folder)}
        return [CompletionItem(name) for name in matching(sorted(names), incomplete)]


class Target(click.ParamType[str]):
    """What an action was done to; it begins with the cluster."""

    name = "target"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """List the clusters of the folder's stack files."""
        return [CompletionItem(name) for name in matching((f"{one}/" for one in cluster_names(Path())), incomplete)]


class Context(click.ParamType[str]):
    """A context of the kubeconfig."""

    name = "context"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """List the contexts."""
        return [CompletionItem(name) for name in matching(contexts(), incomplete)]


class EksName(click.ParamType[str]):
    """A cluster's name in AWS."""

    name = "cluster"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """List the EKS clusters of the kubeconfig, as `aws eks update-kubeconfig` names their contexts."""
        names = {one.rpartition(":cluster/")[2] for one in contexts() if one.startswith("arn:")}
        return [CompletionItem(name) for name in matching(sorted(names), incomplete)]


class Profile(click.ParamType[str]):
    """A profile of the AWS configuration."""

    name = "profile"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """List the profiles."""
        file = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(file)
        except (OSError, ValueError, configparser.Error):
            return []
        names = [name.removeprefix("profile ") for name in parser.sections()]
        return [CompletionItem(name) for name in matching(names, incomplete)]


def cluster_names(folder: Path) -> list[str]:
    """Read the names of the clusters in a folder's stack files, as far as those can be read."""
    sections = (("config", "falco-firelens:clusters"), ("config", "clusters"))
    return _names(stack_files(folder), *sections)


def contexts() -> list[str]:
    """Read the contexts of the kubeconfig, which may be several files."""
    named = os.environ.get("KUBECONFIG") or "~/.kube/config"
    return _names((Path(one).expanduser() for one in named.split(os.pathsep) if one), ("contexts",))


def _names(files: Iterable[Path], *sections: Sequence[str]) -> list[str]:
    """Read the names of what files list in some sections, within bounds: the files may be anybody's.

    A shell that completes shows no error, so what cannot be read has no names.
    """
    from falco_firelens.settings.validation.raw import keys_of
    from falco_firelens.settings.validation.yaml_text import DocumentError, stack_tree

    found: set[str] = set()
    for file in files:
        with suppress(OSError, ValueError, DocumentError):
            document = stack_tree(file.read_text())
            for section in sections:
                listed = reduce(lambda tree, key: keys_of(tree).get(key), section, document)
                items = cast("list[object]", listed) if isinstance(listed, list) else []
                found |= {name for item in items if isinstance(name := keys_of(item).get("name"), str)}
    return sorted(found)


def matching(names: Iterable[str], incomplete: str) -> Iterator[str]:
    """Keep those that begin with what has been typed."""
    return (name for name in names if name.startswith(incomplete))


FILE = click.Path(path_type=Path)
"""Any file, which the command itself reads."""

FOLDER = click.Path(path_type=Path, file_okay=False)

STACK_FILE = StackFile()
STACK = StackName()
TARGET = Target()
CONTEXT = Context()
EKS_NAME = EksName()
PROFILE = Profile()
