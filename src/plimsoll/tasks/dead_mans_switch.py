"""The dead man's switch: a file and a ping that are renewed when a daily report was published and delivered.

Monitor the age of `data/delivered.json`, or the ping, to detect that Plimsoll has stopped.
"""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from plimsoll.atomic import write_atomically
from plimsoll.clock import rfc3339
from plimsoll.delivery.settings import Ping
from plimsoll.documents.report_kinds import DAILY
from plimsoll.project.context import Context
from plimsoll.publish.revisions import last_end

FILE: Final = "delivered.json"
_SETTLED: Final = frozenset({"sent", "digested"})


def renewal_due(context: Context) -> datetime | None:
    """The end of the newest daily report, if that was delivered and the switch was not renewed for it."""
    end = last_end(context.published, DAILY.document)
    if end is None:
        return None
    before = read(context.data / FILE)
    if before.get("windowEnd") == rfc3339(end) and not before.get("pingFailed"):
        return None
    return end if _delivered(context, DAILY.name, rfc3339(end)) else None


def renew(context: Context) -> str:
    """Renews the switch for the newest daily report, once; says why the ping did not arrive, if it did not."""
    end = renewal_due(context)
    if end is None:
        return ""
    from plimsoll.delivery.ping import ping

    settings = context.config.get("dead_mans_switch", Ping)
    failed = ping(settings, os.environ.get(settings.url_env)) if settings.url_env else ""
    status = {"windowEnd": rfc3339(end), "at": rfc3339(context.clock.now()), "pingFailed": failed}
    write_atomically(context.data / FILE, json.dumps(status, indent=1).encode() + b"\n")
    return failed


def read(path: Path) -> dict[str, Any]:
    """What the file says; nothing where there is none yet."""
    try:
        status: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return status


def _delivered(context: Context, kind: str, end: str) -> bool:
    """Whether nothing of that window waits or has failed; a report without recipients counts as delivered."""
    recent = context.ledger.outbox.listed(context.clock.now() - timedelta(days=7))
    return all(one.state in _SETTLED for one in recent if one.kind == kind and rfc3339(one.window_end) == end)
