"""Which room may import which: the arrows of docs/architecture.md, held to the code."""

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.aws.policy_document import VERSION

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()

PACKAGES = {"components", "falco_firelens", "plugin", "standin", "localcloud", "testbed", "tools", "bench", "tests"}
SPLIT = {"components", "falco_firelens"}
"""Packages whose parts are rooms of their own."""

PRODUCT = {"sensor", "insight", "schemas", "settings", "responder", "watch", "policy", "fleet", "cost", "setup", "cli"}

ALLOWED = {
    "falco_firelens": {"falco_firelens.cli"},
    "falco_firelens.contract": set[str](),
    "falco_firelens.errors": set[str](),
    "falco_firelens.sensor": {"falco_firelens.contract", "falco_firelens.errors"},
    "falco_firelens.insight": {"falco_firelens.contract", "falco_firelens.sensor", "falco_firelens.watch"},
    "falco_firelens.schemas": {"falco_firelens.contract"},
    "falco_firelens.responder": {"falco_firelens.contract"},
    "falco_firelens.watch": {"falco_firelens.contract"},
    "falco_firelens.settings": {"falco_firelens.contract", "falco_firelens.errors", "falco_firelens.sensor"},
    "falco_firelens.policy": {"falco_firelens.program", "falco_firelens.sensor", "falco_firelens.settings"},
    "falco_firelens.cost": {"falco_firelens.insight", "falco_firelens.sensor", "falco_firelens.settings"},
    "falco_firelens.program": set[str](),
    "falco_firelens.fleet": {
        "falco_firelens.contract",
        "falco_firelens.policy",
        "falco_firelens.program",
        "falco_firelens.sensor",
        "falco_firelens.settings",
    },
    "falco_firelens.setup": {"falco_firelens.settings"},
    "falco_firelens.cli": {
        "falco_firelens.errors",
        "falco_firelens.program",
        *(f"falco_firelens.{room}" for room in PRODUCT),
    },
    "components.aws": {"falco_firelens", "falco_firelens.contract", "falco_firelens.errors"},
    "components.clusters": {"components.aws", "falco_firelens.errors"},
    "components.sensors": {
        "components.aws",
        "falco_firelens.contract",
        "falco_firelens.errors",
        "falco_firelens.sensor",
    },
    "components.delivery": {"components.aws", "falco_firelens.schemas"},
    "components.insights": {"components.aws", "falco_firelens.insight"},
    "components.response": {
        "components.aws",
        "components.delivery",
        "components.insights",
        "components.sensors",
        "falco_firelens.contract",
        "falco_firelens.errors",
        "falco_firelens.insight",
        "falco_firelens.responder",
    },
    "components.watch": {
        "components.aws",
        "falco_firelens.contract",
        "falco_firelens.watch",
    },
    "components.hub": {
        "components.aws",
        "components.delivery",
        "components.insights",
        "falco_firelens.contract",
        "falco_firelens.errors",
        "falco_firelens.insight",
        "falco_firelens.schemas",
    },
    "plugin": {
        "components.aws",
        "components.delivery",
        "components.sensors",
        "components.stack",
        "falco_firelens.contract",
        "falco_firelens.errors",
        "falco_firelens.settings",
    },
    "standin": set[str](),
}
"""What each room imports at most. `components.stack`, which puts a stack together, and what is not the product may
import any room of the product."""


TEMPLATE = "falco_firelens/template/"
"""Files that are copied, not imported."""

MOST_ARGUMENTS = 11
"""Of a component, its place and its tags among them; what belongs together is a group."""


