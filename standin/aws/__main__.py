"""Starts the stand-in as the engine starts any plugin: prints the port, serves until it is stopped."""

import importlib.metadata
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from standin.aws.limits import load
from standin.aws.sdk import import_sparsely
from standin.aws.server import Provider

WORKERS = 16
MESSAGE_BYTES = 400 * 1024 * 1024
"""The engine's own limit for one message."""
LIMITS = "AWS_LIMITS_FILE"
"""Names the file of AWS's published limits: the stand-in has none of its own."""


def main() -> None:
    """Serve the protocol on a free port of 127.0.0.1; end with the engine that started it."""
    import_sparsely()
    limits = load(Path(os.environ[LIMITS]))
    server = grpc.server(
        ThreadPoolExecutor(max_workers=WORKERS),
        options=[("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)],
    )
    engine = next((word for word in reversed(sys.argv[1:]) if not word.startswith("-")), None)
    version = importlib.metadata.version("pulumi-aws")
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(version, engine, limits), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    stop = threading.Event()

    def on_signal(*_: Any) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    parent = os.getppid()
    while not stop.wait(1):
        if os.getppid() != parent:
            break
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
