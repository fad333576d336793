"""Which stacks a change touches, in a real git repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from falco_firelens.fleet import FleetError
from falco_firelens.fleet.changed import BESIDE, PIPELINES, PROGRAM, touched
from falco_firelens.fleet.stacks import discover
from tests.repositories import Repository

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two stacks, one with rules of its own, and a branch off main."""
    made = Repository(tmp_path)
    made.stack("a", falco={"rulesFiles": ["rules/a.yaml"]})
    made.stack("b")
    made.write("rules/a.yaml", "[]")
    made.write("components/x.py", "")
    made.write("docs/x.md", "")
    made.commit()
    made.git("checkout", "-b", "branch")
    return made


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("Pulumi.b.yaml", ["b"]),
        ("rules/a.yaml", ["a"]),
        ("components/x.py", ["a", "b"]),
        ("requirements.txt", ["a", "b"]),
        ("requirements-fleet.lock", ["a", "b"]),
        ("falco_firelens/fleet/comment/comment.py", ["a", "b"]),
        ("falco_firelens/policy/requirements.txt", ["a", "b"]),
        (".github/workflows/preview.yml", ["a", "b"]),
        (".gitlab-ci.yml", ["a", "b"]),
        ("yaml.py", ["a", "b"]),
        ("boto3/__init__.py", ["a", "b"]),
        ("rules/unused.yaml", []),
        ("tests/test_x.py", []),
        ("docs/x.md", []),
        ("components/README.md", []),
    ],
)
@pytest.mark.parametrize("committed", [True, False])
def test_a_changed_file_touches_the_stacks_that_are_made_of_it(
    repository: Repository, file: str, expected: list[str], committed: bool
) -> None:
    repository.write(file, "config: {a: b}\n")
    if committed:
        repository.commit()

    assert repository.touched() == expected


def test_a_link_has_changed_where_it_is_and_not_only_where_it_leads(repository: Repository) -> None:
    (repository.folder / "components/y.py").symlink_to("../docs/x.md")
    repository.commit()

    assert repository.touched() == ["a", "b"]


def test_what_main_has_got_since_the_branch_began_does_not_count(repository: Repository) -> None:
    repository.git("checkout", "main")
    repository.write("Pulumi.b.yaml", "config: {a: b}\n")
    repository.commit()
    repository.git("checkout", "branch")

    assert repository.touched() == []


def test_a_new_stack_is_touched_and_a_removed_one_named(repository: Repository) -> None:
    repository.stack("c")
    (repository.folder / "Pulumi.b.yaml").unlink()

    found = touched(discover([repository.folder]), repository.folder, "main")

    assert [stack.name for stack in found.stacks] == ["c"]
    assert found.removed == ("b",)


@pytest.fixture
def monorepo(tmp_path: Path) -> Repository:
    """A project in `infra`, its stack files in `stacks`, its rules in `shared`, and a branch off main."""
    made = Repository(tmp_path)
    made.write(
        "infra/Pulumi.yaml", "name: falco-firelens\nmain: ../program\nconfig: {x: {default: ../shared/all.yaml}}\n"
    )
    made.write("infra/components/x.py", "")
    made.write("program/__main__.py", "")
    for name in ("rules", "texts", "all"):
        made.write(f"shared/{name}.yaml", "[]")
    made.write("stacks/Pulumi.a.yaml", "config: {'falco-firelens:falco': {rulesFiles: [../shared/rules.yaml]}}")
    made.write(
        "stacks/Pulumi.b.yaml", """config: {'falco-firelens:falco': '{"rulesFiles": ["../shared/texts.yaml"]}'}"""
    )
    made.commit()
    made.git("checkout", "-b", "branch")
    return made


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("shared/rules.yaml", ["a"]),
        ("shared/texts.yaml", ["b"]),
        ("shared/all.yaml", ["a", "b"]),
        ("stacks/Pulumi.b.yaml", ["b"]),
        ("program/__main__.py", ["a", "b"]),
        ("infra/components/x.py", ["a", "b"]),
        ("components/x.py", []),
        (".github/workflows/x.yml", ["a", "b"]),
        ("yaml.py", []),
        ("infra/yaml.py", ["a", "b"]),
    ],
)
def test_a_changed_file_outside_the_project_s_folder_counts_too(
    monorepo: Repository, file: str, expected: list[str]
) -> None:
    stacks = discover([monorepo.folder / "stacks"])
    monorepo.write(file, "config: {changed: true}\n")

    found = touched(stacks, monorepo.folder / "infra", "main")

    assert [stack.name for stack in found.stacks] == expected


def test_a_file_in_a_submodule_has_changed_with_the_submodule(monorepo: Repository, tmp_path: Path) -> None:
    stacks = discover([monorepo.folder / "stacks"])
    (monorepo.folder / "shared/rules.yaml").unlink()
    monorepo.git("rm", "-r", "--cached", "shared")
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=monorepo.folder, text=True).strip()
    monorepo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},shared")

    assert [stack.name for stack in touched(stacks, monorepo.folder / "infra", "main").stacks] == ["a", "b"]


def test_the_last_stack_file_of_a_folder_outside_is_named_when_it_is_gone(monorepo: Repository) -> None:
    folder = monorepo.folder / "stacks"
    for file in folder.iterdir():
        file.unlink()

    assert touched([], monorepo.folder / "infra", "main", [folder]).removed == ("a", "b")


def test_one_stack_of_a_hundred(repository: Repository) -> None:
    for number in range(100):
        repository.stack(f"s{number}")
    repository.commit()
    repository.git("branch", "--force", "main", "branch")
    repository.stack("s42", tags={"x": "y"})

    assert repository.touched() == ["s42"]


def test_git_that_is_missing_is_said_to_be_so(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(FleetError, match="git is not on PATH"):
        repository.touched()


def test_an_unknown_commit_is_said_to_be_so(repository: Repository) -> None:
    with pytest.raises(FleetError, match="git diff"):
        repository.touched("nowhere")


@pytest.mark.parametrize("module", ["components.stack.deployment", "falco_firelens.cli", "falco_firelens.fleet"])
def test_all_that_a_deployment_imports_counts_as_the_program(module: str) -> None:
    listed = (
        f"import sys, pathlib, {module}; "
        "print('\\n'.join(m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)))"
    )
    printed = subprocess.run([sys.executable, "-c", listed], cwd=PROJECT, capture_output=True, text=True, check=True)
    own = [
        Path(line).relative_to(PROJECT) for line in printed.stdout.splitlines() if Path(line).is_relative_to(PROJECT)
    ]
    folders = {path.parts[0] for path in own if path.parts[0] != ".venv"}

    assert folders and folders <= set(PROGRAM)


def test_every_file_of_the_project_is_known_to_be_the_program_or_not() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True)
    first = {Path(line).parts[0] for line in tracked.stdout.splitlines()} - set(PROGRAM) - set(BESIDE) - set(PIPELINES)

    assert [name for name in sorted(first) if not name.startswith("Pulumi.") and Path(name).suffix != ".md"] == []
