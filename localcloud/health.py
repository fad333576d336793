"""Whether a server of the local cloud answers."""

import ssl
import urllib.request
from pathlib import Path

START_TIMEOUT = 90.0
"""Seconds. The slowest server, an API server, is ready after 5 on an idle machine with two cores."""


PATH = "/localcloud/health"
"""Where the moto process reports that it is running, without asking for an access key."""


def answers(
    url: str, certificate: Path | None = None, token: str = "", client: tuple[Path, Path] | None = None
) -> bool:
    """Whether a GET of the URL is answered with 200.

    `certificate` is the authority of an https server, `token` a bearer's, and `client` the files of a client's
    certificate and key.
    """
    # Proxies that the environment names are not for 127.0.0.1.
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if certificate:
        context = ssl.create_default_context(cafile=certificate)
        if client:
            context.load_cert_chain(*client)
        handlers.append(urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
