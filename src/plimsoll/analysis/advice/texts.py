"""Advice that is text alone: the tables of `texts.toml`, and the remediation of a rule that no adviser answers."""

import tomllib
from collections.abc import Sequence
from functools import cache, partial
from importlib import resources
from typing import Any, Final

from pydantic import Field

from plimsoll.analysis.advice.model import Advice, Adviser, PlatformText
from plimsoll.analysis.advice.replay import Priority
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule, Bottleneck
from plimsoll.config import Section, as_frozen

_NAME: Final = "{name}"
_HIGH, _MEDIUM = 85.0, 50.0


class Text(Section):
    """One table: `title` with `{name}` for the resource's name, `text` what to do, `changes` what to paste.

    `changes_for` is what to paste for one of the rules, instead.
    """

    answers: tuple[str, ...]
    priority: Priority
    title: str
    text: str
    platform: tuple[str, str] | None = None
    changes: dict[str, str] = Field(default_factory=dict[str, str])
    changes_for: dict[str, dict[str, str]] = Field(default_factory=dict[str, dict[str, str]])

    def adviser(self, name: str) -> Adviser:
        """The adviser that this table declares."""
        platform = None if self.platform is None else PlatformText(*self.platform)
        return Adviser(
            name=name, answers=frozenset(self.answers), advise=partial(_advise, table=self), platform=platform
        )


@cache
def texts() -> Sequence[Adviser]:
    """The advisers of `texts.toml`."""
    text = (resources.files("plimsoll.analysis.advice") / "texts.toml").read_text("utf-8")
    tables: dict[str, dict[str, Any]] = tomllib.loads(text)
    return [Text.model_validate(as_frozen(values)).adviser(name) for name, values in tables.items()]


def _advise(window: ResourceWindow, bottleneck: Bottleneck, *, table: Text) -> Advice:
    """No gain is promised: it depends on the work."""
    return Advice(
        priority=table.priority,
        title=table.title.replace(_NAME, window.resource.name),
        description=f"{bottleneck.description}. {table.text} If nothing is done: {bottleneck.impact}.",
        changes=table.changes_for.get(bottleneck.rule, table.changes),
    )


def remediation(rule: AnyRule) -> Adviser:
    """The adviser of a rule that no other one answers: what the rule itself says is to be done."""
    return Adviser(name="remediation", answers=frozenset({rule.name}), advise=partial(_remedy, rule=rule))


def _remedy(window: ResourceWindow, bottleneck: Bottleneck, *, rule: AnyRule) -> Advice:
    weight = bottleneck.weight
    return Advice(
        priority="high" if weight >= _HIGH else "medium" if weight >= _MEDIUM else "low",
        title=f"Look into {rule.name.replace('_', ' ')} on {window.resource.name}",
        description=f"{bottleneck.description}. {rule.remediation} If nothing is done: {bottleneck.impact}.",
    )
