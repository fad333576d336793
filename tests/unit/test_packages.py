"""What is installed is locked: each way in which a lock can be wrong is seen without a registry."""

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.locks import FLEET, LOCKS, ROOT, mistakes

DEV, FUNCTION = "requirements-dev.lock", "falco_firelens/responder/requirements.lock"
END = r"\Z"
TEMPLATE = "falco_firelens/template/requirements.txt"
"""What another project installs: that locks it for itself."""

REQUIREMENTS, POLICY = "requirements.txt", "falco_firelens/policy/requirements.txt"
PYYAML = r"PyYAML==\S+"
ELSEWHERE = "evil @ https://x.example/e.whl --hash=sha256:"
HASH = r" \\\n    --hash=sha256:\w{64}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for file in [*ROOT.glob("requirements*"), *ROOT.glob("falco_firelens/*/requirements*")]:
        (tmp_path / file.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, tmp_path / file.relative_to(ROOT))
    return tmp_path


def test_the_locks_are_right() -> None:
    assert list(mistakes(ROOT)) == []


def replaced(name: str, before: str, after: str) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        text, count = re.subn(before, after, (project / name).read_text(), count=1)
        assert count == 1
        (project / name).write_text(text)

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda project: (project / FLEET).unlink(), f"{FLEET}: missing"),
        (replaced(REQUIREMENTS, PYYAML, "PyYAML==6.0.1"), f"{FLEET}: out of date: requirements-fleet.txt"),
        (replaced(REQUIREMENTS, PYYAML, "PyYAML==6.0.1"), f"{DEV}: out of date: requirements-dev.txt"),
        (replaced(POLICY, END, "evil==1\n"), f"{FLEET}: found evil missing, expected 1"),
        (replaced(FLEET, r"pulumi==[\d.]+", "pulumi==3.1.0"), f"{FLEET}: found pulumi 3.1.0, expected 3."),
        (replaced(FLEET, rf"\nsix==(\S+)({HASH})+", r"\nsix==\1"), f"{FLEET}: found six without a hash"),
        (replaced(FLEET, "--require-hashes\n", ""), f"{FLEET}: found no line --require-hashes"),
        (replaced(FLEET, "--only-binary :all:\n", ""), f"{FLEET}: found no line --only-binary :all:"),
        (replaced(FLEET, END, "--extra-index-url https://x.example\n"), "found --extra-index-url https://x.example"),
        (replaced(FLEET, END, ELSEWHERE + "0" * 64 + "\n"), "found evil @ https"),
        (replaced(FLEET, END, "-r /tmp/evil.txt\n"), "found -r /tmp/evil.txt, expected NAME==VERSION"),
        (replaced(FLEET, END, "evil>=1\n"), "found evil>=1, expected NAME==VERSION"),
        (replaced(DEV, r"\nurllib3==[\w.]+", "\nurllib3==1.0"), f"{DEV}: found urllib3 1.0, expected"),
        (replaced(FUNCTION, r"hash=sha256:\w{64}", "hash=md5:abc"), f"{FUNCTION}: found "),
    ],
)  # fmt: skip
def test_a_wrong_lock_is_seen(project: Path, change: Callable[[Path], None], expected: str) -> None:
    assert list(mistakes(project)) == []
    change(project)
    assert any(expected in mistake for mistake in mistakes(project)), list(mistakes(project))


def test_a_comment_or_a_space_in_the_requirements_needs_no_other_lock(project: Path) -> None:
    replaced("requirements.txt", r"(PyYAML==\S+) +#", r"\1    # why:")(project)
    assert list(mistakes(project)) == []


def test_every_requirements_file_is_locked() -> None:
    named = re.findall(r"^-r (\S+)", "".join(file.read_text() for file in ROOT.glob("requirements*.txt")), re.MULTILINE)
    there = {str(file.relative_to(ROOT)) for file in [*ROOT.glob("*.txt"), *ROOT.glob("falco_firelens/*/*.txt")]}
    assert there - {TEMPLATE} == {lock.requirements for lock in LOCKS} | set(named)


def test_what_a_wheel_asks_for_is_what_is_tested() -> None:
    """Each pin lies in the range of the same name, and the other way round."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for ranges, files in (
        (project["dependencies"], [REQUIREMENTS]),
        (extras["policy"], [POLICY]),
        (extras["fleet"], ["requirements-fleet.txt"]),
    ):
        asked = {one.name: one.specifier for one in map(Requirement, ranges) if one.name != project["name"]}
        pinned = {one.name: one.specifier for file in files for one in map(Requirement, requirements_of(file))}
        assert asked.keys() == pinned.keys() - {"hatchling"}
        for name, specifier in asked.items():
            version = str(pinned[name]).removeprefix("==")
            assert specifier.contains(version)
            assert f">={version}" in str(specifier), f"{name}: nobody tests an older version than {version}"


def requirements_of(file: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("-r ")]


def test_a_project_of_the_template_installs_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert requirements_of(TEMPLATE) == [f"falco-firelens[fleet]=={version}"]
