"""Boxes of the page, measured in a real browser at seven widths: nothing is cut, no text lies over its neighbour."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from plimsoll.publish.render import html
from plimsoll.publish.views.view import view
from tests.reports import fleet_report, templates
from tests.system.publish.test_browser import browse

pytestmark = pytest.mark.system
WIDTHS = (360, 390, 768, 900, 1000, 1280, 1600)
MEASURE = """<script>addEventListener("load", () => {
  const edge = document.documentElement.clientWidth, found = [];
  const seen = (one) => { const box = one.getBoundingClientRect(); return box.width > 0 && box.height > 0 };
  const said = (one) => one.tagName + " " + one.className + " " + one.textContent.trim().slice(0, 30);
  for (const one of document.querySelectorAll("body *")) {
    if (!seen(one) || one.closest("svg") || one.closest(".skip") || one.closest("thead")) continue;
    const box = one.getBoundingClientRect();
    if (box.right > edge + 1 || box.left < -1) found.push("beyond the edge: " + said(one));
  }
  for (const row of document.querySelectorAll("tr, .line")) {
    const cells = [...row.children].filter(seen);
    cells.slice(0, -1).forEach((cell, place) => {
      if (getComputedStyle(cell).overflow !== "visible") return;
      const range = document.createRange();
      range.selectNodeContents(cell);
      const text = range.getBoundingClientRect(), next = cells[place + 1].getBoundingClientRect();
      const apart = text.bottom <= next.top + 1 || next.bottom <= text.top + 1 || text.right <= next.left + 1;
      if (text.width && !apart && text.right > cell.getBoundingClientRect().right + 1)
        found.push("over its neighbour: " + said(cell));
    });
  }
  const note = document.createElement("pre");
  note.id = "found";
  note.textContent = JSON.stringify(found.slice(0, 9));
  document.body.append(note);
});</script></body>"""
FRAME = """<body style="margin:0"><pre id="out"></pre>
<iframe id="page" src="page.html" style="border:0;height:900px;width:{width}px"></iframe>
<script>
const found = () => document.getElementById("page").contentDocument.getElementById("found").textContent;
setTimeout(() => {{ document.getElementById("out").textContent = found(); }}, 3000);
</script></body>"""


def measured(folder: Path, page: str, width: int) -> list[str]:
    """What is wrong at a width; a frame gives widths that no window may have."""
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)  # or our script would not run
    (folder / "page.html").write_text(open_page.replace("</body>", MEASURE), "utf-8")
    (folder / "frame.html").write_text(FRAME.format(width=width), "utf-8")
    flags = ("--allow-file-access-from-files", "--window-size=1700,1000", "--virtual-time-budget=9000", "--dump-dom")
    dumped = browse(folder / "profile", *flags, (folder / "frame.html").as_uri()).stdout
    out = re.search(r'<pre id="out">(.*?)</pre>', dumped, re.DOTALL)
    assert out is not None, dumped[-500:]
    assert out[1], "the page was not measured"
    found: list[str] = json.loads(unescape(out[1]))
    return found


@pytest.fixture(scope="module")
def page() -> str:
    """A fleet of 48 with its GPUs."""
    return html.render(view(fleet_report(), document_sha256="0" * 64), "daily.html.j2", folders=templates()).decode()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_and_nothing_overlaps(page: str, tmp_path: Path, width: int) -> None:
    """From a small phone to a wide screen; at 900 and 1000 the tables ran over the right edge."""
    assert measured(tmp_path, page, width) == []


def test_the_measure_sees_what_it_is_for(page: str, tmp_path: Path) -> None:
    """The same page with a table that is too wide, and with a cell that runs into the next one."""
    wide = page.replace("</head>", "<style>table{width:2000px!important}</style></head>")
    assert any(one.startswith("beyond the edge: TABLE") for one in measured(tmp_path, wide, 1280))
    narrow = page.replace("</head>", "<style>td{max-width:20px;white-space:nowrap}</style></head>")
    assert any(one.startswith("over its neighbour") for one in measured(tmp_path, narrow, 1280))
