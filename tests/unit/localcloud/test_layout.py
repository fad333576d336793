import socket
from dataclasses import astuple

from localcloud import layout as module
from localcloud.layout import Layout, Ports


def test_ports_are_free_and_all_different():
    ports = astuple(Ports.free())

    assert len(set(ports)) == len(ports)
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_a_port_that_something_listens_on_is_left_alone(monkeypatch):
    count = len(Ports.__dataclass_fields__)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        monkeypatch.setattr(module, "PORT_RANGE", range(number, number + 20 * count))

        assert number not in astuple(Ports.free())


def test_chosen_ports_are_remembered_until_they_are_forgotten(tmp_path):
    layout = Layout(tmp_path)
    assert layout.ports() is None

    chosen = layout.choose_ports()
    assert layout.ports() == chosen

    layout.forget_ports()
    assert layout.ports() is None
