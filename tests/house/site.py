"""The documentation as a folder of plain pages that opens without a network: `python -m tests.house.site DIR`.

Each Markdown file under docs becomes one page; links between them stay relative, links to other files of the repository
become their text. No script, no font, nothing is fetched.
"""

import html
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.shared import ROOT

DOCS: Final = ROOT / "docs"
_PARTS: Final = (
    ("", ("index.md", "tutorial.md", "howto/first-week.md", "howto/recipes.md")),
    ("Concepts", ("concepts/*.md", "glossary.md", "architecture.md")),
    ("How to", ("howto/*.md",)),
    ("Reference", ("reference/*.md", "scale.md", "why-not.md")),
    ("Decisions", ("decisions/*.md",)),
)
_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--ink3:#777;--paper2:#8881}
body{margin:0;font:16px/1.55 system-ui,sans-serif;display:grid;grid-template-columns:17rem minmax(0,1fr)}
nav{padding:1rem;border-right:1px solid var(--line);height:100vh;overflow:auto;position:sticky;top:0;
  box-sizing:border-box}
nav a{display:block;text-decoration:none;padding:.1rem 0;color:inherit}
nav a[aria-current]{font-weight:700} nav h2{font-size:.8rem;color:var(--ink3);margin:1rem 0 .2rem}
main{padding:1rem 2rem 4rem;max-width:60rem} h1{line-height:1.2}
pre{background:var(--paper2);padding:.7rem;overflow:auto;border-radius:4px} code{font-size:.9em}
.wide{overflow:auto} table{border-collapse:collapse}
td,th{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
img{max-width:100%}
@media(max-width:50rem){body{display:block} nav{position:static;height:auto;border:0} main{padding:1rem}}
"""


@dataclass(frozen=True)
class Page:
    """One page: its path under docs, its title, its body, and the anchors that it has."""

    path: str
    title: str
    body: str
    anchors: frozenset[str]

    @property
    def target(self) -> str:
        """Where it stands in the site."""
        return self.path.removesuffix(".md") + ".html"


def slug(heading: str) -> str:
    """A heading's anchor, as the places that show Markdown make it.

    >>> slug("Who may ask?"), slug("`plimsoll up --serve`")
    ('who-may-ask', 'plimsoll-up---serve')
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def chapters() -> Iterator[tuple[str, list[str]]]:
    """The parts of the contents, with the paths of their pages; each page stands once."""
    seen: set[str] = set()
    for name, patterns in _PARTS:
        found = [str(p.relative_to(DOCS)) for pattern in patterns for p in sorted(DOCS.glob(pattern))]
        new = [one for one in dict.fromkeys(found) if one not in seen]
        seen.update(new)
        yield name, new


def page(path: str) -> Page:
    """One page of docs, its links turned to those of the site."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    text = re.sub(r"^<!--.*?-->\n", "", (DOCS / path).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    tokens = parser.parse(text)
    anchors: list[str] = []
    title = path
    for n, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[n + 1].content
            anchors.append(_once(slug(heading), anchors))
            token.attrSet("id", anchors[-1])
            title = heading if len(anchors) == 1 else title
        for child in token.children or ():
            _turn(child, path)
    body = parser.renderer.render(tokens, parser.options, {})
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return Page(path, re.sub(r"[`*]", "", title), body, frozenset(anchors))


def _once(name: str, known: list[str]) -> str:
    count = sum(one == name or re.fullmatch(rf"{re.escape(name)}-\d+", one) is not None for one in known)
    return f"{name}-{count}" if count else name


def _turn(token: Token, path: str) -> None:
    """A link to a page of docs leads to it in the site; one to another file of the repository has no place to lead."""
    link = token.attrGet("href")
    if token.type != "link_open" or not isinstance(link, str) or urlsplit(link).scheme:
        return
    target, _, anchor = link.partition("#")
    if not target:
        return
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if place.startswith("..") or not (place.endswith(".md") or (DOCS / place).is_file()):
        token.attrs = {"title": posixpath.normpath(posixpath.join("docs", place))}
    elif place.endswith(".md"):
        token.attrSet("href", target.removesuffix(".md") + ".html" + (f"#{anchor}" if anchor else ""))


def write(out: Path) -> list[str]:
    """Writes the site; gives the paths of its pages."""
    made = {path: page(path) for _, paths in chapters() for path in paths}
    shutil.rmtree(out, ignore_errors=True)
    for one in made.values():
        target = out / one.target
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_whole(one, made), encoding="utf-8")
    for other in DOCS.rglob("*"):
        if other.is_file() and other.suffix in (".png", ".json", ".toml", ".ipynb"):
            copied = out / other.relative_to(DOCS)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(other, copied)
    return sorted(one.target for one in made.values())


def _whole(one: Page, made: dict[str, Page]) -> str:
    up = "../" * one.path.count("/")
    lines: list[str] = []
    for name, paths in chapters():
        lines += [f"<h2>{html.escape(name)}</h2>"] if name else []
        for path in paths:
            here = ' aria-current="page"' if path == one.path else ""
            lines.append(f'<a href="{up}{made[path].target}"{here}>{html.escape(made[path].title)}</a>')
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(one.title)} · Plimsoll</title>\n<style>{_STYLE}</style>\n"
        f'<nav aria-label="Contents">\n' + "\n".join(lines) + f"\n</nav>\n<main>\n{one.body}</main>\n</html>\n"
    )


if __name__ == "__main__":
    print(f"{len(write(Path(sys.argv[1])))} pages: {sys.argv[1]}/index.html")  # noqa: T201 - a program's answer
