"""Writes a stack file that adopts the clusters of an account."""

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from falco_firelens.cli.answers import Initialized
from falco_firelens.cli.command import Command, complain, print_json, wrong
from falco_firelens.cli.stack_files import found_cluster
from falco_firelens.cli.values import EKS_NAME, FOLDER, PROFILE
from falco_firelens.program import stack_of

if TYPE_CHECKING:
    from falco_firelens.setup.account import Adoptable, Inventory
    from falco_firelens.setup.stack_file import Draft


@dataclass(frozen=True)
class _Choices:
    """What was asked for. `ask` says whether a person can answer questions."""

    region: str
    account: str | None
    profile: str | None
    platforms: Sequence[Any]
    clusters: Sequence[str]
    file: Path
    yes: bool
    ask: bool
    as_json: bool


@click.command(
    cls=Command,
    answer=Initialized,
    examples=[
        "falco-firelens init",
        "falco-firelens init --stack prod --region eu-west-1 --cluster apps-production --yes",
    ],
)
@click.option("--stack", help="The stack's name: the file is Pulumi.STACK.yaml. Default: prod.")
@click.option("--region", help="The AWS region. Default: the one of your AWS configuration.")
@click.option("--account", metavar="ID", help="Refuse credentials of another account than this.")
@click.option("--profile", type=PROFILE, help="The profile of your AWS configuration to use.")
@click.option(
    "--platform", type=click.Choice(["eks", "ecs"]), multiple=True, help="Look for clusters of this platform only."
)
@click.option("--cluster", type=EKS_NAME, multiple=True, help="Adopt this cluster, by its name in AWS. Default: all.")
@click.option("--folder", type=FOLDER, default=".", show_default=True, help="Where to write.")
@click.option("--overwrite", is_flag=True, help="Replace a stack file that is there, after showing the difference.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing, and take the defaults.")
def init(
    stack: str | None,
    region: str | None,
    account: str | None,
    profile: str | None,
    platform: tuple[str, ...],
    cluster: tuple[str, ...],
    folder: Path,
    overwrite: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Write a stack file that adopts clusters of your account.

    Finds EKS and ECS clusters with your AWS credentials, asks which to adopt, and writes Pulumi.STACK.yaml, already
    checked. In a folder without a Pulumi project it writes that too. Nothing in AWS is changed.

    It calls sts:GetCallerIdentity; eks:ListClusters, eks:DescribeCluster, eks:DescribeAddon, eks:ListNodegroups and
    eks:ListFargateProfiles; iam:ListOpenIDConnectProviders; ecs:ListClusters, ecs:DescribeClusters and
    ecs:ListContainerInstances. It reports each call that is denied.
    """
    from falco_firelens.settings.validation.errors import SettingsError
    from falco_firelens.setup.account import PLATFORMS, AccountError, usual_region

    ask = not yes and not as_json and sys.stdin.isatty()
    file = folder / f"Pulumi.{_stack(stack, ask=ask)}.yaml"
    if file.exists() and not overwrite:
        return complain(f"{file} exists already; --overwrite replaces it, after showing the difference")
    if file.exists() and not ask and not yes:
        return complain(f"{file} exists already; to replace it without a question, add --yes")
    try:
        chosen = _region(region, usual_region(profile), ask=ask)
        choices = _Choices(chosen, account, profile, platform or PLATFORMS, cluster, file, yes, ask, as_json)
        return _init(choices)
    except (AccountError, SettingsError) as error:
        return complain(str(error))


def _stack(given: str | None, *, ask: bool) -> str:
    from falco_firelens.settings.stack_files import STACK_NAME

    name = given or (click.prompt("Stack", default="prod", err=True) if ask else "prod")
    if not STACK_NAME.fullmatch(name):
        wrong(f"--stack: found {name!r}, expected letters, digits and _ . -, beginning with a letter, a digit or _")
    return name


def _region(given: str | None, usual: str | None, *, ask: bool) -> str:
    from falco_firelens.settings.types import REGION_NAME

    region = given or (click.prompt("AWS region", default=usual, err=True) if ask else usual)
    if not region:
        wrong("found no region, expected --region, AWS_REGION or one in the profile")
    if not REGION_NAME.fullmatch(region):
        wrong(f"--region: found {region!r}, expected an AWS region such as eu-west-1")
    return region


def _init(choices: _Choices) -> int:
    from falco_firelens.settings.stack import MOST_CLUSTERS
    from falco_firelens.setup.account import AccountError, clients, look
    from falco_firelens.setup.stack_file import difference, draft, write_project

    with _progress(f"Looking for clusters in {choices.region}"):
        inventory = look(clients(choices.profile, choices.region), choices.region, choices.platforms, choices.account)
    if not choices.as_json:
        _show(inventory)
    adopted = _chosen(inventory, choices)
    if not adopted:
        where = f"account {inventory.account}, region {inventory.region}"
        raise AccountError(f"found no cluster that can be adopted in {where}; expected another --region or --profile")
    if len(adopted) > MOST_CLUSTERS:
        found = f"found {len(adopted)} clusters that can be adopted"
        raise AccountError(f"{found}, expected at most {MOST_CLUSTERS} in a stack: name some with --cluster")
    made = draft(inventory, adopted, choices.file)
    if choices.file.exists():
        click.echo(difference(choices.file, made.text), err=choices.as_json, nl=False)
        if not choices.yes and not click.confirm(f"Replace {choices.file}?", err=True):
            return complain("nothing was written")
    choices.file.parent.mkdir(parents=True, exist_ok=True)
    written = [*write_project(choices.file.parent), choices.file]
    choices.file.write_text(made.text, encoding="utf-8")
    _report(choices, inventory, adopted, made, written)
    return 0


def _chosen(inventory: "Inventory", choices: _Choices) -> "Sequence[Adoptable]":
    """Choose the clusters to adopt: those that were named, those that a person names now, or all."""
    from falco_firelens.setup.account import AccountError

    names: Collection[str] = choices.clusters
    if not names and choices.ask and len(inventory.adoptable) > 1:
        answer = click.prompt("Adopt which, by name, with commas between them", default="all", err=True)
        names = [] if answer.strip() == "all" else [one.strip() for one in answer.split(",") if one.strip()]
    known = {one.name for one in inventory.adoptable}
    reasons = {one.name: one.reason for one in inventory.unsuitable}
    for name in names:
        if name not in known:
            where = f"account {inventory.account}, region {inventory.region}"
            why = reasons.get(name) or f"{where} has {', '.join(sorted(known)) or 'no cluster that can be adopted'}"
            raise AccountError(f"cluster {name} cannot be adopted: {why}")
    return [one for one in inventory.adoptable if not names or one.name in names]


def _show(inventory: "Inventory") -> None:
    """List what was found, and what of it cannot be adopted and why."""
    click.echo(f"Account {inventory.account}, region {inventory.region}:", err=True)
    for one in inventory.adoptable:
        click.echo(f"  {click.style(one.name, fg='green')} ({one.platform})", err=True)
        for note in one.notes:
            click.echo(f"    {note}", err=True)
    for one in inventory.unsuitable:
        click.echo(f"  {click.style(one.name, fg='yellow')} ({one.platform}) cannot be adopted: {one.reason}", err=True)
    for problem in inventory.problems:
        click.echo(f"{click.style('warning:', fg='yellow')} {problem}", err=True)


def _report(
    choices: _Choices, inventory: "Inventory", adopted: "Sequence[Adoptable]", made: "Draft", written: Sequence[Path]
) -> None:
    if not choices.as_json:
        click.echo("\n".join(_next_steps(choices, made, written)))
        return
    left_out = [{"name": one.name, "platform": one.platform, "reason": one.reason} for one in inventory.unsuitable]
    answer: Any = {
        "file": str(choices.file),
        "account": inventory.account,
        "region": inventory.region,
        "adopted": [found_cluster(one) for one in made.settings.clusters],
        "leftOut": left_out,
        "notes": [*inventory.problems, *(f"{one.name}: {note}" for one in adopted for note in one.notes)],
        "written": [str(file) for file in written],
    }
    print_json(answer)


def _next_steps(choices: _Choices, made: "Draft", written: Sequence[Path]) -> Iterator[str]:
    yield f"wrote {', '.join(map(str, written))}: {', '.join(one.name for one in made.settings.clusters)}"
    yield "next:"
    steps = [f"cd {choices.file.parent}"] if choices.file.parent != Path() else []
    steps += ["pulumi login", f"falco-firelens fleet preview {stack_of(choices.file)}"]
    yield from (f"  {step}" for step in steps)


def _progress(text: str) -> AbstractContextManager[Any]:
    """Show in a terminal that something is going on."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(f"{text} …")
