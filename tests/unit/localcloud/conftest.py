"""What the tests of the local cloud share."""

import json
from pathlib import Path

import pytest

from localcloud.layout import Layout, write_secret


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    layout = Layout(tmp_path)
    layout.bin.mkdir()
    layout.choose_ports()
    write_secret(
        layout.credentials, json.dumps({"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}).encode()
    )
    return layout
