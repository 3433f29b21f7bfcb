"""Revisions: the report of one window, made again from readings that arrived after it was published."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from plimsoll.clock import instant, rfc3339
from plimsoll.documents.report_kinds import ReportKind
from plimsoll.documents.situation import FILE as SITUATION
from plimsoll.publish.files import listed, place

_LOOKED_AT: Final = 8


@dataclass(frozen=True, slots=True)
class Revision:
    """1 is the report as it was first published; `changed` are the ids of resources whose numbers moved since then.

    The manifest keeps `changed`: a revision says the same each time it is drawn. `is_new`: this one
    is not published yet.
    """

    number: int = 1
    replaces: str = ""
    changed: tuple[str, ...] = ()
    is_new: bool = False


def revision(
    root: Path, kind: ReportKind, document: bytes, *, start: datetime, end: datetime, now: datetime
) -> Revision:
    """Which revision of its window a document is: the same bytes are the same revision."""
    name, folder = kind.document, root / place(root, kind.page, end, now)
    entry = listed(folder).get(name)
    if entry is None or entry["window"] != {"start": rfc3339(start), "end": rfc3339(end)}:
        return Revision()
    number, sha256 = int(entry.get("revision", 1)), str(entry["sha256"])
    before = tuple(map(str, entry.get("changed", ())))
    if hashlib.sha256(document).hexdigest() == sha256:
        return Revision(number, str(entry.get("replaces", "")), before)
    changed = _changed(_read(folder / name), json.loads(document))
    return Revision(number + 1, sha256, tuple(sorted({*before, *changed})), is_new=bool(changed))


def situation_at(root: Path, end: datetime) -> Mapping[str, Any] | None:
    """The situation (its detail) of the published report whose window ended then; None where there is none."""
    for folder in (root / f"{end:%Y/%m/%d}", root / f"{end:%Y/%m/%d}/{end:%H%M%S}"):
        entry = listed(folder).get(SITUATION)
        if entry is not None and instant(entry["window"]["end"]) == end:
            detail = _read(folder / SITUATION).get("detail")
            return cast("Mapping[str, Any]", detail) if isinstance(detail, dict) else None
    return None


def ends_before(root: Path, end: datetime) -> datetime | None:
    """The end of the newest published report before an instant, of the last days that have one."""
    dated = sorted((path for depth in ("*/*/*", "*/*/*/*") for path in root.glob(f"{depth}/{SITUATION}")), reverse=True)
    ends = (
        instant(entry["window"]["end"]) for path in dated[:_LOOKED_AT] if (entry := listed(path.parent).get(SITUATION))
    )
    return max((one for one in ends if one < end), default=None)


def last_window(root: Path, name: str) -> tuple[datetime, datetime] | None:
    """The window of the newest published document of that name: its start and its end."""
    entry = listed(root / "latest").get(name)
    return (instant(entry["window"]["start"]), instant(entry["window"]["end"])) if entry else None


def last_end(root: Path, name: str) -> datetime | None:
    """The end of the window of the newest published document of that name."""
    window = last_window(root, name)
    return window[1] if window else None


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    old, new = _by_resource(before), _by_resource(now)
    return tuple(sorted(one for one, value in new.items() if old.get(one) != value))


def _by_resource(document: Mapping[str, Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in document.get("resources", ()):
        found.setdefault(one["resourceId"], []).append(one)
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found
