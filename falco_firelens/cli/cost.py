"""Prints what the events of a stack cost a month.

falco-firelens cost Pulumi.dev.yaml --nodes 40 --events-per-node-day 1000
falco-firelens cost --tables      the tables of docs/cost.md
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from falco_firelens.cost.estimate import Line, Load, estimate
from falco_firelens.cost.tables import tables
from falco_firelens.settings import SettingsError, read_stack_file


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 when the stack file cannot be used."""
    parser = argparse.ArgumentParser(prog="falco-firelens cost", description="What a stack's events cost a month.")
    parser.add_argument("file", nargs="?", type=Path, metavar="Pulumi.<stack>.yaml")
    parser.add_argument("--nodes", type=int, default=10, help="nodes of all clusters together, 10 by default")
    parser.add_argument("--events-per-node-day", type=float, default=1000, help="1000 by default")
    parser.add_argument("--tables", action="store_true", help="print the tables of docs/cost.md")
    chosen = parser.parse_args(arguments)
    if chosen.tables:
        print(tables())
        return 0
    if chosen.file is None or chosen.nodes < 1 or not 0 <= chosen.events_per_node_day < math.inf:
        parser.error("expected a stack file, at least one node and no negative number of events")
    try:
        settings = read_stack_file(chosen.file)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    load = Load(chosen.nodes, chosen.events_per_node_day)
    print("\n".join(_bill(estimate(settings, load))))
    return 0


def _bill(lines: Sequence[Line]) -> list[str]:
    """The bill with each destination's sum, in dollars a month."""
    rows: list[str] = []
    for destination in dict.fromkeys(line.destination for line in lines):
        of_it = [line for line in lines if line.destination == destination]
        rows += [f"{destination:<12}{line.item:<40}{line.dollars:>12,.2f}" for line in of_it]
    total = sum(line.dollars for line in lines)
    return [*rows, f"{'all':<52}{total:>12,.2f}", "US dollars a month, list prices of us-east-1; docs/cost.md"]
