"""What the commands do, and how they say that something went wrong."""

import argparse
import sys
from collections.abc import Sequence

from localcloud.cloud import LocalCloud
from localcloud.console import say, table
from localcloud.environment import shell, variables
from localcloud.errors import LocalCloudError
from localcloud.toolchain import provide


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
    parser = argparse.ArgumentParser(prog="python -m localcloud", description="AWS and Kubernetes on one machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start what does not run, and deploy the local stack")
    up.add_argument("--no-deploy", action="store_true", help="start the servers only")
    up.set_defaults(command=_up)
    commands.add_parser("down", help="stop everything and forget it").set_defaults(command=_down)
    commands.add_parser("env", help="print what a shell evaluates to use the cloud").set_defaults(command=_env)
    commands.add_parser("status", help="say what runs").set_defaults(command=_status)
    return parser


def _up(cloud: LocalCloud, options: argparse.Namespace) -> None:
    with cloud.lock():
        cloud.up(provide())
    _status(cloud, options)


def _down(cloud: LocalCloud, _: argparse.Namespace) -> None:
    with cloud.lock():
        stopped = cloud.processes.running()
        cloud.down()
    say(f"stopped {len(stopped)} processes" if stopped else "nothing was running")


def _env(cloud: LocalCloud, _: argparse.Namespace) -> None:
    say(shell(variables(cloud.layout)))


def _status(cloud: LocalCloud, _: argparse.Namespace) -> None:
    processes = cloud.processes.running()
    if not processes:
        raise LocalCloudError("the local cloud is not running: start it with `make up`")
    addresses = cloud.addresses()
    rows = [("program", "pid", "memory", "address")]
    rows += [(p.name, str(p.pid), f"{p.memory / 2**20:.0f} MB", addresses.get(p.name, "")) for p in processes]
    say(table("What runs", rows))
