"""Writes a stack file that adopts clusters, and the thin project around it."""

import difflib
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from falco_firelens.settings import load_config
from falco_firelens.settings.stack import Settings
from falco_firelens.settings.stack_files import ALLOWED_ACCOUNTS, NAMESPACE, document_of
from falco_firelens.settings.whole import as_yaml
from falco_firelens.setup.account import Adoptable, Inventory

TEMPLATE = Path(__file__).resolve().parents[1] / "template"
"""The files of a project that `pulumi new` starts from."""

HEAD = """\
# Written by `falco-firelens init`. `falco-firelens show` prints it with all defaults;
# docs/configuration.md has every key.
"""

_LONGEST = 40
"""Of a cluster's name in a stack: `ClusterName` in settings/types.py."""


@dataclass(frozen=True)
class Draft:
    """A stack file before it is written, already checked."""

    text: str
    settings: Settings


def draft(inventory: Inventory, adopted: Sequence[Adoptable], file: Path) -> Draft:
    """Make a stack file that adopts clusters.

    Raises:
        SettingsError: it could not be used.
    """
    config: dict[str, Any] = {
        "aws:region": inventory.region,
        ALLOWED_ACCOUNTS: [inventory.account],
        f"{NAMESPACE}:account": inventory.account,
        f"{NAMESPACE}:clusters": [_cluster(name, one) for name, one in zip(_names(adopted), adopted, strict=True)],
    }
    text = HEAD + as_yaml({"config": config})
    read: Any = document_of(text)["config"]
    return Draft(text, load_config(read, file=file.name, root=file.parent))


def _cluster(name: str, cluster: Adoptable) -> dict[str, Any]:
    if cluster.platform == "ecs":
        return {"name": name, "platform": "ecs", "existing": {"cluster": cluster.name}}
    permission = {} if cluster.permission == "podIdentity" else {"permission": cluster.permission}
    return {"name": name, "platform": "eks", **permission, "existing": {"name": cluster.name}}


def _names(clusters: Sequence[Adoptable]) -> Iterator[str]:
    taken = set[str]()
    for cluster in clusters:
        name = valid_name(cluster.name, cluster.platform, taken)
        taken.add(name)
        yield name


def valid_name(name: str, platform: str, taken: Collection[str] = ()) -> str:
    """Make a name that a cluster can have in a stack: its own, as far as that is possible."""
    words = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
    base = words if re.match("[a-z]", words) else f"{platform}-{words}".strip("-")
    base = _cut(base if len(base) > 1 else f"{base}-{platform}")
    candidates = [base, f"{_cut(base, len(platform) + 1)}-{platform}"]
    numbered = (f"{_cut(base, 5)}-{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain(candidates, numbered) if one not in taken)


def _cut(name: str, room: int = 0) -> str:
    return name[: _LONGEST - room].rstrip("-")


def difference(file: Path, text: str) -> str:
    """Show what would change in a file that is there."""
    before = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    lines = difflib.unified_diff(before, text.splitlines(keepends=True), str(file), f"{file} (new)")
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def write_project(folder: Path) -> list[Path]:
    """Write the files of a thin project where a folder is part of none; return those that were written."""
    if any((one / "Pulumi.yaml").is_file() for one in (folder, *folder.resolve().parents)):
        return []
    written: list[Path] = []
    for name, text in _project().items():
        file = folder / name
        if not file.exists():
            file.write_text(text, encoding="utf-8")
            written.append(file)
    return written


def _project() -> dict[str, str]:
    project = (TEMPLATE / "Pulumi.yaml").read_text(encoding="utf-8")
    own = re.sub(r"(?m)^#[^\n]*\ntemplate:\n(^[ #].*\n?)*", "", project)
    filled = own.replace("${PROJECT}", NAMESPACE).replace(
        "${DESCRIPTION}", "Falco on every node, every event in one place"
    )
    others = {name: (TEMPLATE / name).read_text(encoding="utf-8") for name in ("__main__.py", "requirements.txt")}
    return {"Pulumi.yaml": filled, **others}
