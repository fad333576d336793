"""What the tests of the local cloud share."""

from pathlib import Path

import pytest

from localcloud.layout import Layout


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    layout = Layout(tmp_path)
    layout.bin.mkdir()
    layout.choose_ports()
    return layout
