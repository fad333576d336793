"""What the commands of `falco-firelens fleet` do, and with which code they end. The words are in the room `cli`."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Options:
    """What a person can say on a command line, for all commands; the help says what each means."""

    command: str
    stacks: Sequence[str] = ()
    account: Sequence[str] = ()
    region: Sequence[str] = ()
    label: Sequence[str] = ()
    allow_none: bool = False
    project: Path | None = None
    folder: Sequence[Path] = ()
    concurrency: int | None = None
    organization: str | None = None
    secrets_provider: str | None = None
    no_policy: bool = False
    policy_pack: Sequence[Path] = ()
    policy_pack_config: Sequence[Path] = ()
    role: str | None = None
    profile: str | None = None
    as_json: bool = False
    refresh: bool = False
    timeout: float = SECONDS
    canary: int = Waves.canary
    few: int = Waves.few
    max_failures: int = Waves.max_failures
    since: str | None = None
    proposed: str | None = None
    more: str = ""


def run(options: Options) -> int:
    """Run a command; the code is one of `falco_firelens.fleet.exits`."""
    try:
        return COMMANDS[options.command](options)
    except FleetError as error:
        print("error: " + "; ".join(filter(None, (str(error), error.advice))), file=sys.stderr)
        return Exit.WRONG_COMMAND


def fleet_of(options: Options) -> Fleet:
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


def selection_of(options: Options) -> Selection:
    """Read which stacks a command line selects.

    Raises:
        FleetError: a label is not KEY=VALUE.
    """
    wrong = [label for label in options.label if "=" not in label]
    if wrong:
        raise FleetError(f"--label: found {wrong[0]}, expected KEY=VALUE")
    labels = dict(label.split("=", 1) for label in options.label)
    return Selection(tuple(options.stacks), tuple(options.account), tuple(options.region), labels)


def stacks_of(options: Options, fleet: Fleet) -> list[Stack]:
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


def _check_pattern(options: Options) -> None:
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


def _credentials(options: Options, stack: Stack) -> Credentials:
    """Choose a stack's credentials. Raises FleetError where the stack file lacks the account that a pattern needs."""
    given: str | None = options.role or options.profile
    if not given:
        return FromEnvironment()
    if "{account}" in given and stack.account == "any":
        raise FleetError(f"--{'role' if options.role else 'profile'}: the stack file of {stack.name} has no `account`")
    name = given.format(account=stack.account, region=stack.region, stack=stack.name)
    return AssumedRole(name) if options.role else Profile(name)


def operate(options: Options, run: Callable[[Fleet, Sequence[Stack], dict[str, Any]], list[Result]]) -> int:
    """Run an operation with progress and signals, print the results, and return the exit code."""
    results = gather(options, run)
    if options.as_json:
        print(json.dumps([result.as_dict() for result in results], indent=2))
    display.show(display.summary(results, options.command), sys.stderr if options.as_json else sys.stdout)
    return exit_of(results)


def gather(options: Options, run: Callable[[Fleet, Sequence[Stack], dict[str, Any]], list[Result]]) -> list[Result]:
    """Run an operation with progress and signals."""
    fleet, cancellation = fleet_of(options), Cancellation()
    stacks = stacks_of(options, fleet)
    with cancelled_by_signals(cancellation), display.progress(as_json=options.as_json) as on_progress:
        return run(fleet, stacks, {"on_progress": on_progress, "cancellation": cancellation})


def _list(options: Options) -> int:
    stacks = stacks_of(options, fleet_of(options))
    if options.as_json:
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


def _preview(options: Options) -> int:
    return operate(options, lambda fleet, stacks, shared: fleet.preview(stacks, **shared))


def _up(options: Options) -> int:
    waves, refresh = Waves(options.canary, options.few, options.max_failures), options.refresh
    return operate(options, lambda fleet, stacks, shared: fleet.up(stacks, waves=waves, refresh=refresh, **shared))


def _verify(options: Options) -> int:
    return operate(options, lambda fleet, stacks, shared: fleet.verify(stacks, seconds=options.timeout, **shared))


def _diff(options: Options) -> int:
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
    text = Redactor(secrets_of(process_environment()))(text)
    if options.as_json:
        print(json.dumps({"comment": text, "results": [result.as_dict() for result in results]}, indent=2))
    else:
        print(text, end="")
    display.show(display.summary(results, "preview"), sys.stderr)
    return exit_of(results)


def _proposal(options: Options) -> int:
    found = _taken_over(options, fleet_of(options))
    names = [stack.name for stack in found.stacks]
    told = {"program": found.program, "stacks": names, "waiting": found.waiting, "removed": found.removed}
    print(json.dumps(told))
    return Exit.DONE


def _taken_over(options: Options, fleet: Fleet) -> Proposal:
    assert options.proposed, "`proposal` requires it, and `diff` asks before"
    return take_over(fleet.project, fleet.folders, options.proposed)


def _matrix(options: Options) -> int:
    fleet = fleet_of(options)
    touched_stacks = _touched(options, fleet, stacks_of(options, fleet)).stacks
    print(json.dumps(matrix(touched_stacks, Waves(options.canary, options.few))))
    return Exit.DONE


def _touched(options: Options, fleet: Fleet, stacks: Sequence[Stack]) -> Touched:
    return touched(stacks, fleet.project, options.since, fleet.folders) if options.since else Touched(tuple(stacks))


def _drift(options: Options) -> int:
    return operate(options, lambda fleet, stacks, shared: fleet.drift(stacks, **shared))


def _destroy(options: Options) -> int:
    limit = options.max_failures
    return operate(options, lambda fleet, stacks, shared: fleet.destroy(stacks, max_failures=limit, **shared))


COMMANDS: Mapping[str, Callable[[Options], int]] = {
    "list": _list,
    "preview": _preview,
    "up": _up,
    "verify": _verify,
    "diff": _diff,
    "proposal": _proposal,
    "matrix": _matrix,
    "drift": _drift,
    "destroy": _destroy,
}
"""By name."""
