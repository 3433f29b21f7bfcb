"""Settings that have a new name: the old one is refused with the new one named, and `plimsoll upgrade` rewrites it."""

import re
from types import MappingProxyType
from typing import Final

RENAMED: Final = MappingProxyType(
    {
        "execution.on": "execution.backend",
        "execution.block": "execution.block_size",
        "hold": "legal_hold",
        "lines.*.lasting": "lines.*.for",
        "lines.*.margin": "lines.*.clear_margin",
        "mail.tries": "mail.max_attempts",
        "mail.within": "mail.give_up_after",
        "ping": "dead_mans_switch",
        "retention.learnt": "retention.baselines",
        "serve.heavy_at_once": "serve.max_concurrent_documents",
        "targets.*.also": "targets.*.second_resource",
        "webhooks.*.when": "notify.*.reports",
        "webhooks": "notify",
    }
)
"""Old dotted name -> new one; `*` is a name that the user chose, a name without a dot is a whole section."""

_HEADER: Final = re.compile(r"^(\s*#?\s*\[+\s*)([^\]#]+?)(\s*\]+.*)$")
_KEY: Final = re.compile(r"^(\s*#?\s*)([A-Za-z_][\w-]*)(\s*=.*)$")


def new_name(path: tuple[str, ...]) -> str | None:
    """The new dotted name of a setting, if it has one.

    >>> new_name(("lines", "cpu", "lasting")), new_name(("hold", "case-7", "since")), new_name(("mail", "host"))
    ('lines.cpu.for', 'legal_hold.case-7.since', None)
    """
    for old, new in RENAMED.items():
        parts = old.split(".")
        exact = len(parts) == len(path) or len(parts) == 1
        if exact and all(part in ("*", given) for part, given in zip(parts, path, strict=False)):
            named = [given if part == "*" else part for part, given in zip(new.split("."), path, strict=False)]
            return ".".join([*named, *path[len(parts) :]])
    return None


def upgraded(text: str) -> tuple[str, list[str]]:
    r"""A config.toml with today's names, line by line, comments kept; and what was renamed.

    >>> upgraded('[lines.cpu]\nlasting = "5m"  # five minutes\n')
    ('[lines.cpu]\nfor = "5m"  # five minutes\n', ['lines.cpu.lasting -> lines.cpu.for'])
    """
    section: tuple[str, ...] = ()
    lines, renamed = list[str](), list[str]()
    for line in text.split("\n"):
        written = line
        if header := _HEADER.match(line):
            section = tuple(part.strip().strip("\"'") for part in header[2].split("."))
            if (new := new_name((section[0],))) is not None:
                written = f"{header[1]}{new}{header[2][len(section[0]) :]}{header[3]}"
                renamed.append(f"[{header[2]}] -> [{new}{header[2][len(section[0]) :]}]")
        elif (key := _KEY.match(line)) and (new := new_name((*section, key[2]))) is not None:
            last = new.rpartition(".")[2]
            if last != key[2]:
                written = f"{key[1]}{last}{key[3]}"
                renamed.append(f"{'.'.join((*section, key[2]))} -> {new}")
        lines.append(written)
    return "\n".join(lines), renamed
