"""What is inside a release, and which bytes it is: `python -m tests.house.bill_of_materials DIR`.

Writes into DIR, beside the built files, `SHA256SUMS` and `plimsoll_fleet-VERSION.cdx.json`: CycloneDX 1.5, every
package of the lock with its version and the hashes of the files that may be installed.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from plimsoll.version import __version__
from tests.shared import ROOT

NAME: Final = "plimsoll-fleet"
_PINNED: Final = re.compile(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> list[dict[str, Any]]:
    r"""The packages of a lock file, in its order.

    >>> [one["purl"] for one in components("a-b==1.0 ; x\n    --hash=sha256:" + 64 * "0")]
    ['pkg:pypi/a-b@1.0']
    """
    starts = list(_PINNED.finditer(lock))
    ends = [one.start() for one in starts[1:]] + [len(lock)]
    return [
        {
            "type": "library",
            "name": found[1],
            "version": found[2],
            "purl": f"pkg:pypi/{found[1]}@{found[2]}",
            "hashes": [{"alg": "SHA-256", "content": one} for one in _HASH.findall(lock[found.end() : end])],
        }
        for found, end in zip(starts, ends, strict=True)
    ]


def bill(lock: str, version: str) -> dict[str, Any]:
    """The whole document; the same lock gives the same bytes."""
    about = {"type": "application", "name": NAME, "version": version, "purl": f"pkg:pypi/{NAME}@{version}"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": about},
        "components": components(lock),
    }


def write(folder: Path) -> list[str]:
    """Writes both files; gives the names of what the sums are of."""
    text = json.dumps(bill((ROOT / "requirements.lock").read_text(encoding="utf-8"), __version__), indent=1)
    (folder / f"plimsoll_fleet-{__version__}.cdx.json").write_text(text + "\n", encoding="utf-8")
    files = sorted(one for one in folder.iterdir() if one.is_file() and one.name != "SHA256SUMS")
    sums = "".join(f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in files)
    (folder / "SHA256SUMS").write_text(sums, encoding="ascii")
    return [one.name for one in files]


if __name__ == "__main__":
    print(*write(Path(sys.argv[1])), sep="\n")  # noqa: T201 - a program's answer
