"""Twelve stacks in four accounts and three regions on the local cloud: `make demo-fleet`.

Deploys them, hub first; changes something behind Pulumi's back and finds it; renders the comment of a pull request that
would replace a log group into docs/pull-request-comment.md.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from falco_firelens.fleet import AssumedRole, Ended, Event, Fleet, Selection, Stack, Started, Violation, Waves
from falco_firelens.fleet.comment import comment
from falco_firelens.fleet.display import counts
from localcloud.accounts import CLUSTER, ROLE, Accounts
from localcloud.console import say
from localcloud.layout import CHECKOUT

HUB, ACCOUNTS = "555555555555", ("666666666666", "777777777777", "888888888888")
"""None of those that `make up` deploys into, so that both can be seen in one local cloud."""
REGIONS = ("eu-west-1", "us-east-2", "ap-southeast-2")
COMMENT = CHECKOUT / "docs" / "pull-request-comment.md"
SHOWN_LINES = 18
"""Of the comment, in the terminal: what nobody may overlook, and the summary."""


def main() -> int:
    """Run the whole demonstration; 1 when something is not as it should be."""
    accounts = Accounts(os.environ)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _stack_files(folder, accounts)
        fleet = Fleet(folders=[folder], credentials=_role)
        return 0 if _deployed(fleet) and _drift_found(fleet, accounts) and _reviewed(fleet, folder) else 1


def _role(stack: Stack) -> AssumedRole:
    return AssumedRole(ROLE.format(account=stack.account))


def _stack_files(folder: Path, accounts: Accounts) -> None:
    spokes = [{"account": account, "regions": list(REGIONS)} for account in ACCOUNTS]
    archive: dict[str, Any] = {"destinations": {"s3": {}}}
    _write(folder, accounts, "hub", HUB, REGIONS[0], hub={"spokes": spokes}, events=archive)
    for region in REGIONS[1:]:
        _write(folder, accounts, f"platform-{region}", HUB, region)
    for account, team in zip(ACCOUNTS, ("shop", "payments", "search"), strict=True):
        for region in REGIONS:
            spoke = {"hub": "organization/falco-firelens/hub"}
            _write(folder, accounts, f"{team}-{region}", account, region, spoke=spoke)


def _write(folder: Path, accounts: Accounts, name: str, account: str, region: str, **keys: Any) -> None:
    accounts.with_cluster(account, region)
    clusters = [{"name": "jobs", "platform": "ecs", "existing": {"cluster": CLUSTER}}]
    own: Mapping[str, Any] = {
        "account": account,
        "clusters": clusters,
        "tags": {"team": name.partition("-")[0]},
        **keys,
    }
    config = {"aws:region": region, **{f"falco-firelens:{key}": value for key, value in own.items()}}
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))


def _tell(event: Event) -> None:
    if isinstance(event, Started):
        say(f"  {event.stack}: {event.operation} …")
    elif isinstance(event, Violation):
        say(f"  {event.stack}: policy {event.policy}: {event.message.splitlines()[0]}")
    elif isinstance(event, Ended):
        result = event.result
        say(f"  {event.stack}: {result.status} after {result.seconds:.0f} s, {result.error or counts(result.counts)}")


def _deployed(fleet: Fleet) -> bool:
    say("Deploying twelve stacks: the hub, one, two, the rest")
    results = fleet.up(fleet.stacks(), waves=Waves(canary=1, few=2), on_progress=_tell)
    return results[0].stack == "hub" and len(results) == 12 and all(result.ok for result in results)


def _drift_found(fleet: Fleet, accounts: Accounts) -> bool:
    say("\nSomeone shortens the retention of one log group by hand")
    logs = accounts.client("logs", ACCOUNTS[1], REGIONS[1])
    logs.put_retention_policy(logGroupName="/falco/events", retentionInDays=3)
    results = fleet.drift(fleet.stacks(), on_progress=_tell)
    found = {result.stack: [change.name for change in result.changes] for result in results if result.changes}
    say(f"Drift: {found}")
    return found == {f"payments-{REGIONS[1]}": ["events"]}


def _reviewed(fleet: Fleet, folder: Path) -> bool:
    say("\nA pull request renames one log group, and raises the priority of another stack")
    _change(folder / "Pulumi.payments-eu-west-1.yaml", {"logGroup": "/security/falco"})
    _change(folder / "Pulumi.shop-eu-west-1.yaml", {"minimumPriority": "Warning"})
    touched = fleet.stacks(Selection(("payments-eu-west-1", "shop-eu-west-1")))
    results = fleet.preview(touched, on_progress=_tell)
    text = comment(results, unchanged_elsewhere=10)
    COMMENT.write_text(text)
    beginning = "\n".join(text.splitlines()[:SHOWN_LINES])
    say(f"\n{beginning}\n…\nThe whole is in {COMMENT.relative_to(CHECKOUT)}")
    return "forbidden by policy** `events-kept`" in "\n".join(text.splitlines()[:8])


def _change(file: Path, events: Mapping[str, Any]) -> None:
    document = yaml.safe_load(file.read_text())
    document["config"]["falco-firelens:events"] = dict(events)
    file.write_text(yaml.safe_dump(document))


if __name__ == "__main__":
    sys.exit(main())
