"""What the commands do, and how they say that something went wrong."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from falco_firelens.watch.metrics import DIFFERING, DROPPED, SILENT
from localcloud.check import archive_in, check
from localcloud.cloud import LocalCloud
from localcloud.console import Step, say, table
from localcloud.deployed import Deployed
from localcloud.engine import Engine
from localcloud.environment import shell, variables
from localcloud.errors import LocalCloudError
from localcloud.stacks import LOCAL, STACKS, LocalStack
from localcloud.toolchain import provide
from testbed import IMAGE, PipelineError, executable, missing, pull

HEADS = {SILENT: "silent nodes", DIFFERING: "nodes with other files", DROPPED: "dropped events"}
"""The metrics of a cluster's watch, and what a table calls them."""

Outputs = Mapping[LocalStack, Mapping[str, Any]]
"""The outputs of each stack."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0 when it succeeded."""
    options = _parser().parse_args(arguments)
    try:
        options.command(LocalCloud(), options)
    except LocalCloudError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; `make up` goes on from here, `make down` stops everything", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localcloud", description="AWS and Kubernetes on one machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start what does not run, and deploy the local stacks")
    up.add_argument("--no-deploy", action="store_true", help="start the servers only")
    up.set_defaults(command=_up)
    commands.add_parser("build", help="take or build the programs that this machine lacks").set_defaults(command=_build)
    commands.add_parser("down", help="stop everything and forget it").set_defaults(command=_down)
    env = commands.add_parser("env", help="print what a shell evaluates to use the cloud")
    names = [stack.name for stack in STACKS]
    env.add_argument("--stack", choices=names, default=LOCAL.name, help="whose account and region the shell is in")
    env.set_defaults(command=_env)
    commands.add_parser("check", help="ship sample events through what is deployed").set_defaults(command=_check)
    commands.add_parser("status", help="say what runs").set_defaults(command=_status)
    return parser


def _up(cloud: LocalCloud, options: argparse.Namespace) -> None:
    with cloud.lock():
        cloud.up(provide())
        outputs = None if options.no_deploy else _deploy(cloud)
    _status(cloud, options)
    if outputs:
        for stack, output in outputs.items():
            say(_created(cloud, stack, output))
        _ship(cloud, outputs)
        say('\nNext: eval "$(make -s env)", then pulumi, kubectl and aws talk to this cloud; `make down` ends it.')


def _deploy(cloud: LocalCloud) -> Outputs:
    """Deploy the hub, whose outputs a spoke reads; then its spokes, all at the same time."""
    _, *spokes = STACKS
    width = max(len(stack.name) for stack in spokes)

    def deploy(stack: LocalStack, prefix: str = "") -> Mapping[str, Any]:
        engine = Engine(cloud.layout, stack, prefix=prefix)
        engine.up()
        return engine.outputs()

    outputs = {LOCAL: deploy(LOCAL)}
    say(f"\nDeploying its spokes: {', '.join(stack.name for stack in spokes)}")
    # Waited for inside, so that an interruption leaves only when every engine has saved its state.
    with ThreadPoolExecutor(len(spokes)) as pool:
        running = {stack: pool.submit(deploy, stack, f"{stack.name:{width}} | ") for stack in spokes}
        return outputs | {stack: future.result() for stack, future in running.items()}


def _build(_cloud: LocalCloud, _options: argparse.Namespace) -> None:
    origins = provide().origins
    say(table("Where the programs come from", sorted(origins.items())))


def _down(cloud: LocalCloud, _: argparse.Namespace) -> None:
    with cloud.lock():
        stopped = cloud.processes.running()
        cloud.down()
    say(f"stopped {len(stopped)} processes" if stopped else "nothing was running")


def _env(cloud: LocalCloud, options: argparse.Namespace) -> None:
    stack = next(stack for stack in STACKS if stack.name == options.stack)
    say(shell(variables(cloud.layout, stack), stack))


def _status(cloud: LocalCloud, _: argparse.Namespace) -> None:
    processes = cloud.processes.running()
    if not processes:
        raise LocalCloudError("the local cloud is not running: start it with `make up`")
    addresses = cloud.addresses()
    rows = [("program", "pid", "memory", "address")]
    rows += [(p.name, str(p.pid), f"{p.memory / 2**20:.0f} MB", addresses.get(p.name, "")) for p in processes]
    say(table("\nWhat runs", rows))


def _check(cloud: LocalCloud, _: argparse.Namespace) -> None:
    _ship(cloud, {stack: Engine(cloud.layout, stack).outputs() for stack in STACKS})


def _created(cloud: LocalCloud, stack: LocalStack, outputs: Mapping[str, Any]) -> str:
    """Return a table of what a stack has made."""
    deployed = Deployed(cloud.layout, stack)
    rows = [("log group", "", outputs["logGroup"]["name"], outputs["logGroup"]["arn"])] if outputs["logGroup"] else []
    rows += [
        ("stream", destination, output["stream"], _target(destination, output))
        for destination, output in outputs["destinations"].items()
    ]
    rows += [
        ("cluster", output["platform"], cluster, deployed.daemons(cluster, output))
        for cluster, output in outputs["clusters"].items()
    ]
    if outputs["hub"]:
        rows += [("hub", "spokes", ", ".join(outputs["hub"]["spokes"]), outputs["hub"]["bucketArn"])]
    return table(f"\nWhat {stack.name} has, in account {stack.account} and region {stack.region}", rows)


def _target(destination: str, output: Mapping[str, Any]) -> str:
    """Where a stream delivers to."""
    if destination == "s3":
        return f"s3://{output['bucket']}/{output['prefix']}"
    return output["domain"]["arn"] if destination == "opensearch" else f"{output['database']}.{output['table']}"


def _ship(cloud: LocalCloud, outputs: Outputs) -> None:
    if problem := _fluent_bit_problem():
        say(f"\nThe pipeline check was skipped: {problem}")
        return
    hub = Deployed(cloud.layout)

    def ship(stack: LocalStack) -> list[tuple[str, str, str]]:
        archive = None if stack == LOCAL else archive_in(hub, outputs[LOCAL], stack)
        return check(Deployed(cloud.layout, stack), outputs[stack], archive)

    with ThreadPoolExecutor(len(outputs)) as pool:
        rows = [row for found in pool.map(ship, outputs) for row in found]
    say(table("\nSample events that arrived through the deployed Fluent Bit configurations", rows))
    _watch(cloud, outputs)


def _fluent_bit_problem() -> str:
    """Why no Fluent Bit can run here; empty where one can. Where it runs in Docker, its image is here then."""
    problem = missing()
    if problem or executable():
        return problem
    try:
        with Step(f"getting the image {IMAGE}, in which Docker runs Fluent Bit"):
            pull()
    except PipelineError as error:
        return str(error)
    return ""


def _watch(cloud: LocalCloud, outputs: Outputs) -> None:
    """Run the watch once, which its schedule does every 15 minutes, and show what it finds."""
    rows = [("stack", "cluster", *HEADS.values())]
    for stack, output in outputs.items():
        if function := output["watch"].get("function"):
            found = Deployed(cloud.layout, stack).watched(function)
            rows += [
                (stack.name, cluster, *(str(values[metric]) for metric in HEADS)) for cluster, values in found.items()
            ]
    say(table("\nWhat the watch finds", rows))
