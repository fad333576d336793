"""Starts the stand-in as the engine starts any plugin."""

import os
import sys
import threading
import time

from pulumi.provider.server import main

from standin.eks.provider import EksProvider

PARENT_SECONDS = 1


def _end_with_the_engine(parent: int) -> None:
    """Plugins are killed by the engine; one whose engine was killed itself has to notice that."""
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_engine, args=(os.getppid(),), daemon=True).start()
    main(EksProvider(), sys.argv[1:])
