"""The Pulumi program and its stack files, wherever they are.

The components are beside this package in a clone, and in it once installed.
"""

import gc
import importlib
from pathlib import Path
from types import ModuleType

_PACKAGE = Path(__file__).resolve().parent

CLONE = None if (_PACKAGE / "components").is_dir() else _PACKAGE.parent
"""The clone that this package is part of; None where a wheel was installed."""


STACK_FILES = "Pulumi.*.yaml"
"""The names of stack files: https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/"""


def stack_files(folder: Path) -> list[Path]:
    """Find the stack files of a folder."""
    return sorted(folder.glob(STACK_FILES))


def stack_of(file: Path) -> str:
    """Take a stack's name from that of its file."""
    return file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def nearest_project() -> Path | None:
    """Find the folder of a command's project: the clone, else the current folder if it has a Pulumi.yaml."""
    here = Path.cwd()
    return CLONE or (here if (here / "Pulumi.yaml").is_file() else None)


def component(module: str) -> ModuleType:
    """Import a module of the components by its name below them, such as `stack.sizes`."""
    package = "components" if CLONE else "falco_firelens.components"
    return importlib.import_module(f"{package}.{module}")


def deploy(root: Path | str) -> None:
    """Deploy the stack that the engine runs the program for. Relative paths in its stack file start at `root`."""
    # The program ends after seconds. What it makes stays until then, so looking for garbage as often as Python does
    # takes a quarter of its time and frees next to nothing.
    gc.set_threshold(50_000, 20, 50)
    component("stack.program").deploy(Path(root))


def thin_program(root: Path) -> str:
    """Write a program that does nothing but `deploy`."""
    return f"from falco_firelens.program import deploy\n\ndeploy({str(root)!r})\n"
