"""Writes docs/reference from the program itself: `python -m tests.house.reference` (or `make docs`).

A page is a pure function of the live objects; `test_reference.py` fails when a stored page is not what it would be.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

import plimsoll
from plimsoll.analysis.bottlenecks.limits import bounds_of
from plimsoll.analysis.bottlenecks.rule_files import built_in
from plimsoll.cli.commands import every_command
from plimsoll.config import Section
from plimsoll.metrics import CATALOGUE
from plimsoll.project import Project, builtin_root, sections
from plimsoll.tables import TABLES
from tests.house.faults import FAULTS, INPUTS, UNTESTED, named_in_tests
from tests.shared import ROOT

_EXIT_CODES = (
    "Every command has `--help`. Exit codes: 0 fine, 1 the command completed and the result is negative "
    "(damaged files, unhealthy, nothing sent), 2 usage or configuration, "
    "70 a bug in Plimsoll, 73 the project is held by another scheduler, 74 the disk, 75 try again later, "
    "130 interrupted "
    "([more](../howto/when-something-is-wrong.md#exit-codes))."
)
_MOST_TESTS = 3
"""Of a code, on the page."""
FOLDER = ROOT / "docs" / "reference"


def settings_page() -> str:
    """Every section and setting."""
    parts = ["# Settings", "Durations are written with their unit: `30s`, `5m`, `1h`, `7d`."]
    for name, kind in sections().items():
        first = (kind.__doc__ or "").strip().split("\n")[0]
        parts.append(
            f"## `[{name.replace('*', 'NAME')}]`\n\n{first}\n\n{_table(('key', 'default', 'meaning'), _settings(kind))}"
        )
    return _page(parts)


def metrics_page() -> str:
    """The catalogue of metrics."""
    rows = (
        (f"`{m.name}`", m.unit.value, m.component.value, m.worse.value, f"{m.low:g} to {m.high:g}", m.meaning)
        for m in CATALOGUE.values()
    )
    return _page(
        [
            "# Metrics",
            "Each is a nullable column of the table `samples`: null is unknown, zero is measured.",
            (
                "What one device reads outside `can be` is refused alone, before any sum, and named in `collections`; "
                "of what adds up, a resource as a whole may have ten thousand times as much. GPU power is bounded by "
                "twice the card's limit."
            ),
            _table(("metric", "unit", "component", "worse", "can be", "meaning"), rows),
        ]
    )


def rules_page() -> str:
    """The bottleneck rules, each with its limits."""
    parts = [
        "# Rules",
        "What `plimsoll rules list` knows. `[rules.gpu_idle] least_hours = 6` in `config.toml` sets a limit.",
        "A project adds rules of its own in `rules/*.toml` ([how](../howto/find-bottlenecks.md)).",
    ]
    for name, rule in built_in().items():
        limits = bounds_of(rule.limits).items()
        rows = [(f"`{key}`", f"{one.value:g}", f"{one.low:g} to {one.high:g}", one.meaning) for key, one in limits]
        reads = ", ".join(f"`{metric}`" for metric in rule.reads) or "the coverage of the readings"
        place = f"{rule.use.part}, {rule.use.kind}"
        about = f"{rule.summary}. Reads {reads}; {place}. {rule.remediation}"
        parts.append(f"## `{name}`\n\n{about}\n\n{_table(('limit', 'default', 'bounds', 'meaning'), rows)}")
    return _page(parts)


def tables_page() -> str:
    """The lake's tables."""
    parts = [
        "# Tables",
        "What `plimsoll sql` sees. A row is identified by the columns of its key; the last one written wins.",
    ]
    for table in TABLES.values():
        rows = ((f"`{c.name}`", c.kind, "yes" if c.required else "", c.meaning) for c in table.columns)
        key = ", ".join(f"`{name}`" for name in table.key)
        parts.append(f"## `{table.name}`\n\nKey: {key}.\n\n{_table(('column', 'kind', 'required', 'meaning'), rows)}")
    return _page(parts)


def commands_page() -> str:
    """The command line."""
    root = every_command()
    parts = [
        "# Commands",
        _EXIT_CODES,
    ]
    for words, command in sorted(_commands(root, ("plimsoll",))):
        rows = [_option(o) for o in command.params if isinstance(o, TyperOption | TyperArgument) and not o.hidden]
        listing = f"\n\n{_table(('option', 'meaning'), rows)}" if rows else ""
        parts.append(f"## `{' '.join(words)}`\n\n{(command.help or '').strip()}{listing}")
    return _page(parts)


