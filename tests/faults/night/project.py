"""The project of a bad night: its config, and its own jobs, which note beside it what was acknowledged and queued."""

from pathlib import Path
from typing import Final

from tests.faults.night.exporters import targets

ROWS: Final = 5
CONFIG: Final = """[plimsoll]
name = "night"
[collect]
every = "2s"
names_per_target = 2_000
[schedule]
memory_limit_mb = {memory}
retry_after = "10s"
[mail]
host = "127.0.0.1"
port = {post}
security = "none"
sender = "plimsoll@example.org"
[recipients.all]
address = "ops@example.org"
"""
_NOTE: Final = '''
def note(context: Context, name: str, line: str) -> None:
    """One line in NOTES/name, whole or not at all."""
    how = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    descriptor = os.open(os.path.join({notes!r}, name), how, 0o600)
    os.write(descriptor, f"{{line}}\\n".encode())
    os.close(descriptor)
'''
_WITNESS: Final = '''"""Rows of a batch that no other has."""

import os
import time

from plimsoll import Context, job
from plimsoll.tables import SAMPLES
{note}

@job(schedule="every 1s")
def witness(context: Context) -> None:
    """Appends five rows, and notes their batch once the lake has acknowledged them."""
    batch = f"{{os.getpid()}}-{{time.monotonic_ns()}}"
    keys = {{"ts": context.clock.now(), "device": "", "source": "witness"}}
    rows = [{{**keys, "resource_id": f"{{batch}}/{{n}}", "cpu_utilization_pct": float(n)}} for n in range({rows})]
    context.lake.append(SAMPLES, rows, collector="witness")
    note(context, "acknowledged", batch)
'''
_LETTERS: Final = '''"""Letters, each of its own id and to a recipient of its own, so that no later one digests it."""

import os
import time

from plimsoll import Context, job, tasks
from plimsoll.delivery.message import MailContent, message
{note}

@job(schedule="every 3s")
def letters(context: Context) -> None:
    """Queues one, and sends what is due."""
    now, number = context.clock.now(), f"{{os.getpid()}}.{{time.monotonic_ns()}}"
    letter = MailContent(kind="daily", verdict="calm", subject="night", text="night", html="")
    to, identity = f"r{{number}}@example.org", f"<{{number}}@night.example>"
    body = message(letter, sender="plimsoll@example.org", to=to, identity=identity, fleet="night")
    tasks.deliver.outbox(context).put(
        identity, channel="mail", recipient=to, kind="daily", end=now, body=body, summary="night", now=now
    )
    note(context, "queued", identity)
    tasks.deliver.send_due(context)
'''
_WINDOWS: Final = '''"""A window each minute."""

import os

from plimsoll import Context, job
from plimsoll.clock import rfc3339
{note}

@job(schedule="cron * * * * *")
def windows(context: Context) -> None:
    """Notes the window."""
    note(context, "windows", rfc3339(context.as_of))
'''


def made(root: Path, notes: Path, *, post: int, exporters: int) -> None:
    """The folder with its jobs; `notes` is where they say what they did."""
    (root / "jobs").mkdir(parents=True, exist_ok=True)
    notes.mkdir(parents=True, exist_ok=True)
    note = _NOTE.format(notes=str(notes))
    for name, text in {"witness": _WITNESS, "letters": _LETTERS, "windows": _WINDOWS}.items():
        (root / "jobs" / f"{name}.py").write_text(text.format(note=note, rows=ROWS))
    configured(root, post=post, exporters=exporters)


def letters(root: Path, notes: Path) -> None:
    """Only the job that queues a letter every three seconds and sends what is due."""
    (root / "jobs").mkdir(parents=True, exist_ok=True)
    notes.mkdir(parents=True, exist_ok=True)
    (root / "jobs" / "letters.py").write_text(_LETTERS.format(note=_NOTE.format(notes=str(notes))))


def configured(root: Path, *, post: int, exporters: int, memory: int = 4096) -> None:
    """Its config anew."""
    (root / "config.toml").write_text(CONFIG.format(post=post, memory=memory) + targets(exporters))


def noted(notes: Path, name: str) -> list[str]:
    """The whole lines of a note."""
    path = notes / name
    return path.read_text().split("\n")[:-1] if path.exists() else []
