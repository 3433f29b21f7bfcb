"""The distribution is plimsoll-fleet: `pip install plimsoll` would install a stranger's package."""

import re

from tests.house.checkout import tracked
from tests.shared import ROOT

_BARE = re.compile(r"""(?:pip[\w .-]* install (?:-[\w-]+ )*["']?plimsoll(?!-fleet)\b)|(?<![-\w.\[])plimsoll\[[a-z]""")
_TEXT = (".py", ".md", ".toml", ".service", ".timer", "Makefile", ".html", ".j2")


def test_nothing_names_the_bare_install() -> None:
    """No message, page or comment sends anybody to another project's package; extras are plimsoll-fleet[...]."""
    wrong = [
        f"{name}:{number}"
        for name in tracked()
        if name.endswith(_TEXT) and name not in ("CHANGELOG.md", "tests/house/test_names.py")
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1)
        if _BARE.search(line)
    ]
    assert wrong == []


def test_the_pattern_sees_what_it_is_for() -> None:
    """The bare name in every shape, and not ours."""
    for text in (
        "pip install plimsoll",
        'pip install "plimsoll[dask]"',
        "needs plimsoll[pdf]",
        "pip install -U plimsoll",
    ):
        assert _BARE.search(text), text
    for text in ('pip install "plimsoll-fleet[dask]"', "pip install plimsoll-fleet", "[tool.plimsoll]"):
        assert not _BARE.search(text), text
