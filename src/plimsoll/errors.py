"""What can go wrong, as the user sees it: one line that says what, where, and what to do.

PlimsollError            1   the command completed and the result is negative
├── UsageError           2   a command, a parameter or a file that the user gave is not acceptable
│   ├── BadParameter         one value is outside its allowed ones
│   └── ConfigError          config.toml: file, line, key
│       └── UnknownSetting   with the nearest known name
├── LakeError            1   stored data is damaged, or newer than this program
│   └── RowsRefused          rows that a table does not take: a name, a type, a value out of bounds
├── DiskError           74   the disk refused (full, read-only, I/O error)
├── AlreadyLocked       73   another scheduler or compactor owns the project
└── TemporaryError      75   nothing is broken, but not now

Any other exception is a mistake of the program itself (70).

The number is the exit code of the command line.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN_CHARS = 200
BUG = 70
"""The exit code where the program itself made a mistake."""
INTERRUPTED = 130
"""The exit code after Ctrl-C."""


def shown(text: object) -> str:
    r"""Foreign text made fit for one line of a message: control characters escaped, cut at 200 characters.

    >>> shown("a\x1b[2J\nb")
    'a\\x1b[2J\\nb'
    """
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in str(text))
    return safe if len(safe) <= _SHOWN_CHARS else safe[: _SHOWN_CHARS - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that the user most likely meant, if one is near.

    >>> nearest("intervall", ["interval", "path"])
    'interval'
    """
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


class PlimsollError(Exception):
    """The root of every error that Plimsoll raises on purpose; its text is one line for the user."""

    exit_code = 1


class UsageError(PlimsollError):
    """What the user gave cannot be used."""

    exit_code = 2


class BadParameter(UsageError):
    """One parameter's value is refused; carries the name and the allowed values for the HTTP answer.

    >>> str(BadParameter("granularity", "30s", allowed=["10s", "1m"]))
    'granularity "30s" is not allowed; use one of: 10s, 1m'
    """

    def __init__(self, name: str, value: object, *, allowed: Iterable[str] = (), why: str = "is not allowed") -> None:
        self.name = name
        self.allowed = tuple(allowed)
        hint = f"; use one of: {', '.join(map(shown, self.allowed))}" if self.allowed else ""
        super().__init__(f'{name} "{shown(value)}" {why}{hint}')


class UnknownName(BadParameter):
    """A parameter names something that is not there."""


class ConfigError(UsageError):
    """A setting is refused; the text begins with `file:line`."""


class UnknownSetting(ConfigError):
    """A key that no setting has; carries the nearest known name."""

    def __init__(self, key: str, where: str, known: Iterable[str]) -> None:
        self.key = key
        self.did_you_mean = nearest(key, known)
        hint = f"known here: {', '.join(sorted(known))}"
        if self.did_you_mean:
            hint = f'did you mean "{self.did_you_mean}"?'
        super().__init__(f'{where}: unknown setting "{shown(key)}"; {hint}')


class LakeError(PlimsollError):
    """Stored data cannot be trusted or understood."""


class RowsRefused(LakeError):
    """Rows are not as their table asks for; others beside them may be."""


class DiskError(PlimsollError):
    """The disk refused."""

    exit_code = 74


class AlreadyLocked(PlimsollError):
    """Another process owns what was asked for."""

    exit_code = 73


class TemporaryError(PlimsollError):
    """Nothing is broken; ask again later."""

    exit_code = 75
