"""The words of `falco-firelens fleet`; what they do is in the room `fleet`, which is imported only to do it."""

from typing import Any

import click

from falco_firelens.cli.answers import Comment, ListedStack, Matrix, ProposedStacks, StackResult
from falco_firelens.cli.command import Group, either, options
from falco_firelens.cli.values import FILE, FOLDER, STACK

ROLE = "arn:aws:iam::{account}:role/falco-firelens-deploy"

_common = options(
    click.argument("stacks", metavar="[STACK]...", nargs=-1, type=STACK),
    click.option("--account", multiple=True, help="Only stacks of this AWS account."),
    click.option("--region", multiple=True, help="Only stacks of this region."),
    click.option("--label", metavar="KEY=VALUE", multiple=True, help="Only stacks with this tag (`tags`)."),
    click.option("--allow-none", is_flag=True, help="Succeed, with nothing to do, where no stack matches."),
    click.option("--project", type=FOLDER, help="The folder of Pulumi.yaml. Default: the current one, if it has one."),
    click.option("--folder", type=FOLDER, multiple=True, help="Where stack files are. Default: the project's folder."),
    click.option("--concurrency", type=int, metavar="N", help="Engines at a time. Default: as many as cores."),
    click.option("--organization", help="The organization of the state backend, where it has any."),
    click.option("--secrets-provider", help="For stacks that are made, such as awskms://alias/pulumi."),
    click.option("--no-policy", is_flag=True, help="Leave the project's own policy pack out."),
    click.option("--policy-pack", type=FOLDER, multiple=True, help="A further CrossGuard pack."),
    click.option("--policy-pack-config", type=FILE, multiple=True, help="Its configuration."),
    click.option(
        "--role",
        help="Assume this role for each stack; {account}, {region} and {stack} are filled in: " + ROLE,
    ),
    click.option("--profile", help="Use this profile for each stack, filled in as for --role."),
)
_first_waves = options(
    click.option("--canary", type=int, default=1, show_default=True, metavar="N", help="Stacks in the first wave."),
    click.option("--few", type=int, default=5, show_default=True, metavar="N", help="Stacks in the second wave."),
)
_since = click.option(
    "--since", metavar="COMMIT", help="Only stacks whose file, named files or program changed since then."
)
_max_failures = click.option(
    "--max-failures",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Begin no further stack once more than N have failed.",
)


@click.group(
    cls=Group,
    no_args_is_help=True,
    examples=["falco-firelens fleet list", "falco-firelens fleet preview 'prod-*'"],
)
def fleet() -> None:
    """Preview, deploy, verify and destroy many stacks.

    A stack is a file `Pulumi.<stack>.yaml`. STACK is its name; `prod-*` takes several, and without any name a command
    takes all. Every criterion that is given must hold. docs/fleet.md has the exit codes.
    """


@fleet.command("list", answer=list[ListedStack], examples=["falco-firelens fleet list --label team=payments"])
@_common
def list_(**given: Any) -> int:
    """Show the stacks."""
    return _run("list", given)


@fleet.command(
    answer=list[StackResult],
    examples=["falco-firelens fleet preview 'prod-*'", f"falco-firelens fleet preview --role '{ROLE}'"],
)
@_common
def preview(**given: Any) -> int:
    """Say what an update would do."""
    return _run("preview", given)


@fleet.command(
    answer=list[StackResult],
    examples=[
        "falco-firelens fleet up --label team=payments --region eu-west-1",
        "falco-firelens fleet up prod-eu --refresh",
    ],
)
@_common
@click.option("--refresh", is_flag=True, help="Read every resource from the cloud first, which sets drift back.")
@_first_waves
@_max_failures
def up(**given: Any) -> int:
    """Deploy: hubs, then one stack, then a few, then the rest."""
    return _run("up", given)


@fleet.command(answer=list[StackResult], examples=["falco-firelens fleet verify prod-eu"])
@_common
@click.option("--timeout", type=float, metavar="SECONDS", help="How long to wait for an event. Default: 120.")
def verify(**given: Any) -> int:
    """Make Falco fire a harmless rule on each cluster, and wait for the event."""
    return _run("verify", given)


@fleet.command(
    answer=Comment,
    examples=["falco-firelens fleet diff --since origin/main", "falco-firelens fleet diff --proposed COMMIT"],
)
@_common
@click.option(
    "--proposed", metavar="COMMIT", help="Preview the data of this commit, as far as nobody has to approve it first."
)
@click.option("--more", metavar="URL", help="Where the whole comment is, if it has to be cut.")
@_since
def diff(**given: Any) -> int:
    """Preview, as Markdown for a pull request."""
    return _run("diff", given)


@fleet.command(answer=ProposedStacks, examples=["falco-firelens fleet proposal --proposed COMMIT"])
@_common
@click.option("--proposed", metavar="COMMIT", required=True, help="The commit.")
def proposal(**given: Any) -> int:
    """Print as JSON what a commit proposes, and take its data over."""
    return _run("proposal", given)


@fleet.command(
    answer=Matrix, examples=["falco-firelens fleet matrix", "falco-firelens fleet matrix --since origin/main"]
)
@_common
@_first_waves
@_since
def matrix(**given: Any) -> int:
    """Print the waves as JSON, for a matrix of CI jobs."""
    return _run("matrix", given)


@fleet.command(answer=list[StackResult], examples=["falco-firelens fleet drift"])
@_common
def drift(**given: Any) -> int:
    """Show where the cloud differs from the state; change nothing."""
    return _run("drift", given)


@fleet.command(answer=list[StackResult], examples=["falco-firelens fleet destroy prod-eu --yes"])
@_common
@click.option("--yes", is_flag=True, help="Confirm that everything is deleted. Required.")
@_max_failures
def destroy(yes: bool, **given: Any) -> int:
    """Delete everything that the stacks have, spokes before hubs."""
    if not yes:
        raise click.MissingParameter(param_hint="'--yes'", param_type="option", ctx=click.get_current_context())
    return _run("destroy", given)


def _run(command: str, given: dict[str, Any]) -> int:
    either({f"--{name}": given[name] for name in ("role", "profile")}, needed=False)
    from falco_firelens.fleet.command_line import Options, run

    return run(Options(command, **{name: value for name, value in given.items() if value is not None}))