def jobs_page() -> str:
    """The built-in jobs."""
    project = Project(builtin_root(), builtin_root())
    rows = ((f"`{name}`", project.job(name).schedule, project.job(name).summary) for name in project.jobs())
    return _page(
        [
            "# Jobs",
            "The files of `jobs/`; a project's own file of the same name replaces one.",
            _table(("job", "when", "does"), rows),
        ]
    )


def faults_page() -> str:
    """What was thought of, what is promised then, which test holds it."""
    tests = named_in_tests()
    parts = [
        "# Faults and bad input",
        (
            f"{len(FAULTS)} faults and {len(INPUTS)} bad inputs. Each has a test that names it in its docstring, "
            f"but for {len(UNTESTED)}: {', '.join(UNTESTED) or 'none'}."
        ),
    ]
    for title, promises in (("Faults", FAULTS), ("Bad input", INPUTS)):
        rows = [
            (code, promise, ", ".join(f"`{one.removeprefix('tests/')}`" for one in tests.get(code, ())[:_MOST_TESTS])
             or f"not tested: {UNTESTED.get(code, '')}")
            for code, promise in promises.items()
        ]  # fmt: skip
        parts.append(f"## {title}\n\n{_table(('code', 'promise', 'tests'), rows)}")
    return _page(parts)


def api_page() -> str:
    """The public face: each name with its signature, what it means, and its members."""
    parts = [
        "# API",
        "What `import plimsoll` gives; a job, a notebook or another program needs nothing else.",
    ]
    for name in sorted(plimsoll.__all__, key=str.lower):
        value: object = getattr(plimsoll, name)
        text = inspect.cleandoc(inspect.getdoc(value) or "") if name not in _VALUES else _VALUES[name]
        parts.append(f"## `{name}{_signature(value)}`\n\n{_without_examples(text)}{_members(value)}")
    return _page(parts)


def _signature(value: object) -> str:
    if not inspect.isfunction(value):
        return ""
    signature = inspect.signature(value)
    return "(" + ", ".join(one.name if one.default is one.empty else f"{one.name}={one.default!r}"
                           for one in signature.parameters.values()) + ")"  # fmt: skip


def _members(value: object) -> str:
    """A class's public methods and properties, and a module's functions, with their first sentences."""
    if inspect.isclass(value):
        found = [(name, one) for name, one in vars(value).items() if not name.startswith("_")]
        found = [(name, getattr(one, "__func__", one)) for name, one in found if _is_documented(one)]
    elif inspect.ismodule(value):
        found = [(name, getattr(value, name)) for name in getattr(value, "__all__", ())]
    else:
        return ""
    rows = [(f"`{name}`", _cell((inspect.getdoc(one) or "").split("\n")[0])) for name, one in sorted(found)]
    return f"\n\n{_table(('member', 'meaning'), rows)}" if rows else ""


def _is_documented(one: object) -> bool:
    return isinstance(one, property | classmethod | staticmethod) or inspect.isfunction(one)


def _without_examples(text: str) -> str:
    return "\n\n".join(part for part in text.split("\n\n") if not part.startswith(">>>"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_VALUES = {
    "__version__": "The version of Plimsoll.",
    "CATALOGUE": "Every metric by its name, as a `Metric`.",
}


def command_names() -> set[str]:
    """The first word of every command."""
    return {words[1] for words, _ in _commands(every_command(), ("plimsoll",))}


PAGES: dict[str, Callable[[], str]] = {
    "api.md": api_page,
    "commands.md": commands_page,
    "faults.md": faults_page,
    "jobs.md": jobs_page,
    "metrics.md": metrics_page,
    "rules.md": rules_page,
    "settings.md": settings_page,
    "tables.md": tables_page,
}


def _page(parts: Sequence[str]) -> str:
    return "\n\n".join([parts[0], "<!-- written by `make docs`; do not edit -->", *parts[1:]]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in lines)
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)


def _settings(kind: type[Section]) -> Iterator[Sequence[str]]:
    for key, name in kind.by_key().items():
        field = kind.model_fields[name]
        default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
        yield f"`{key}`", default, field.description or ""


def _commands(command: object, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _commands(inner, (*words, name))
    elif isinstance(command, TyperCommand):
        yield words, command


def _option(option: TyperOption | TyperArgument) -> Sequence[str]:
    names = (
        [*option.opts, *option.secondary_opts] if isinstance(option, TyperOption) else [option.metavar or "ARGUMENT"]
    )
    return ", ".join(f"`{name}`" for name in names), option.help or ""


def write(folder: Path) -> None:
    """Writes every page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
