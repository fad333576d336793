"""What `make check` and `make renew-images` run: see docs/operations.md, Images."""

import argparse
import sys
from collections.abc import Sequence

from pydantic import ValidationError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the two; 1 where something is wrong, and each mistake on standard error."""
    parser = argparse.ArgumentParser(prog="images", description="the images that run on nodes")
    parser.add_argument("command", choices=("check", "renew"))
    command = parser.parse_args(arguments).command
    try:
        from tools.images import table
    except ValidationError as error:
        print(f"images.yaml: {error}", file=sys.stderr)
        return 1
    if command == "check":
        mistakes = list(table.mistakes())
    else:
        from tools.images.renewal import renew

        mistakes = list(renew())
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
