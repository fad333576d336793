"""The attacker wants to deploy what nobody approved: by a pull request, or by a job on the machine that deploys."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from components.response import package
from components.response.wheels import PackageError
from falco_firelens.responder.configuration import Configuration

# A self-hosted runner: the tests of a pull request and the deployment share a home, and with it the cache.


def wheel(**modules: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in modules.items():
            archive.writestr(f"library/{name}.py", text)
    return made.getvalue()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the one wheel that the lock names, and the package that was built from it."""
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"library==1.0 \\\n    --hash=sha256:{hashlib.sha256(wheel(good='')).hexdigest()}\n")
    monkeypatch.setattr(package, "REQUIREMENTS", lock)

    def download(wheels: package.Wheels, folder: Path) -> None:
        (folder / "library-1.0-py3-none-any.whl").write_bytes(wheel(good=""))

    monkeypatch.setattr(package.Wheels, "_download", download)
    package.build(Configuration(), tmp_path / "cache")
    return tmp_path / "cache"


def names(built: Path) -> list[str]:
    with zipfile.ZipFile(built) as archive:
        return [name for name in archive.namelist() if name.startswith("library/")]


def test_a_changed_wheel_in_the_cache_becomes_part_of_the_function(cache: Path) -> None:
    assert names(package.build(Configuration(), cache)) == ["library/good.py"]
    (kept,) = cache.glob("wheels-*/*.whl")
    kept.write_bytes(wheel(good="", evil="print('ran')"))

    with pytest.raises(PackageError, match=r"library-1\.0-py3-none-any\.whl is not what requirements\.lock names"):
        package.build(Configuration(), cache)


def test_a_further_wheel_in_the_cache_becomes_part_of_the_function(cache: Path) -> None:
    (kept,) = cache.glob("wheels-*")
    (kept / "zz-1.0-py3-none-any.whl").write_bytes(wheel(evil=""))
    with pytest.raises(PackageError, match="is not what"):
        package.build(Configuration(), cache)


def test_a_wheel_is_left_out_of_the_function(cache: Path) -> None:
    (kept,) = cache.glob("wheels-*/*.whl")
    kept.unlink()
    with pytest.raises(PackageError, match="has no wheel of library"):
        package.build(Configuration(), cache)


@pytest.mark.parametrize("planted", ["a file", "a link"])
def test_a_whole_package_in_the_cache_is_deployed(cache: Path, tmp_path: Path, planted: str) -> None:
    built = package.build(Configuration(), cache)
    evil = tmp_path / "evil.zip"
    evil.write_bytes(wheel(evil=""))
    built.unlink()
    if planted == "a file":
        built.write_bytes(evil.read_bytes())
    else:
        built.symlink_to(evil)

    again = package.build(Configuration(), cache)

    assert again == built and names(again) == ["library/good.py"]
    assert not again.is_symlink() and names(evil) == ["library/evil.py"]
