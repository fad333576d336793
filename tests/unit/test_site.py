"""The documentation's site: strict, and the same as what GitHub shows of the same pages."""

import re
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from tools import site

ROOT = Path(__file__).resolve().parents[2]
COUNTED = {"h1", "h2", "h3", "li", "pre", "table", "tr", "td", "img"}


class Elements(HTMLParser):
    """Counts elements; of a whole page, those of its article."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        article = re.search(r"<article.*?</article>", page, re.DOTALL)
        self.feed(article[0] if article else page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in COUNTED:
            self.counts[tag] += 1


def built(root: Path, folder: Path) -> Path:
    loaded = load_config(str(root / "mkdocs.yml"), site_dir=str(folder))
    loaded.plugins.on_startup(command="build", dirty=False)
    build(loaded)
    return folder


def small(root: Path, **pages: str) -> Path:
    """Write a small repository with the configuration and the hooks of this one; `fleet` is in its navigation."""
    (root / "docs").mkdir(parents=True)
    (root / "examples").mkdir()
    (root / "tools").mkdir()
    configuration = (ROOT / "mkdocs.yml").read_text()
    (root / "mkdocs.yml").write_text(configuration[: configuration.index("\nnav:")] + "\nnav: [docs/fleet.md]\n")
    (root / "tools/site.py").write_text(Path(site.__file__).read_text())
    for name, text in pages.items():
        (root / f"docs/{name}.md").write_text(text)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("site"))


def test_a_page_has_on_the_site_what_it_has_on_github(pages: Path) -> None:
    github = MarkdownIt("commonmark", {"html": True}).enable("table")
    different: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for path in site.tracked(*site.PAGES):
        here = pages / path.removesuffix(".md").removesuffix("README") / "index.html"
        there = Elements(github.render((ROOT / path).read_text())).counts
        shown = Elements(here.read_text()).counts
        if not there["h1"]:
            del shown["h1"]  # the theme's, from the file's name
        if shown != there:
            different[path] = (shown - there, there - shown)

    assert different == {}


def test_a_reader_loads_nothing_from_another_server(pages: Path) -> None:
    for page in pages.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|iframe)[^>]* src=\"?(https?:[^\" >]+)", page.read_text())
        styles = re.findall(
            r"<link[^>]* href=\"?(https?:[^\" >]+)[^>]*rel=\"?(?:stylesheet|preconnect)", page.read_text()
        )
        assert [*loaded, *styles] == [], page


def test_diagrams_are_drawn_where_mermaid_was_fetched_and_are_text_elsewhere(tmp_path: Path) -> None:
    root = small(tmp_path / "root", fleet="# Fleet\n\n```mermaid\nflowchart LR\n```\n")

    without = (built(root, tmp_path / "without") / "docs/fleet/index.html").read_text()
    (root / ".local/site-scripts").mkdir(parents=True)
    (root / ".local/site-scripts/mermaid.min.js").write_text("")
    drawn = (built(root, tmp_path / "with") / "docs/fleet/index.html").read_text()

    assert 'class="mermaid"' not in without
    assert "flowchart LR" in without
    assert 'class="mermaid"' in drawn
    assert "mermaid.min.js" in drawn


def test_a_page_whose_links_are_there_is_built(tmp_path: Path) -> None:
    root = small(tmp_path / "root", fleet="# Fleet\n\nSee [here](#fleet) and [the file](../Pulumi.yaml).\n")
    (root / "Pulumi.yaml").write_text("name: falco-firelens\n")

    site_folder = built(root, tmp_path / "site")

    assert (site_folder / "Pulumi.yaml").read_text() == "name: falco-firelens\n"


@pytest.mark.parametrize("link", ["nosuch.md", "fleet.md#nosuch", "../examples", "/docs/fleet.md"])
def test_a_broken_link_is_an_error(tmp_path: Path, link: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Abort, match="1 warnings in strict mode"):
        built(small(tmp_path / "root", fleet=f"# Fleet\n\nSee [this]({link}).\n"), tmp_path / "site")
    assert link in caplog.text


def test_a_page_outside_the_navigation_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Abort, match="1 warnings in strict mode"):
        built(small(tmp_path / "root", fleet="# Fleet\n", forgotten="# Forgotten\n"), tmp_path / "site")


@pytest.mark.parametrize(
    ("npm", "reason"),
    [
        (None, "npm is not on PATH"),
        ("echo no such registry >&2; exit 1", "npm could not fetch mermaid@11.16.0: no such registry"),
        ("echo forged > dist.js; mkdir -p package/dist; mv dist.js package/dist/mermaid.min.js; "
         'tar czf "$4/mermaid.tgz" package', "is not the file that was reviewed"),
    ],
)  # fmt: skip
def test_mermaid_is_fetched_or_a_reason_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, npm: str | None, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(site, "SCRIPTS", tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin" if npm else str(tmp_path / "bin"))
    if npm:
        (tmp_path / "bin/npm").write_text(f"#!/bin/sh\n{npm}\n")
        (tmp_path / "bin/npm").chmod(0o755)

    assert reason in site.fetch_mermaid()
    assert not (tmp_path / "scripts" / site.SCRIPT).exists()
