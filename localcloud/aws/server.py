"""Serves moto, AWS's APIs in memory.

Its arguments are PORT TLS_PORT CERTIFICATE KEY EKS_URL FUNCTIONS ACCESS_KEY TRUSTED_CODE.

One process, so that what is written over TLS (Fluent Bit speaks nothing else) is read over plain HTTP.
"""

import json
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.moto_api import state_manager
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from localcloud.aws import (
    athena,
    cloudwatch,
    ecs_in_use,
    eks_addons,
    firehose,
    functions,
    log_search,
    logs,
    network_in_use,
    redshift_data,
    refusals,
    s3,
    sns,
)
from localcloud.aws.clock import Clock
from localcloud.aws.door import Door, admit_deployer
from localcloud.aws.eks_identity import access_entries, presigned
from localcloud.aws.eks_identity.cluster import LocalCluster
from localcloud.aws.eks_identity.webhook import TokenReviews

EXTENSIONS = (
    firehose,
    s3,
    cloudwatch,
    logs,
    log_search,
    athena,
    redshift_data,
    refusals,
    network_in_use,
    ecs_in_use,
    sns,
    eks_addons,
    access_entries,
)
"""What this project adds to moto; each has an `install`."""

REQUEST_ID = "x-amzn-RequestId"
"""AWS sends it with every answer; Fluent Bit takes a PutLogEvents answer without it for a failure."""


class RequestIds:
    """WSGI middleware that adds a request id to the answers that lack one."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if not any(name.lower() == REQUEST_ID.lower() for name, _ in headers):
                headers = [*headers, (REQUEST_ID, secrets.token_hex(16))]
            return start_response(status, headers, *rest)

        return self._application(environ, start)


def _server(
    application: Callable[..., Iterable[bytes]], port: int, tls: tuple[str, str] | None = None
) -> BaseWSGIServer:
    return make_server(
        "127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler, ssl_context=tls
    )


def _exit(_signal: int, _frame: object) -> None:
    sys.exit()


def main(
    port: str, tls_port: str, certificate: str, key: str, eks_url: str, folder: str, access_key: str, trusted: str
) -> None:
    """Serve until terminated.

    `eks_url` is where the API server of the local control plane `eks` listens, `folder` where functions are unpacked.
    `access_key` is the file of the access key of the user that deploys, `trusted` the folder that names trusted code.
    """
    signal.signal(signal.SIGTERM, _exit)
    # An ECS task runs until somebody stops it; moto would end it as soon as somebody looks at it.
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": sys.maxsize})
    for extension in EXTENSIONS:
        extension.install()
    endpoint = f"http://127.0.0.1:{port}"
    deployer = json.loads(Path(access_key).read_text())
    admit_deployer(deployer)
    functions.install({**deployer, "AWS_ENDPOINT_URL": endpoint}, Path(folder), Path(trusted))
    presigned.install()
    cluster = LocalCluster(eks_url, Path(certificate))
    cluster.install()
    moto = RequestIds(DomainDispatcherApplication(create_backend_app))
    application = Door(Clock(TokenReviews(moto, cluster, [endpoint])), deployer["AWS_SECRET_ACCESS_KEY"])
    servers = [_server(application, int(port)), _server(application, int(tls_port), (certificate, key))]
    threading.Thread(target=servers[1].serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
