"""`[rules.NAME]`: the limits of each rule, in a project's config.

Reading a config loads no rule until one of its limits is set: a process that only collects stays small.
"""

import pkgutil
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, create_model

from plimsoll.analysis.bottlenecks import rules as folder
from plimsoll.config import Section
from plimsoll.extensions import declared


@cache
def rule_names() -> list[str]:
    """Every rule that needs no file of a project, by its file, its table or its package; none is loaded."""
    text = (resources.files("plimsoll.analysis.bottlenecks") / "thresholds.toml").read_text("utf-8")
    files = {module.name for module in pkgutil.iter_modules(folder.__path__)}
    return sorted(files | tomllib.loads(text).keys() | {one.name for one in declared("rules")})


def own_names(folder: Path) -> tuple[str, ...]:
    """The rules that a project's files declare; a file that cannot be read is refused when its rules are loaded."""
    return tuple(sorted({name for path in sorted(folder.glob("*.toml")) for name in _names_in(path)}))


def _names_in(path: Path) -> Iterator[str]:
    try:
        yield from tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return


@cache
def settings(own: tuple[str, ...] = ()) -> type[Section]:
    """The section, with a field for each rule; limits are checked as soon as one is set.

    Those of the project's own rules are checked where the rules are loaded.
    """

    def checked(rule: str) -> object:
        def check(given: dict[str, float]) -> dict[str, float]:
            if given:
                from plimsoll.analysis.bottlenecks.limits import refused
                from plimsoll.analysis.bottlenecks.rule_files import built_in

                if (why := refused(rule, built_in()[rule].limits, given)) is not None:
                    raise ValueError(why)
            return given

        return Annotated[dict[str, float], AfterValidator(check)]

    fields: dict[str, Any] = {
        name: (
            checked(name),
            Field(default_factory=dict[str, float], description=f"limits; see: plimsoll rules show {name}"),
        )
        for name in rule_names()
        if name not in own
    }
    fields |= {name: (dict[str, float], Field(default_factory=dict[str, float])) for name in own}
    return create_model("Rules", __base__=Section, __doc__="`[rules]`: the limits of each rule.", **fields)


def configured(section: Section | None) -> dict[str, dict[str, float]]:
    """What a project's config sets, by rule."""
    given = section.model_dump() if section is not None else {}
    return {rule: values for rule, values in given.items() if values}
