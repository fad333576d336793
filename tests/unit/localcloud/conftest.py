"""What the tests of the local cloud share."""

import pytest

from localcloud.layout import Layout


@pytest.fixture
def layout(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    layout = Layout(tmp_path)
    layout.bin.mkdir()
    layout.choose_ports()
    return layout
