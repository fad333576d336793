"""Lock what is installed: each package by its version and the hashes of its files.

`make lock` writes the locks, with `UPGRADE=1` in the newest versions that no file pins. `--check` says,
without a registry, which lock is missing, does not fit its requirements or could install something else.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

ANYWHERE = ("--universal", "--python-version=3.11")
"""For every platform, and for every Python from the oldest of pyproject.toml on."""

LAMBDA = ("--python-platform=aarch64-manylinux2014", "--python-version=3.13")
"""For what `components/aws/function_package.py` names: Lambda's Python on arm64."""

ONLY_WHEELS = "--only-binary :all:"
"""In a lock: build nothing, because that would run code and fetch build tools, of which no hash is known."""


@dataclass(frozen=True)
class Lock:
    """A lock, the requirements that it is made from, and how it is made.

    It has the versions of the lock `like`, except for `unlike`.
    """

    name: str
    requirements: str
    resolved: Sequence[str] = ANYWHERE
    options: Sequence[str] = ("--require-hashes", ONLY_WHEELS)
    like: str = ""
    unlike: frozenset[str] = frozenset()


FLEET = "requirements-fleet.lock"
LOCKS = (
    Lock(FLEET, "requirements-fleet.txt"),
    Lock(
        "requirements-dev.lock",
        "requirements-dev.txt",
        options=("--require-hashes",),  # not every platform of a developer has wheels of everything
        like=FLEET,
        unlike=frozenset({"setuptools"}),
    ),
    Lock("falco_firelens/responder/requirements.lock", "falco_firelens/responder/requirements.txt", resolved=LAMBDA),
)

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(\[[\w, -]+\])?==(?P<version>[\w.!+]+)")
_ENTRY = re.compile(rf"{_PIN.pattern}( ; [^;#@\\]+?)?(?P<hashes>( --hash=sha256:[0-9a-f]{{64}})*)")
_INPUTS = "# Inputs: sha256:"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the locks; the code is 1 where one is wrong."""
    parser = argparse.ArgumentParser(description="Lock what is installed, with hashes.")
    parser.add_argument("--check", action="store_true", help="write nothing, ask no registry: say what is wrong")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions of what no file pins")
    options = parser.parse_args(arguments)
    if not options.check:
        for lock in LOCKS:
            _write(lock, options.upgrade)
    found = list(mistakes(ROOT))
    for mistake in found:
        print(f"{mistake}; write the locks with: make lock", file=sys.stderr)
    return 1 if found else 0


def mistakes(root: Path) -> Iterator[str]:
    """Say what is wrong with the locks of a folder: each is there, fits its requirements, and has hashes for all."""
    locked: dict[str, Mapping[str, str]] = {}
    for lock in LOCKS:
        if not (root / lock.name).exists():
            yield f"{lock.name}: missing"
            continue
        text = (root / lock.name).read_text()
        yield from (f"{lock.name}: {what}" for what in _mistakes_in(text, lock))
        locked[lock.name] = pins = _versions(text)
        wanted = _wanted(root, lock.requirements)
        if f"{_INPUTS}{_digest(lock, wanted)}\n" not in text:
            yield f"{lock.name}: out of date: {lock.requirements} or a file that it names has changed"
        for name, version in _versions("\n".join(wanted)).items():
            if pins.get(name) != version:
                yield f"{lock.name}: found {name} {pins.get(name, 'missing')}, expected {version}"
    for lock in LOCKS:
        other = locked.get(lock.like, {})
        for name, version in locked.get(lock.name, {}).items():
            if name not in lock.unlike and other.get(name, version) != version:
                yield f"{lock.name}: found {name} {version}, expected {other[name]} as in {lock.like}"


def _mistakes_in(text: str, lock: Lock) -> Iterator[str]:
    lines = list(_lines(text))
    for option in lock.options:
        if option not in lines:
            yield f"found no line {option}"
    for line in lines:
        entry = _ENTRY.fullmatch(line)
        if entry and not entry["hashes"]:
            yield f"found {entry['name']} without a hash"
        elif not entry and line not in lock.options:
            yield f"found {line.partition(' --hash')[0]}, expected NAME==VERSION with hashes"


def _lines(text: str) -> Iterator[str]:
    """Yield requirements and options, each on one line, without comments."""
    for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
        if kept := re.sub(r"(^|\s)#.*", "", line).strip():
            yield kept


def _wanted(root: Path, name: str) -> list[str]:
    """Return the lines of a requirements file and of those that it names."""
    found: list[str] = []
    for line in _lines((root / name).read_text()):
        other = re.fullmatch(r"-r (.+)", line)
        found += _wanted(root, str(Path(name).parent / other[1])) if other else [line]
    return found


def _digest(lock: Lock, wanted: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([*sorted(wanted), *lock.resolved, *lock.options]).encode()).hexdigest()


def _versions(text: str) -> dict[str, str]:
    pins = (_PIN.match(line) for line in _lines(text))
    return {re.sub(r"[-_.]+", "-", pin["name"]).lower(): pin["version"] for pin in pins if pin}


def _write(lock: Lock, upgrade: bool) -> None:
    file = ROOT / lock.name
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--generate-hashes", "--no-header"]
    command += ["--no-annotate", "--no-emit-index-url", *lock.resolved, lock.requirements]
    command += ["--no-build"] if ONLY_WHEELS in lock.options else []
    command += ["--upgrade"] if upgrade else []
    with tempfile.TemporaryDirectory() as folder:
        body, other = Path(folder, "body.txt"), Path(folder, "other.txt")
        body.write_text(
            file.read_text() if file.exists() else ""
        )  # uv keeps its versions where nothing asks for others
        pins = _versions((ROOT / lock.like).read_text()) if lock.like else {}
        other.write_text("\n".join(f"{name}=={version}" for name, version in pins.items() if name not in lock.unlike))
        command += [f"--output-file={body}", f"--constraint={other}"]
        done = subprocess.run(command, cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            sys.exit(f"{lock.name}: uv ended with {done.returncode}, see above")
        head = [
            f"# What {lock.requirements} needs, with the hashes of every file of it. Written by `make lock`.",
            f"{_INPUTS}{_digest(lock, _wanted(ROOT, lock.requirements))}",
            *lock.options,
        ]
        file.write_text("\n".join(head) + "\n" + body.read_text())


def _environment() -> Mapping[str, str]:
    """Return the environment with the registry of pip's configuration, which uv does not read."""
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    index = os.environ.get("PIP_INDEX_URL") or done.stdout.strip()
    return {**({"UV_DEFAULT_INDEX": index} if index else {}), **os.environ}


if __name__ == "__main__":
    sys.exit(main())
