"""Prints what the events of a stack cost a month."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from falco_firelens.cli.answers import Bill, BillLine
from falco_firelens.cli.command import FAILED, Command, print_json, wrong
from falco_firelens.cli.values import STACK_FILE

if TYPE_CHECKING:
    from falco_firelens.cost.estimate import Line


@click.command(
    cls=Command,
    answer=Bill,
    examples=["falco-firelens cost Pulumi.prod.yaml --nodes 40 --events-per-node-day 1000"],
)
@click.argument("file", metavar="STACK_FILE", required=False, type=STACK_FILE)
@click.option("--nodes", type=int, default=10, show_default=True, help="Nodes of all clusters together.")
@click.option("--events-per-node-day", type=float, default=1000, show_default=True, help="Events of one node a day.")
@click.option("--tables", is_flag=True, help="Print the tables of docs/cost.md.")
def cost(file: Path | None, nodes: int, events_per_node_day: float, tables: bool, as_json: bool) -> int:
    """Estimate what a stack's events cost a month.

    The prices are AWS's list prices of us-east-1; docs/cost.md says what is counted.
    """
    from falco_firelens.cost.estimate import Load, estimate
    from falco_firelens.cost.tables import tables as all_tables
    from falco_firelens.settings import SettingsError, read_stack_file

    if tables:
        click.echo(all_tables())
        return 0
    if file is None or nodes < 1 or not 0 <= events_per_node_day < math.inf:
        wrong("expected a stack file, at least one node and no negative number of events")
    try:
        settings = read_stack_file(file)
    except SettingsError as error:
        click.echo(error, err=True)
        return FAILED
    lines = [*estimate(settings, Load(nodes, events_per_node_day))]
    if as_json:
        answer: Bill = {
            "nodes": nodes,
            "eventsPerNodeDay": events_per_node_day,
            "lines": [BillLine(**asdict(one)) for one in lines],
            "dollars": sum(one.dollars for one in lines),
        }
        print_json(answer)
    else:
        click.echo("\n".join(_bill(lines)))
    return 0


def _bill(lines: "Sequence[Line]") -> list[str]:
    """Lay out the bill with each destination's sum, in dollars a month."""
    rows: list[str] = []
    for destination in dict.fromkeys(line.destination for line in lines):
        of_it = [line for line in lines if line.destination == destination]
        rows += [f"{destination:<12}{line.item:<40}{line.dollars:>12,.2f}" for line in of_it]
    total = sum(line.dollars for line in lines)
    return [*rows, f"{'all':<52}{total:>12,.2f}", "US dollars a month, list prices of us-east-1; docs/cost.md"]
