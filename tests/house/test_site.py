"""The documentation's links lead somewhere, in the repository and in the site that is made of it."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from plimsoll.api.parameters import PERFORMANCE
from tests.house.checkout import tracked
from tests.house.site import DOCS, chapters, page, slug, write
from tests.shared import ROOT

_LINK = re.compile(r"\]\(([^)\s]+)\)")


class Links(HTMLParser):
    """What a page points at, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.to: list[tuple[str, str]] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        """One element."""
        self.to += [(name, value or "") for name, value in attrs if name in ("href", "src")]
        self.anchors |= {value or "" for name, value in attrs if name == "id"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, made once."""
    out = tmp_path_factory.mktemp("site") / "site"
    assert len(write(out)) > 40
    return out


def test_every_page_of_docs_is_in_the_contents() -> None:
    """A page that nothing leads to is not there for a reader."""
    listed = {path for _, paths in chapters() for path in paths}
    assert listed == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"reference/README.md"}


def test_every_link_of_the_site_leads_to_a_file_and_an_anchor_of_it(site: Path) -> None:
    """Opened from a folder, without a network: no address, nothing from the root, nothing missing."""
    pages = {path: Links(path) for path in site.rglob("*.html")}
    wrong: list[str] = []
    for path, links in pages.items():
        for name, link in links.to:
            target, _, anchor = link.partition("#")
            there = (path.parent / target).resolve() if target else path
            if urlsplit(link).scheme and name == "href":
                continue
            if urlsplit(link).scheme or link.startswith("/") or not there.is_file():
                wrong.append(f"{path.relative_to(site)}: {link}")
            elif anchor and anchor not in pages[there].anchors:
                wrong.append(f"{path.relative_to(site)}: {link}: no such heading")
    assert wrong == []
    assert sum(len(links.to) for links in pages.values()) > 1_000


@pytest.mark.parametrize("path", sorted(name for name in tracked() if name.endswith(".md")))
def test_every_link_of_a_page_in_the_repository_leads_somewhere(path: str) -> None:
    """Files and folders of the repository, and headings of pages."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / path).read_text(encoding="utf-8"), flags=re.DOTALL)
    for found in _LINK.finditer(text):
        link = found[1]
        target, _, anchor = link.partition("#")
        if urlsplit(link).scheme:
            continue
        there = (ROOT / path).parent / target if target else ROOT / path
        assert there.exists(), f"{path}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert anchor in map(slug, headings), f"{path}: {link}"


def test_nothing_of_a_page_runs_or_is_fetched(site: Path) -> None:
    """No script, no style sheet, no font from elsewhere."""
    for path in site.rglob("*.html"):
        assert not re.search(r"<script|<link|@import|url\(", path.read_text(encoding="utf-8")), path


def test_the_parameters_of_the_page_are_those_of_the_service() -> None:
    """The table that people read names each parameter of the documents, and no other."""
    text = (DOCS / "howto" / "use-the-api.md").read_text(encoding="utf-8").split("## Parameters")[1].split("## ")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    others = {"analyzeBottlenecks", "includeRecommendations", "threshold", "horizon", "demand", "add"}
    assert named == {*PERFORMANCE, *others}


def test_a_page_keeps_what_its_markdown_says() -> None:
    """Headings with anchors, tables, code as it is, and no HTML of its own."""
    made = page("glossary.md")
    assert made.title == "Glossary"
    assert "<table>" in made.body
    assert "wrong-heading" not in made.anchors
