"""What the commands do, and with which code they end."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from falco_firelens.fleet import display
from falco_firelens.fleet.cancellation import Cancellation
from falco_firelens.fleet.changed import Touched, touched
from falco_firelens.fleet.comment import comment
from falco_firelens.fleet.credentials import (
    AssumedRole,
    Credentials,
    FromEnvironment,
    Profile,
    process_environment,
    secrets_of,
)
from falco_firelens.fleet.errors import FleetError
from falco_firelens.fleet.exits import Exit, exit_of
from falco_firelens.fleet.fleet import Fleet
from falco_firelens.fleet.matrix import matrix
from falco_firelens.fleet.proposal import Proposal, take_over
from falco_firelens.fleet.recorder import Redactor
from falco_firelens.fleet.results import Result
from falco_firelens.fleet.signals import cancelled_by_signals
from falco_firelens.fleet.stacks import Selection, Stack
from falco_firelens.fleet.verify.verification import SECONDS
from falco_firelens.fleet.waves import Waves
from falco_firelens.program import nearest_project

Operate = Callable[..., list[Result]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the code is one of `falco_firelens.fleet.exits`."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except FleetError as error:
        print("error: " + "; ".join(filter(None, (str(error), error.advice))), file=sys.stderr)
        return Exit.WRONG_COMMAND


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    whole = argparse.ArgumentParser(prog="falco-firelens fleet", description="Many stacks at once.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    common = _common()

    def add(name: str, run: Callable[[argparse.Namespace], int], says: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=says, description=says, parents=[common])
        command.set_defaults(run=run, command=name)
        return command

    add("list", _list, "show the stacks")
    add("preview", _preview, "say what an update would do")
    up = add("up", _up, "deploy: hubs, then one stack, then a few, then the rest")
    up.add_argument("--refresh", action="store_true", help="read every resource from the cloud first: mends drift")
    verify = add("verify", _verify, "make Falco fire a harmless rule on each cluster, and wait for the event")
    verify.add_argument("--timeout", type=float, default=SECONDS, metavar="SECONDS", help="for an event to arrive")
    changes = add("diff", _diff, "preview, as Markdown for a pull request")
    changes.add_argument(
        "--proposed", metavar="COMMIT", help="with the data of this commit, where nobody has to approve that first"
    )
    changes.add_argument("--more", default="", metavar="URL", help="where the whole is, if it had to be cut")
    proposal = add("proposal", _proposal, "print as JSON what a commit proposes, and take its data over")
    proposal.add_argument("--proposed", metavar="COMMIT", required=True, help="the commit")
    entries = add("matrix", _matrix, "print the waves as JSON, for a matrix of CI jobs")
    add("drift", _drift, "show where the cloud differs from the state; changes nothing")
    destroy = add("destroy", _destroy, "delete everything that the stacks have, spokes before hubs")
    destroy.add_argument("--yes", action="store_true", required=True, help="confirm that everything goes")
    for command in (up, entries):
        command.add_argument("--canary", type=int, default=1, metavar="N", help="stacks in the first wave (default 1)")
        command.add_argument("--few", type=int, default=5, metavar="N", help="stacks in the second wave (default 5)")
    for command in (changes, entries):
        command.add_argument(
            "--since", metavar="COMMIT", help="only stacks whose file, named files or program changed since then"
        )
    for command in (up, destroy):
        command.add_argument(
            "--max-failures",
            type=int,
            default=0,
            metavar="N",
            help="begin no further stack once more than N have failed (default 0)",
        )
    return whole


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    which = common.add_argument_group("which stacks (all that are given must hold; none given: all stacks)")
    which.add_argument("stacks", nargs="*", metavar="STACK", help="names; `prod-*` takes several")
    which.add_argument("--account", action="append", default=[], help="of this AWS account")
    which.add_argument("--region", action="append", default=[], help="of this region")
    which.add_argument("--allow-none", action="store_true", help="succeed, with nothing to do, where none matches")
    which.add_argument("--label", action="append", default=[], metavar="KEY=VALUE", help="with this tag (`tags`)")
    common.add_argument(
        "--project", type=Path, help="the folder of Pulumi.yaml (default: the current one, if it has one)"
    )
    common.add_argument("--folder", type=Path, action="append", default=[], help="where stack files are")
    common.add_argument("--concurrency", type=int, metavar="N", help="engines at a time (default: cores)")
    common.add_argument("--organization", help="of the state backend, where it has any")
    common.add_argument("--secrets-provider", help="of stacks that are made, such as awskms://alias/pulumi")
    common.add_argument("--no-policy", action="store_true", help="leave the project's own policy pack out")
    common.add_argument("--policy-pack", type=Path, action="append", default=[], help="a further CrossGuard pack")
    common.add_argument("--policy-pack-config", type=Path, action="append", default=[], help="its configuration")
    common.add_argument("--json", action="store_true", help="print the answer as JSON; progress is on standard error")
    who = common.add_mutually_exclusive_group()
    who.add_argument(
        "--role",
        help="assume this role for each stack; {account}, {region} and {stack} are filled in: "
        "arn:aws:iam::{account}:role/falco-firelens-deploy",
    )
    who.add_argument("--profile", help="use this profile for each stack, filled in as for --role")
    return common


def fleet_of(options: argparse.Namespace) -> Fleet:
    """Make the fleet that a command line describes.

    Raises:
        FleetError: an option cannot be used.
    """
    _check_pattern(options)
    return Fleet(
        options.project or nearest_project(),
        folders=options.folder,
        credentials=lambda stack: _credentials(options, stack),
        concurrency=options.concurrency,
        organization=options.organization,
        secrets_provider=options.secrets_provider,
        policy=not options.no_policy,
        policy_packs=options.policy_pack,
        policy_config=options.policy_pack_config,
    )


def selection_of(options: argparse.Namespace) -> Selection:
    """Read which stacks a command line selects.

    Raises:
        FleetError: a label is not KEY=VALUE.
    """
    wrong = [label for label in options.label if "=" not in label]
    if wrong:
        raise FleetError(f"--label: found {wrong[0]}, expected KEY=VALUE")
    labels = dict(label.split("=", 1) for label in options.label)
    return Selection(tuple(options.stacks), tuple(options.account), tuple(options.region), labels)


def stacks_of(options: argparse.Namespace, fleet: Fleet) -> list[Stack]:
    """Find the stacks that a command line selects.

    Raises:
        FleetError: none matches, and `--allow-none` was not given: a typo must not look like success.
    """
    selection = selection_of(options)
    found = fleet.stacks(selection)
    if found or options.allow_none:
        return found
    known = ", ".join(stack.name for stack in fleet.stacks()) or "none"
    where = ", ".join(map(str, fleet.folders))
    raise FleetError(f"found no stack that matches {selection}, expected some of those in {where}: {known}")


def _check_pattern(options: argparse.Namespace) -> None:
    """Check that `--role` or `--profile` can be filled in at all."""
    given: str | None = options.role or options.profile
    if not given:
        return
    try:
        given.format(account="", region="", stack="")
    except (LookupError, ValueError, AttributeError):
        name = "role" if options.role else "profile"
        raise FleetError(
            f"--{name}: found {given}, expected {{account}}, {{region}} and {{stack}} in braces only"
        ) from None


def _credentials(options: argparse.Namespace, stack: Stack) -> Credentials:
    """Raises FleetError when the pattern needs an account that the stack file does not name."""
    given: str | None = options.role or options.profile
    if not given:
        return FromEnvironment()
    if "{account}" in given and stack.account == "any":
        raise FleetError(f"--{'role' if options.role else 'profile'}: the stack file of {stack.name} has no `account`")
    name = given.format(account=stack.account, region=stack.region, stack=stack.name)
    return AssumedRole(name) if options.role else Profile(name)


def operate(options: argparse.Namespace, run: Callable[[Fleet, Sequence[Stack], dict[str, Any]], list[Result]]) -> int:
    """Run an operation with progress and signals, print what has become of it, and give the code."""
    results = gather(options, run)
    if options.json:
        print(json.dumps([result.as_dict() for result in results], indent=2))
    print(display.summary(results, options.command), file=sys.stderr if options.json else sys.stdout)
    return exit_of(results)


def gather(
    options: argparse.Namespace, run: Callable[[Fleet, Sequence[Stack], dict[str, Any]], list[Result]]
) -> list[Result]:
    """Run an operation with progress and signals."""
    fleet, cancellation = fleet_of(options), Cancellation()
    stacks = stacks_of(options, fleet)
    with cancelled_by_signals(cancellation), display.progress(as_json=options.json) as on_progress:
        return run(fleet, stacks, {"on_progress": on_progress, "cancellation": cancellation})


def _list(options: argparse.Namespace) -> int:
    stacks = stacks_of(options, fleet_of(options))
    if options.json:
        print(json.dumps([_row(stack) for stack in stacks], indent=2))
    elif stacks:
        print(display.stack_table(stacks))
    return Exit.DONE


def _row(stack: Stack) -> dict[str, Any]:
    return {
        "stack": stack.name,
        "account": stack.account,
        "region": stack.region,
        "isHub": stack.is_hub,
        "hub": stack.hub,
        "labels": dict(stack.labels),
    }


def _preview(options: argparse.Namespace) -> int:
    return operate(options, lambda fleet, stacks, shared: fleet.preview(stacks, **shared))


def _up(options: argparse.Namespace) -> int:
    waves, refresh = Waves(options.canary, options.few, options.max_failures), options.refresh
    return operate(options, lambda fleet, stacks, shared: fleet.up(stacks, waves=waves, refresh=refresh, **shared))


def _verify(options: argparse.Namespace) -> int:
    return operate(options, lambda fleet, stacks, shared: fleet.verify(stacks, seconds=options.timeout, **shared))


def _diff(options: argparse.Namespace) -> int:
    fleet = fleet_of(options)
    if options.proposed:
        found = _taken_over(options, fleet)
        stacks = stacks_of(options, fleet)
    else:
        stacks = stacks_of(options, fleet)
        touched_stacks = _touched(options, fleet, stacks)
        found = Proposal(stacks=touched_stacks.stacks, removed=touched_stacks.removed)
    with cancelled_by_signals(cancellation := Cancellation()), display.progress(as_json=True) as on_progress:
        results = fleet.preview(found.stacks, on_progress=on_progress, cancellation=cancellation)
    left_out = 0 if found.program else len(stacks) - len(found.stacks) - len(found.waiting)
    waiting = {"the program": f"changed in {', '.join(found.program)}"} if found.program else found.waiting
    text = comment(results, unchanged_elsewhere=left_out, removed=found.removed, waiting=waiting, more=options.more)
    print(Redactor(secrets_of(process_environment()))(text), end="")
    print(display.summary(results, "preview"), file=sys.stderr)
    return exit_of(results)


def _proposal(options: argparse.Namespace) -> int:
    found = _taken_over(options, fleet_of(options))
    names = [stack.name for stack in found.stacks]
    told = {"program": found.program, "stacks": names, "waiting": found.waiting, "removed": found.removed}
    print(json.dumps(told))
    return Exit.DONE


def _taken_over(options: argparse.Namespace, fleet: Fleet) -> Proposal:
    return take_over(fleet.project, fleet.folders, options.proposed)


def _matrix(options: argparse.Namespace) -> int:
    fleet = fleet_of(options)
    touched_stacks = _touched(options, fleet, stacks_of(options, fleet)).stacks
    print(json.dumps(matrix(touched_stacks, Waves(options.canary, options.few))))
    return Exit.DONE


def _touched(options: argparse.Namespace, fleet: Fleet, stacks: Sequence[Stack]) -> Touched:
    return touched(stacks, fleet.project, options.since, fleet.folders) if options.since else Touched(tuple(stacks))


def _drift(options: argparse.Namespace) -> int:
    return operate(options, lambda fleet, stacks, shared: fleet.drift(stacks, **shared))


def _destroy(options: argparse.Namespace) -> int:
    limit = options.max_failures
    return operate(options, lambda fleet, stacks, shared: fleet.destroy(stacks, max_failures=limit, **shared))
