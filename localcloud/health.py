"""Whether a server of the local cloud answers."""

import ssl
import urllib.request
from pathlib import Path

START_TIMEOUT = 90.0
"""Seconds. The slowest server, an API server, is ready after 5 on an idle machine with two cores."""


def answers(url: str, certificate: Path | None = None) -> bool:
    """Whether a GET of the URL is answered with 200; `certificate` is the authority of an https server."""
    # Proxies that the environment names are not for 127.0.0.1.
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if certificate:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=certificate)))
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
