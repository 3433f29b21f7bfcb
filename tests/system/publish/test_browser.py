"""The page in a real browser: no request, no policy violation, no console error; on a desk, a phone and paper."""

import http.server
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from plimsoll.publish.render import html
from plimsoll.publish.views.view import view
from tests.reports import fleet_report, templates
from tests.shared import needs_program

pytestmark = pytest.mark.system
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr"),
)


class Watch(http.server.BaseHTTPRequestHandler):
    """Serves the page and remembers every path that is asked for."""

    page: ClassVar[bytes] = b""
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """The page at /, nothing else."""
        Watch.asked.append(self.path)
        found = self.path == "/"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(Watch.page if found else b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server on loopback that holds the page of 48 resources."""
    Watch.page = html.render(view(fleet_report(), document_sha256="0" * 64), "daily.html.j2", folders=templates())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Watch)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def browse(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One run of headless Chromium."""
    command = [needs_program("chromium"), *FLAGS, f"--user-data-dir={folder}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def test_the_page_asks_for_nothing_and_violates_nothing(address: str, tmp_path: Path) -> None:
    """One request, the page itself; the script ran, so its hash was accepted."""
    Watch.asked.clear()
    done = browse(tmp_path, "--dump-dom", address)
    assert set(Watch.asked) <= {"/", "/favicon.ico"}
    assert not re.search(r"Content Security Policy|CONSOLE.*(error|Refused)", done.stderr, re.IGNORECASE)
    (button,) = re.findall(r'<button id="theme"[^>]*>', done.stdout)
    assert "hidden" not in button


@pytest.mark.parametrize(("width", "height"), [(1280, 1400), (390, 1400)])
def test_it_fits_the_screen_it_is_read_on(address: str, tmp_path: Path, width: int, height: int) -> None:
    """A picture of that size is drawn, and it is not empty."""
    picture = tmp_path / "page.png"
    browse(tmp_path / "profile", f"--window-size={width},{height}", f"--screenshot={picture}", address)
    assert picture.stat().st_size > 40_000


def test_the_printed_report_is_a_few_pages(address: str, tmp_path: Path) -> None:
    """Calm resources are left out of print."""
    paper = tmp_path / "report.pdf"
    browse(tmp_path / "profile", f"--print-to-pdf={paper}", "--no-pdf-header-footer", address)
    pages = len(re.findall(rb"/Type\s*/Page[^s]", paper.read_bytes()))
    assert 1 <= pages <= 6, json.dumps({"pages": pages})
