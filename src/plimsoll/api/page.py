"""The live page: the report's own type and colours; a script of ours asks for the document every half minute."""

import base64
import hashlib

from plimsoll.job import Context
from plimsoll.publish.html import rendered
from plimsoll.settings import Plimsoll


def live_page(context: Context) -> tuple[bytes, str]:
    """(HTML, its content security policy): nothing but our own style and script, and requests to ourselves."""
    style, script, page = rendered(
        "live.html.j2", "live.js.j2", folders=context.templates, fleet=context.config.get("plimsoll", Plimsoll).name
    )
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, policy


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
