"""Lets a person work with the response at a shell."""

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from falco_firelens.cli.answers import Explanation, Letter, Undone
from falco_firelens.cli.command import Command, complain, either, print_json
from falco_firelens.cli.values import CONTEXT, FILE, STACK_FILE, TARGET, matching

if TYPE_CHECKING:
    from falco_firelens.responder.actions.registry import Action
    from falco_firelens.responder.commands.replay import Replayed
    from falco_firelens.responder.configuration import Cluster, Configuration
    from falco_firelens.responder.event import Event


class UsageError(Exception):
    """A mistake that the person can correct."""


class Undoable(click.ParamType[str]):
    """The name of an action that can be undone."""

    name = "action"

    def __init__(self, actions: "Callable[[], Mapping[str, Action]]") -> None:
        self._actions = actions

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the name."""
        if value not in self._names():
            self.fail(f"{value!r} is not one of {', '.join(self._names())}.", param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """List the names."""
        return [CompletionItem(name) for name in matching(self._names(), incomplete)]

    def _names(self) -> Sequence[str]:
        return [name for name, action in self._actions().items() if action.undo]


def _registered() -> "Mapping[str, Action]":
    from falco_firelens.responder.actions.registry import ACTIONS

    return ACTIONS


@click.command(
    cls=Command,
    answer=Explanation,
    examples=[
        "falco-firelens explain event.json --stack Pulumi.prod.yaml",
        "falco-firelens explain event.json --config response.json --context apps",
    ],
)
@click.argument("event", type=FILE)
@click.option("--stack", type=STACK_FILE, metavar="STACK_FILE", help="The stack file with the playbooks.")
@click.option("--config", type=FILE, metavar="response.json", help="The playbooks of a deployed function.")
@click.option(
    "--context", type=CONTEXT, help="Look up labels, and what is protected, in the cluster of this kubeconfig context."
)
def explain(event: Path, stack: Path | None, config: Path | None, context: str | None, as_json: bool) -> int:
    """Show which playbook answers an event, and why.

    EVENT is a file with one event, as in the log group.
    """
    either({"--stack": stack, "--config": config})
    found = partial(_explain, event, stack, config, context)
    return _printed(found, (lambda: _explanation(found())) if as_json else None)


def undo_command(actions: "Callable[[], Mapping[str, Action]]") -> click.Command:
    """Make the command `undo` of the actions that can be undone."""

    @click.command(
        "undo",
        cls=Command,
        answer=Undone,
        examples=["falco-firelens undo isolate apps/shop/web-0", "falco-firelens undo drainInstance jobs/1f2e3d4c"],
    )
    @click.argument("action", type=Undoable(actions))
    @click.argument("target", type=TARGET)
    @click.option(
        "--context",
        type=CONTEXT,
        help="The kubeconfig context. Default: one named like the cluster, or the current one.",
    )
    def undo(action: str, target: str, context: str | None, as_json: bool) -> int:
        """Undo an action of the response.

        A notice has the whole command. TARGET is what the action was done to, as the notice names it. It runs with
        your own credentials.
        """
        done = partial(_undo, actions()[action], target, context)
        return _printed(lambda: [done()], (lambda: {"done": done()}) if as_json else None)

    return undo


undo = undo_command(_registered)


@click.command(
    cls=Command,
    answer=list[Letter],
    examples=[
        "falco-firelens replay --function NAME --queue URL",
        "falco-firelens replay --function NAME --queue URL --run",
        "falco-firelens replay --function NAME --events events.jsonl",
    ],
)
@click.option("--function", metavar="NAME", required=True, help="The function's name.")
@click.option("--queue", metavar="URL", help="The dead-letter queue.")
@click.option("--events", type=FILE, metavar="FILE", help="Events, one a line.")
@click.option("--run", is_flag=True, help="Run the dead letters again, instead of only showing them.")
def replay(function: str, queue: str | None, events: Path | None, run: bool, as_json: bool) -> int:
    """Show dead letters, or run them or events again.

    They run in the function, with its permissions. The stack's outputs have its name and the queue's URL.
    """
    either({"--queue": queue, "--events": events})
    found = partial(_replay, function, queue, events, run)
    return _printed(found, (lambda: [asdict(one) for one in found()]) if as_json else None)


def _printed(lines: Callable[[], Iterable[object]], answer: Callable[[], object] | None) -> int:
    """Print an answer in JSON or, without any, lines as they come; the exit code is 1 where something fails."""
    from falco_firelens.settings.validation.inputs import InputError

    try:
        if answer:
            print_json(answer())
            return 0
        for line in lines():
            click.echo(line)
    except (UsageError, InputError) as error:
        return complain(str(error))
    return 0


def _explain(
    file: Path, stack: Path | None, config: Path | None, context: str | None
) -> Generator[str, None, str | None]:
    from falco_firelens.responder.commands.explain import explain
    from falco_firelens.responder.event import MalformedError, parse_event
    from falco_firelens.settings.validation.inputs import text_of

    try:
        event = parse_event(text_of(file))
    except MalformedError as error:
        raise UsageError(f"{file}: {error}") from None
    configuration = _of_stack(stack) if stack else _of_function(config)
    if not context:
        return (yield from explain(event, configuration))
    with _kubernetes(context, event.cluster) as client:
        labels = partial(_labels, event, client)
        return (yield from explain(event, configuration, labels, clients=_OneCluster(client)))


def _explanation(lines: Generator[str, None, str | None]) -> Explanation:
    gathered: list[str] = []
    while True:
        try:
            gathered.append(next(lines))
        except StopIteration as end:
            return {"event": gathered[0], "playbook": end.value, "lines": gathered}


class _OneCluster:
    """The cluster of a person's kubeconfig, for what `explain` asks."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def kubernetes(self, cluster: "Cluster") -> Any:
        """Return the client of the context, whatever the cluster is called."""
        return self._client

    def aws(self, service: str) -> Any:
        """Return nothing, since `explain` asks AWS nothing."""


