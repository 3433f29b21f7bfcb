"""The rules of a project: the built-in ones and its own, with the limits that its config sets."""

from plimsoll.analysis.bottlenecks.rule import AnyRule
from plimsoll.analysis.bottlenecks.rule_files import rules
from plimsoll.analysis.bottlenecks.settings import configured
from plimsoll.queries.context import QueryContext


def project_rules(sources: QueryContext) -> dict[str, AnyRule]:
    """Every rule by name.

    Raises ConfigError where a file of the project's `rules/` cannot be used.
    """
    return rules(sources.rules_folder, configured(sources.config.sections.get("rules")))
