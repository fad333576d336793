"""Fleets of small stacks on the local cloud."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from falco_firelens.fleet import AssumedRole, Fleet, Stack
from localcloud.accounts import CLUSTER, ROLE, Accounts

PROJECT = Path(__file__).resolve().parents[2]
ADOPTED = [{"name": "shop", "platform": "ecs", "existing": {"cluster": CLUSTER}}]


class Stacks:
    """Stack files in a folder, and what the state backend knows of them."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder, self.env = folder, env
        self.accounts = Accounts(env)

    def write(self, name: str, owner: str, region: str = "eu-west-1", **keys: Any) -> Path:
        """A stack file of a stack that adopts the account's cluster.

        Its sensors are not watched, so that an update is short: no fleet depends on it.
        """
        self.accounts.with_cluster(owner, region)
        own = {"account": owner, "clusters": ADOPTED, "alarms": {"watch": False}, **keys}
        config = {"aws:region": region, **{f"falco-firelens:{key}": value for key, value in own.items()}}
        file = self.folder / f"Pulumi.{name}.yaml"
        file.write_text(yaml.safe_dump({"config": config}))
        return file

    def fleet(self, **options: Any) -> Fleet:
        """All of them, each with its account's role unless `credentials` says otherwise."""
        given: dict[str, Any] = {"credentials": role_of, **options}
        return Fleet(PROJECT, folders=[self.folder], **given)

    def logs(self, account: str, region: str = "eu-west-1") -> Any:
        """The account's CloudWatch Logs."""
        return self.accounts.client("logs", account, region)

    def pulumi(self, *arguments: str) -> str:
        """What the engine says about the state."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"], cwd=PROJECT, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def known(self) -> list[str]:
        """Stacks that the state backend has."""
        return [file.stem for file in (self.state / ".pulumi" / "stacks").glob("**/*.json")]

    def locks(self) -> list[str]:
        """Stacks that are locked."""
        return [file.parent.name for file in (self.state / ".pulumi" / "locks").glob("**/*.json")]

    @property
    def state(self) -> Path:
        """The folder of the state backend."""
        return Path(self.env["PULUMI_BACKEND_URL"].removeprefix("file://"))


def role_of(stack: Stack) -> AssumedRole:
    return AssumedRole(ROLE.format(account=stack.account))
