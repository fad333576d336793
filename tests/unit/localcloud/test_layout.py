from dataclasses import astuple

from localcloud.layout import Layout


def test_chosen_ports_are_remembered_until_they_are_forgotten(tmp_path):
    layout = Layout(tmp_path)
    assert layout.ports() is None

    chosen = layout.choose_ports()
    assert layout.ports() == chosen
    assert len(set(astuple(chosen))) == len(astuple(chosen))

    layout.forget_ports()
    assert layout.ports() is None
