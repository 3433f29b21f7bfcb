"""Pages of the service: live, the list of reports, signing in.

The report's own type and colors, our own script only.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

from plimsoll.clock import rfc3339
from plimsoll.config.engine import Plimsoll
from plimsoll.project.context import Context
from plimsoll.publish.render.html import rendered
from plimsoll.tables import SAMPLES

_DAY: Final = re.compile(r"\d{4}/\d{2}/\d{2}(/\d{6})?")
_MOST_DAYS: Final = 60


def live_page(context: Context, *, signed_in: bool = False) -> tuple[bytes, str]:
    """(HTML, its content security policy): a script of ours asks for the document every half minute."""
    known = context.lake.snapshot(proven=False).span(SAMPLES)
    last = rfc3339(known[1]) if known else ""
    fleet = _fleet(context)
    made = rendered(
        "live.html.j2", "live.js.j2", folders=context.templates, fleet=fleet, signed_in=signed_in, last=last
    )
    allowed = f"script-src '{_hash(made.script)}'; connect-src 'self'; "
    return made.page, _policy(made.style, allowed, form="'self'" if signed_in else "'none'")


def reports_page(context: Context) -> tuple[bytes, str]:
    """(HTML, its policy): what was published last, and on each of the last sixty days."""
    root = context.published
    dated = (path for depth in ("*/*/*", "*/*/*/*") for path in root.glob(depth) if path.is_dir())
    days = sorted((str(path.relative_to(root)) for path in dated), reverse=True)
    names = ["latest", *[day for day in days if _DAY.fullmatch(day)][:_MOST_DAYS]]
    folders = [(name, files) for name in names if (files := _files(root / name))]
    made = rendered("index.html.j2", None, folders=context.templates, fleet=_fleet(context), listed=folders)
    return made.page, _policy(made.style, "")


def sign_in_page(context: Context, *, why: str, to: str, link: str = "") -> tuple[bytes, str]:
    """(HTML, its policy): the form that takes a token, or uses a `link` up; `why` it is shown again, `to` its page."""
    fleet = _fleet(context)
    made = rendered("sign_in.html.j2", None, folders=context.templates, fleet=fleet, why=why, to=to, link=link)
    return made.page, _policy(made.style, "", form="'self'")


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("[!.]*") if path.is_file())


def _fleet(context: Context) -> str:
    return context.config.get("plimsoll", Plimsoll).name


def _policy(style: str, more: str, *, form: str = "'none'") -> str:
    allowed = f"style-src '{_hash(style)}'; {more}"
    return f"default-src 'none'; {allowed}base-uri 'none'; form-action {form}; frame-ancestors 'none'"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
