"""By which names somebody with the key gets in; strangers try the whole of it in tests/attacks/test_laptop.py."""

import pytest

from localcloud.aws.door import Door


def asked(host):
    """What the door says to a request for this host that has the key."""
    said = []
    door = Door(lambda _environ, start: start("200 OK", []) or [], "secret")
    environ = {"HTTP_HOST": host, "PATH_INFO": "/", "HTTP_AUTHORIZATION": "Bearer secret"}
    door(environ, lambda status, _headers: said.append(status))
    return said


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost", "123456789012.127.0.0.1:5000"])
def test_our_clients_get_in(host):
    assert asked(host) == ["200 OK"]


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "123456789012.127.0.0.1.evil.example",
        "evil.127.0.0.1",
        "12345678901.127.0.0.1",
        "123456789012.localhost",
        "123456789012.127.0.0.1@evil.example",
    ],
)
def test_a_name_that_a_name_server_could_point_here_does_not(host):
    assert asked(host) == ["403 Forbidden"]