def room(module: str) -> str:
    """The room of a module: its package, or the part of a package that is split."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] in SPLIT else parts[0]


@functools.cache
def sources() -> tuple[tuple[str, Path], ...]:
    """The modules and their files."""
    names = subprocess.check_output(["git", "ls-files", "*.py"], cwd=ROOT, text=True).split()
    return tuple(
        (name[:-3].replace("/", ".").removesuffix(".__init__"), ROOT / name)
        for name in names
        if "tests/" not in name and name != "__main__.py" and not name.startswith(("examples/", TEMPLATE))
    )


@functools.cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@functools.cache
def imported(module: str, file: Path) -> tuple[str, ...]:
    """The modules that a file imports, anywhere in it, with their full names."""
    return tuple(_imported(module, file))


def _imported(module: str, file: Path) -> Iterator[str]:
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{name.name}" for name in node.names) if base in SPLIT else (base,)


ARROWS = sorted(
    {
        (room(module), room(other))
        for module, file in sources()
        for other in imported(module, file)
        if other.split(".")[0] in PACKAGES and room(other) != room(module)
    }
)


def test_no_python_package_but_those_of_the_map_is_at_the_top() -> None:
    assert {module.split(".")[0] for module, _ in sources()} | {"tests"} == PACKAGES


@pytest.mark.parametrize(("importer", "other"), ARROWS)
def test_a_room_imports_only_what_it_may(importer: str, other: str) -> None:
    if importer in ALLOWED:
        assert other in ALLOWED[importer], f"{importer} imports {other}: move what it needs, or change the map"
    if importer not in {"tools", "bench"}:
        assert room(other) not in {"tests", "tools", "bench"}, "nothing imports tests, tools or measurements"
    if importer.split(".")[0] in SPLIT:
        assert other.split(".")[0] in SPLIT, "the product imports nothing that it is not shipped with"


def test_only_the_plugin_uses_pulumis_host_of_components() -> None:
    """It is experimental, and the program shall not break with it."""
    users = {room(module) for module, file in sources() if "provider.experimental" in file.read_text()}
    assert users == {"plugin"}


def test_the_function_takes_the_contract_from_the_standard_library_alone() -> None:
    names = set(imported("falco_firelens.contract", ROOT / "falco_firelens" / "contract.py"))
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_the_program_finds_the_components_by_name_alone() -> None:
    """So that it works where they are `falco_firelens.components`."""
    assert set(imported("falco_firelens.program", ROOT / "falco_firelens" / "program.py")) == {
        "gc",
        "importlib",
        "pathlib",
        "types",
    }


def test_components_import_each_other_by_relative_names() -> None:
    """So that they work as `components` in a clone and as `falco_firelens.components` in a wheel."""
    for module, file in sources():
        if module.startswith("components"):
            assert not re.search(r"^\s*(from|import) components\b", file.read_text(), re.MULTILINE), file


COMPONENTS = {module: parsed(file) for module, file in sources() if module.startswith("components.")}


def named(node: ast.AST) -> set[str]:
    """The names in a piece of code, those in quoted annotations too."""
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return found | {name for text in texts for name in re.findall(r"\w+", text)}


def bases(of: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2] for base in of.bases}


def classes(tree: ast.Module, base: str) -> Iterator[ast.ClassDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and base in bases(node))


READER = "falco_firelens.settings.validation.yaml_text"
"""The one reader of YAML that is bounded."""


def test_yaml_is_parsed_where_a_stack_is_put_together_and_nowhere_else_in_the_components() -> None:
    imports = {module: set(imported(module, file)) for module, file in sources() if module in COMPONENTS}
    parsing = [module for module, names in imports.items() if any(name.startswith(READER) for name in names)]
    assert parsing
    assert {room(module) for module in parsing} == {"components.stack"}
    assert [module for module, names in imports.items() if "yaml" in names] == []


def test_policy_documents_are_framed_in_one_place() -> None:
    framing = [module for module, file in sources() if module in COMPONENTS and VERSION in file.read_text()]
    assert framing == ["components.aws.policy_document"]


def test_no_component_is_the_argument_of_another() -> None:
    components = {node.name for tree in COMPONENTS.values() for node in classes(tree, "ComponentResource")}
    arguments = [
        (f"{module}.{node.name}", line)
        for module, tree in COMPONENTS.items()
        for node in classes(tree, "TypedDict")
        for line in node.body
        if isinstance(line, ast.AnnAssign)
    ]
    assert len(components) > 20 and len(arguments) > 100
    taken = [f"{name}: {ast.unparse(line)}" for name, line in arguments if named(line.annotation) & components]
    assert taken == []


def test_arguments_are_grouped_by_what_they_are_for() -> None:
    long = {
        f"{module}.{node.name}": len(node.body)
        for module, tree in COMPONENTS.items()
        for node in classes(tree, "TypedDict")
        if sum(isinstance(line, ast.AnnAssign) for line in node.body) > MOST_ARGUMENTS
    }
    assert long == {}


def test_every_room_is_on_the_map() -> None:
    rooms = {room(module) for module, _ in sources() if "." in room(module) or module.split(".")[0] not in SPLIT}
    paths = {name.replace(".", "/") for name in rooms - {"falco_firelens.__main__"}}
    paths = {f"{path}/" if (ROOT / path).is_dir() else path for path in paths}
    missing = {path for path in paths if f"`{path}" not in PAGE}
    assert not missing


def test_every_component_type_is_on_the_map() -> None:
    kinds = {
        name
        for module, file in sources()
        if module.startswith("components")
        for name in re.findall(r'"falco-firelens:index:(\w+)"', file.read_text())
    }
    assert kinds
    missing = {kind for kind in kinds if f"`{kind}`" not in PAGE}
    assert not missing
