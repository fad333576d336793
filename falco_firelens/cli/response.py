"""Lets a person work with the response at a shell.

falco-firelens explain event.json --stack Pulumi.prod.yaml [--context CONTEXT]
falco-firelens undo isolate apps/shop/web-0 [--context CONTEXT]
falco-firelens replay --function NAME --queue URL [--run]
falco-firelens replay --function NAME --events events.jsonl
"""

import argparse
import contextlib
import functools
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.configuration import Cluster, Configuration, from_document
from falco_firelens.responder.event import Event, MalformedError, parse_event
from falco_firelens.responder.targets import Target
from falco_firelens.settings.validation.inputs import InputError, object_of, text_of


class UsageError(Exception):
    """A mistake that the person can correct."""


def main(arguments: Sequence[str] | None = None, actions: Mapping[str, Action] = ACTIONS) -> int:
    """Run one command; return 1 if it failed."""
    chosen = _parser(actions).parse_args(arguments)
    try:
        for line in chosen.command(chosen):
            print(line)
    except (UsageError, InputError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser(actions: Mapping[str, Action]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="falco-firelens", description="Work with the automatic response.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    explain = commands.add_parser("explain", help="show which playbook answers an event, and why")
    explain.add_argument("event", type=Path, help="a file with one event, as in the log group")
    source = explain.add_mutually_exclusive_group(required=True)
    source.add_argument("--stack", type=Path, metavar="Pulumi.<stack>.yaml", help="the stack file with the playbooks")
    source.add_argument("--config", type=Path, metavar="response.json", help="the playbooks of a deployed function")
    explain.add_argument(
        "--context", help="look up labels, and what is protected, in the cluster of this kubeconfig context"
    )
    explain.set_defaults(command=_explain)
    undo = commands.add_parser("undo", help="undo an action; a notice has the command")
    undo.add_argument("action", choices=[name for name, action in actions.items() if action.undo])
    undo.add_argument("target", help="the target, as the notice names it")
    undo.add_argument(
        "--context", help="the kubeconfig context; default: one named like the cluster, or the current one"
    )
    undo.set_defaults(command=functools.partial(_undo, actions))
    replay = commands.add_parser("replay", help="show dead letters, or run them or events again")
    replay.add_argument("--function", required=True, help="the function's name")
    what = replay.add_mutually_exclusive_group(required=True)
    what.add_argument("--queue", metavar="URL", help="the dead-letter queue")
    what.add_argument("--events", type=Path, metavar="FILE", help="events, one a line")
    replay.add_argument("--run", action="store_true", help="run the dead letters again, instead of only showing them")
    replay.set_defaults(command=_replay)
    return parser


def _explain(chosen: argparse.Namespace) -> Iterator[str]:
    from falco_firelens.responder.commands.explain import explain

    try:
        event = parse_event(text_of(chosen.event))
    except MalformedError as error:
        raise UsageError(f"{chosen.event}: {error}") from None
    configuration = _configuration(chosen)
    if not chosen.context:
        yield from explain(event, configuration)
        return
    with _kubernetes(chosen.context, event.cluster) as client:
        labels = functools.partial(_labels, event, client)
        yield from explain(event, configuration, labels, clients=_OneCluster(client))


class _OneCluster:
    """The cluster of a person's kubeconfig, for what `explain` asks."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def kubernetes(self, cluster: Cluster) -> Any:
        """Return the client of the context, whatever the cluster is called."""
        return self._client

    def aws(self, service: str) -> Any:
        """Return nothing, since `explain` asks AWS nothing."""


def _labels(event: Event, client: Any) -> Mapping[str, str] | None:
    """Return the labels of the event's pod; None where there is no such pod."""
    from lightkube.resources.core_v1 import Pod

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


def _configuration(chosen: argparse.Namespace) -> Configuration:
    if not chosen.config:
        return _of_stack(chosen.stack)
    document = object_of(chosen.config)
    try:
        return from_document(document)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        expected = "expected the response.json of a deployed function of this version"
        raise UsageError(f"{chosen.config}: found something else ({error!r}), {expected}") from None


def _of_stack(stack: Path) -> Configuration:
    # Only here: `undo` and `replay` need no settings.
    from falco_firelens.program import component
    from falco_firelens.settings import SettingsError, read_stack_file

    try:
        settings = read_stack_file(stack)
    except SettingsError as error:
        raise UsageError(str(error)) from None
    if settings.response is None:
        raise UsageError(f"{stack}: found no response, expected playbooks")
    return component("stack.response_configuration").response_configuration(settings, settings.response)


def _undo(actions: Mapping[str, Action], chosen: argparse.Namespace) -> Iterator[str]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from falco_firelens.responder.commands import undo

    how = actions[chosen.action].undo
    assert how, "the command's choices have one"
    try:
        if how.where == "kubernetes":
            with _kubernetes(chosen.context, chosen.target.partition("/")[0]) as client:
                done = how.run(client, chosen.target)
        else:
            done = how.run(undo.clients(boto3.Session()), chosen.target)
    except (undo.NotUndoneError, ClientError, BotoCoreError) as error:
        raise UsageError(str(error)) from None
    yield done


def _replay(chosen: argparse.Namespace) -> Iterator[str]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from falco_firelens.responder.commands import replay

    aws = replay.clients(boto3.Session())
    try:
        if chosen.queue:
            yield from replay.replay_queue(aws, chosen.function, chosen.queue, act=chosen.run)
        else:
            lines = text_of(chosen.events).splitlines()
            yield from replay.replay_events(aws, chosen.function, lines)
    except InputError:
        raise
    except (ValueError, KeyError, replay.ReplayError, ClientError, BotoCoreError) as error:
        raise UsageError(f"{chosen.events or chosen.queue}: {error}") from None
