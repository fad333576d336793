import json
import socket
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import pytest

from localcloud import ports
from localcloud.errors import LocalCloudError
from localcloud.ports import release, reserve


@pytest.fixture(autouse=True)
def registry_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_processes_that_choose_at_the_same_time_get_different_ports(tmp_path: Path) -> None:
    """Each in a range that is just large enough, so that two choices at random would meet."""
    owners = [tmp_path / str(number) for number in range(8)]
    for owner in owners:
        owner.mkdir()
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        chosen = list(chain(*pool.map(_reserve_six_of_few, owners)))
    assert len(chosen) == len(set(chosen)) == 48


def _reserve_six_of_few(owner: Path) -> list[int]:
    ports.RANGE, ports._is_free = range(21000, 21060), _free
    return reserve(6, owner)


def _free(_: int) -> bool:
    """Whatever else listens on this machine."""
    return True


def test_a_port_that_something_listens_on_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        monkeypatch.setattr(ports, "RANGE", range(number, number + 1))
        with pytest.raises(LocalCloudError, match="no 1 free ports"):
            reserve(1, tmp_path)


def test_a_port_is_reserved_until_its_owner_gives_it_back_or_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "RANGE", range(21000, 21001))
    monkeypatch.setattr(ports, "_is_free", _free)
    stays, goes = tmp_path / "stays", tmp_path / "goes"
    stays.mkdir()
    goes.mkdir()
    assert reserve(1, stays) == [21000]
    with pytest.raises(LocalCloudError):
        reserve(1, goes)
    release(stays)
    assert reserve(1, goes) == [21000]
    goes.rmdir()
    assert reserve(1, stays) == [21000]
    assert json.loads((tmp_path / "cache/falco-firelens/ports.json").read_text()) == {"21000": str(stays)}