def _labels(event: "Event", client: Any) -> Mapping[str, str] | None:
    """Return the labels of the event's pod; None where there is no such pod."""
    from lightkube.resources.core_v1 import Pod

    from falco_firelens.responder.targets import Target

    target = Target.pod(event)
    if target is None:
        return None
    found: list[Any] = [*client.list(Pod, namespace=target.namespace, fields={"metadata.name": target.name})]
    return (found[0].metadata.labels or {}) if found else None


@contextlib.contextmanager
def _kubernetes(context: str | None, cluster: str) -> Generator[Any]:
    """Make a client of the person's kubeconfig. Raises UsageError, also for errors of calls with it."""
    import httpx2
    from lightkube import ApiError, Client
    from lightkube.core.exceptions import ConfigError

    from falco_firelens.responder.commands.kubeconfig import config_of

    try:
        config = config_of(context, cluster)
    except ConfigError as error:
        raise UsageError(str(error)) from None
    try:
        yield Client(config=config)
    except (ApiError, ConfigError, httpx2.HTTPError) as error:
        raise UsageError(f"context {config.context_name}: {error}") from None


def _of_function(config: Path | None) -> "Configuration":
    from falco_firelens.responder.configuration import from_document
    from falco_firelens.settings.validation.inputs import object_of

    assert config, "the command takes one or the other"
    document = object_of(config)
    try:
        return from_document(document)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        expected = "expected the response.json of a deployed function of this version"
        raise UsageError(f"{config}: found something else ({error!r}), {expected}") from None


def _of_stack(stack: Path) -> "Configuration":
    from falco_firelens.program import component
    from falco_firelens.settings import SettingsError, read_stack_file

    try:
        settings = read_stack_file(stack)
    except SettingsError as error:
        raise UsageError(str(error)) from None
    if settings.response is None:
        raise UsageError(f"{stack}: found no response, expected playbooks")
    return component("stack.response_configuration").response_configuration(settings, settings.response)


def _undo(action: "Action", target: str, context: str | None) -> str:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from falco_firelens.responder.commands import undo

    how = action.undo
    assert how, "the command's choices have one"
    try:
        if how.where == "kubernetes":
            with _kubernetes(context, target.partition("/")[0]) as client:
                return how.run(client, target)
        return how.run(undo.clients(boto3.Session()), target)
    except (undo.NotUndoneError, ClientError, BotoCoreError) as error:
        raise UsageError(str(error)) from None


def _replay(function: str, queue: str | None, events: Path | None, run: bool) -> "Iterator[Replayed]":
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from falco_firelens.responder.commands import replay
    from falco_firelens.settings.validation.inputs import InputError, text_of

    aws = replay.clients(boto3.Session())
    try:
        if queue:
            yield from replay.replay_queue(aws, function, queue, act=run)
        elif events:
            yield from replay.replay_events(aws, function, text_of(events).splitlines())
    except InputError:
        raise
    except (ValueError, KeyError, replay.ReplayError, ClientError, BotoCoreError) as error:
        raise UsageError(f"{events or queue}: {error}") from None
