"""Build what a release publishes, check it, and install it in an empty environment: `make release-check`.

The sdist is built from the checkout and the wheel from the sdist, with the build backend that is locked. Publishing
itself is the workflow's, which has the only permission for it: .github/workflows/release.yml.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.metadata import Metadata

ROOT = Path(__file__).parents[1]
DIST = ROOT / ".local" / "dist"
IMPORT_NAME = "falco_firelens"
RUN = f"{IMPORT_NAME}/policy/run"
"""The engine starts it as a program."""


@dataclass(frozen=True)
class Release:
    """The two files that a release publishes."""

    version: str
    sdist: Path
    wheel: Path


def main() -> int:
    """Build, check and install a release; the code is 1 where something is wrong."""
    version = project_version()
    found = list(_mistakes_before(version))
    if not found:
        release = build(version)
        found = [*mistakes_in(release), *_installed(release)]
    for mistake in found:
        print(f"error: {mistake}", file=sys.stderr)
    if not found:
        print(f"falco-firelens {version} can be published: {DIST.relative_to(ROOT)}")
    return 1 if found else 0


def project_version() -> str:
    """Return the version of pyproject.toml."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def build(version: str, folder: Path = DIST) -> Release:
    """Build the sdist, and the wheel from it."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--offline", "--no-build-isolation"]
    subprocess.run([*command, f"--python={sys.executable}", f"--out-dir={folder}", str(ROOT)], check=True)
    stem = f"{IMPORT_NAME}-{version}"
    return Release(version, folder / f"{stem}.tar.gz", folder / f"{stem}-py3-none-any.whl")


def _mistakes_before(version: str) -> Iterator[str]:
    """Say what is wrong with the version before anything is built; a tag is that of the workflow's run."""
    tag = os.environ.get("GITHUB_REF_NAME", "") if os.environ.get("GITHUB_REF_TYPE") == "tag" else ""
    dated = r" \(\d{4}-\d{2}-\d{2}\)" if tag else ""
    if not re.search(rf"^## {re.escape(version)}{dated}", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE):
        yield f"CHANGELOG.md: expected a section `## {version}{' (YYYY-MM-DD)' if tag else ''}`"
    if tag and tag != f"v{version}":
        yield f"tag {tag}: expected v{version}, the version of pyproject.toml"


def mistakes_in(release: Release) -> Iterator[str]:
    """Say what is wrong with the built files: metadata, import names, missing files, files that are not committed."""
    with zipfile.ZipFile(release.wheel) as wheel:
        names = set(wheel.namelist())
        info = f"{IMPORT_NAME}-{release.version}.dist-info"
        metadata = Metadata.from_email(wheel.read(f"{info}/METADATA"), validate=True)
        executable = wheel.getinfo(RUN).external_attr >> 16 & stat.S_IXUSR if RUN in names else 0
    if str(metadata.version) != release.version:
        yield f"{release.wheel.name}: found version {metadata.version}, expected {release.version}"
    if others := sorted({name.partition("/")[0] for name in names} - {IMPORT_NAME, info}):
        yield f"{release.wheel.name}: found {', '.join(others)} at the top, expected {IMPORT_NAME} alone"
    own = {name for name in names if name.startswith(f"{IMPORT_NAME}/")}
    if missing := sorted(committed() - own):
        yield f"{release.wheel.name}: {missing[0]} is missing, one of {len(missing)} files"
    if more := sorted(own - committed()):
        yield f"{release.wheel.name}: found {more[0]}, one of {len(more)} files that are not committed"
    if not executable:
        yield f"{release.wheel.name}: {RUN} is not executable"
    with tarfile.open(release.sdist) as sdist:
        if secrets := [name for name in sdist.getnames() if re.search(r"/(\.env|\.local|Pulumi\..*\.yaml)$", name)]:
            yield f"{release.sdist.name}: found {secrets[0]}, expected the product's sources alone"


def committed() -> set[str]:
    """Return the names that the committed files of the product have in a wheel."""
    listed = subprocess.check_output(["git", "ls-files", IMPORT_NAME, "components"], cwd=ROOT, text=True).split()
    return {name if name.startswith(f"{IMPORT_NAME}/") else f"{IMPORT_NAME}/{name}" for name in listed}


def _installed(release: Release) -> Iterator[str]:
    """Install the wheel with its extras outside the checkout, and run its command on a stack file of the README."""
    with tempfile.TemporaryDirectory() as folder:
        command = install(release.wheel, Path(folder, "venv"))
        example = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0]
        Path(folder, "Pulumi.prod.yaml").write_text(example)
        for arguments, expected in (
            (["--version"], release.version),
            (["check", "Pulumi.prod.yaml"], "good"),
            (["fleet", "list"], "prod"),
        ):
            done = subprocess.run([command, *arguments], cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode or expected not in done.stdout:
                yield f"falco-firelens {' '.join(arguments)}: found {done.stdout}{done.stderr}, expected {expected}"


def install(wheel: Path, environment: Path) -> Path:
    """Install a wheel with the extra `fleet` in an empty environment, and return its command."""
    venv.create(environment, with_pip=True)
    pip = [str(environment / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"falco-firelens[fleet] @ {wheel.as_uri()}"], check=True)
    return environment / "bin" / "falco-firelens"


if __name__ == "__main__":
    sys.exit(main())
