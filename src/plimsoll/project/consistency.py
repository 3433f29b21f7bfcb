"""Rejects settings that are valid alone but conflict."""

from typing import Final

from plimsoll.config import Config
from plimsoll.delivery.notify import Notify, Route
from plimsoll.delivery.settings import Mail
from plimsoll.errors import ConfigError, nearest, shown
from plimsoll.execution import Execution
from plimsoll.fleet.rule_alerts import RuleAlert
from plimsoll.lake.settings import SharedPlace

_ON_CLUSTERS: Final = ("dask", "ray")


def check_consistency(config: Config) -> Config:
    """The same config; a contradiction between two of its sections is a `ConfigError`.

    Workers of a cluster open the lake by the path of a folder. Of a lake at `[lake] uri` this machine has a cache,
    under a path that they do not have, and the store's credentials do not travel with the work.
    """
    _check_routes(config)
    _check_rule_alerts(config)
    on = config.get("execution", Execution).backend
    if on in _ON_CLUSTERS and config.get("lake", SharedPlace).uri:
        raise ConfigError(
            f'{config.origins["execution", "backend"]}: [execution] backend = "{on}" does not go with [lake] uri: '
            "the workers would need this machine's cache of the lake; "
            'use backend = "processes", or a lake in data/lake that every worker has under the same path'
        )
    return config


def _check_rule_alerts(config: Config) -> None:
    """Every `[rule_alerts.NAME]` is named like a rule."""
    section = config.sections.get("rules")
    known = type(section).model_fields if section is not None else {}
    for name in config.under("rule_alerts", RuleAlert):
        if known and name not in known:
            raise ConfigError(
                f"{_origin(config, 'rule_alerts', name)}: [rule_alerts.{shown(name)}] is not named like a rule; "
                f'did you mean "{nearest(name, known)}"?'
            )


def _origin(config: Config, *section: str) -> str:
    """Where a section's first setting stands."""
    length = len(section)
    return next((where for path, where in config.origins.items() if path[:length] == section), "config.toml")


def _check_routes(config: Config) -> None:
    """Every route leads to channels that are configured; mail needs a server."""
    configured = config.under("notify", Notify)
    for name, route in config.under("routes", Route).items():
        for to in route.to:
            if to not in configured:
                hint = nearest(to, configured)
                known = f'did you mean "{hint}"?' if hint else f"known: {', '.join(configured) or 'none'}"
                raise ConfigError(
                    f'{config.origins["routes", name, "to"]}: [routes.{name}] to names "{shown(to)}", '
                    f"which [notify] does not have; {known}"
                )
    for name, channel in configured.items():
        if channel.kind == "mail" and not config.get("mail", Mail).host:
            raise ConfigError(
                f"{config.origins['notify', name, 'kind']}: [notify.{name}] mails, and [mail] has no server; "
                "set host and sender there"
            )
