"""Builds programs from a Go module into a cache outside the clone, so that a second clone finds them built."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path

from localcloud.console import Step
from localcloud.errors import LocalCloudError
from localcloud.toolchain.cache import cache, locked
from localcloud.toolchain.modules import MODULES, GoModule, ModuleFile

GO_HINT = (
    "Install Go 1.26 or newer (https://go.dev/dl), or put the program itself on PATH. "
    "Go is what the local cloud builds the programs with that this machine lacks."
)


def build(module: GoModule, names: Sequence[str]) -> Path:
    """Return the folder with the named programs and the module's extras, built now if they are not there yet.

    A build that is killed leaves nothing behind but Go's own cache, from which the next one goes on.

    Raises:
        LocalCloudError: Go is absent or too old, or it failed.
    """
    folder = _folder(module)
    if _missing(folder, module, names):
        with locked(folder, f"building {module.title}"):
            missing = _missing(folder, module, names)
            if missing:
                _build(module, [name for name in missing if name in module.packages], folder)
    return folder


def built(name: str) -> bool:
    """Whether an earlier run has built a program, with all that goes with it."""
    return any(name in module.packages and not _missing(_folder(module), module, [name]) for module in MODULES)


def _folder(module: GoModule) -> Path:
    return cache() / f"{module.folder}-{_digest(module)}"


def _missing(folder: Path, module: GoModule, names: Sequence[str]) -> list[str]:
    return [name for name in (*names, *module.extras) if not (folder / name).exists()]


def _digest(module: GoModule) -> str:
    """Of everything that decides what is built; a newer Go alone does not make the programs stale."""
    digest = hashlib.sha256(repr(module).encode())
    for file in _sources(module):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _sources(module: GoModule) -> list[Path]:
    return sorted([module.path / "go.mod", module.path / "go.sum", *module.path.glob("*.go")])


def _build(module: GoModule, names: Sequence[str], folder: Path) -> None:
    position = f"{MODULES.index(module) + 1} of {len(MODULES)}: " if module in MODULES else ""
    title = f"building {module.title} ({position}{', '.join(names) or 'files'})"
    with Step(title) as step, tempfile.TemporaryDirectory(dir=cache(), prefix="building-") as temporary:
        source, target = Path(temporary, "source"), Path(temporary, "bin")
        source.mkdir()
        target.mkdir()
        step.progress("fetching modules")
        for file in _sources(module):
            shutil.copy(file, source)
        for name, file in module.sources.items():
            _copy(file, source / name)
        for name, file in module.extras.items():
            _copy(file, target / name)
        if names:
            _compile(_Go(source), module, names, target, step)
        folder.mkdir(exist_ok=True)
        for file in target.iterdir():
            file.replace(folder / file.name)


def _copy(file: ModuleFile, target: Path) -> None:
    go = _Go(Path(__file__).parent / file.pinned_by)
    version = go.run("list", "-m", "-f", "{{.Version}}", file.module).strip()
    folder = json.loads(go.run("mod", "download", "-json", f"{file.module}@{version}"))["Dir"]
    shutil.copyfile(Path(folder, file.path), target)
    target.chmod(0o755 if target.suffix == "" else 0o644)


def _compile(go: "_Go", module: GoModule, names: Sequence[str], target: Path, step: Step) -> None:
    """All programs in one `go build`: they share most packages, and link side by side."""
    packages = [module.packages[name] for name in names]
    total = len(go.run("list", "-deps", *packages).splitlines())
    options = ("-v", "-buildvcs=false", "-ldflags", module.ldflags, "-o", f"{target}/")
    for done, _ in enumerate(go.lines("build", *options, *packages), start=1):
        step.progress(f"{done} of at most {total} packages")
    for name, package in zip(names, packages, strict=True):
        (target / _binary(go, package)).rename(target / name)


def _binary(go: "_Go", package: str) -> str:
    """Return the file name that `go build` gives a program."""
    return Path(go.run("list", "-f", "{{.Target}}", package).strip()).name


class _Go:
    """The go command in one module's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = shutil.which("go")
        if found is None:
            raise LocalCloudError(f"go is not on PATH. {GO_HINT}")
        self._go = found

    def run(self, *arguments: str) -> str:
        """Its output."""
        done = subprocess.run([self._go, *arguments], cwd=self._folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise self._failed(arguments, done.stderr)
        return done.stdout

    def lines(self, *arguments: str) -> Generator[str]:
        """Yield what it writes to standard error, a line at a time."""
        written: list[str] = []
        with subprocess.Popen(
            [self._go, *arguments], cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr
            for line in process.stderr:
                written.append(line)
                yield line
        if process.returncode:
            raise self._failed(arguments, "".join(written))

    def _failed(self, arguments: Sequence[str], errors: str) -> LocalCloudError:
        hint = f" {GO_HINT}" if "requires go >=" in errors else ""
        end = "\n".join(f"    {line}" for line in errors.strip().splitlines()[-15:])
        return LocalCloudError(f"`go {' '.join(arguments[:2])} …` failed in {self._folder}.{hint}\n{end}")
