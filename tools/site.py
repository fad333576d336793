"""Build the documentation's site: the hooks of mkdocs.yml, and the program that fetches Mermaid.

mkdocs reads one folder, but README.md and the pages of docs/ link to each other and to examples and workflows. The
hooks give it all of them by their paths in the repository, so a link works in the site as it does on GitHub:
https://www.mkdocs.org/user-guide/configuration/#hooks
"""

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pymdownx import superfences

ROOT = Path(__file__).parents[1]

PAGES = ("*.md", ":!AGENTS.md", ":!standin", "docs/*.md", "examples/*.md")
LINKED = ("docs/*.png", "examples", "Pulumi*.yaml", ".github/workflows", "LICENSE")

MERMAID = "mermaid@11.16.0"
SHA256 = "74d7c46dabca328c2294733910a8aa1ed0c37451776e8d5295da38a2b758fb9b"
"""Of its `dist/mermaid.min.js`. The theme is written for Mermaid 11, and would load it from unpkg.com, unpinned:
https://squidfunk.github.io/mkdocs-material/reference/diagrams/
"""

SCRIPTS = ROOT / ".local" / "site-scripts"
SCRIPT = "mermaid.min.js"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Draw diagrams where Mermaid was fetched; the site shows their text otherwise."""
    if (SCRIPTS / SCRIPT).exists():
        fence: dict[str, object] = {"name": "mermaid", "class": "mermaid", "format": superfences.fence_code_format}
        config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [fence]}
        config.extra_javascript.append(SCRIPT)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace the files of docs/ by those of the repository that are part of the site."""
    for file in list(files):
        files.remove(file)
    for path in tracked(*PAGES, *LINKED):
        files.append(File(path, str(ROOT), config.site_dir, config.use_directory_urls))
    if SCRIPT in config.extra_javascript:
        files.append(File(SCRIPT, str(SCRIPTS), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Write for Python-Markdown what GitHub reads otherwise: a list without a blank line before it, and alerts."""
    lines: list[str] = []
    code = False
    for line in markdown.splitlines():
        quote, text = _QUOTE.fullmatch(line).groups()  # pyright: ignore[reportOptionalMemberAccess]: it always matches
        code ^= text.lstrip().startswith("```")
        if not code:
            text = _ALERT.sub(lambda alert: f"**{alert[1].capitalize()}**", text)
            if _ITEM.match(text) and lines and _PROSE.match(lines[-1].removeprefix(quote)):
                lines.append(quote)
        lines.append(quote + text)
    return "\n".join(lines) + "\n"


_QUOTE = re.compile(r"((?:> ?)?)(.*)")
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]")
_ITEM = re.compile(r"[-*] |\d+\. ")
_PROSE = re.compile(r"(?![-*] |\d+\. |\s|#|\|)")


def tracked(*patterns: str) -> Sequence[str]:
    """List the repository's files that match, with new ones that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path for path in set(listed) if (ROOT / path).is_file())


def fetch_mermaid() -> str:
    """Fetch Mermaid with npm, and return why there is none; empty if there is."""
    target = SCRIPTS / SCRIPT
    if target.exists() and _sha256(target.read_bytes()) == SHA256:
        return ""
    target.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            command = ["npm", "pack", "--silent", "--pack-destination", folder, MERMAID]
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        except FileNotFoundError:
            return "npm is not on PATH"
        except subprocess.TimeoutExpired:
            return "npm took longer than two minutes"
        except subprocess.CalledProcessError as error:
            return f"npm could not fetch {MERMAID}: {(error.stderr or error.stdout).strip()}"
        return _unpack(next(Path(folder).glob("*.tgz")), target)


def _unpack(archive: Path, target: Path) -> str:
    with tarfile.open(archive) as package:
        member = package.extractfile(f"package/dist/{SCRIPT}")
        content = member.read() if member else b""
    if _sha256(content) != SHA256:
        return f"{MERMAID} is not the file that was reviewed: its SHA-256 is {_sha256(content)}, expected {SHA256}"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return ""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    if reason := fetch_mermaid():
        print(f"The site shows its diagrams as text: {reason}.", file=sys.stderr)
