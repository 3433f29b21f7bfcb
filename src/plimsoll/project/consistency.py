"""Rejects settings that are valid alone but conflict."""

from typing import Final

from plimsoll.config import Config
from plimsoll.errors import ConfigError
from plimsoll.execution import Execution
from plimsoll.lake.settings import SharedPlace

_ON_CLUSTERS: Final = ("dask", "ray")


def check_consistency(config: Config) -> Config:
    """The same config; a contradiction between two of its sections is a `ConfigError`.

    Workers of a cluster open the lake by the path of a folder. Of a lake at `[lake] uri` this machine has a cache,
    under a path that they do not have, and the store's credentials do not travel with the work.
    """
    on = config.get("execution", Execution).backend
    if on in _ON_CLUSTERS and config.get("lake", SharedPlace).uri:
        raise ConfigError(
            f'{config.origins["execution", "backend"]}: [execution] backend = "{on}" does not go with [lake] uri: '
            "the workers would need this machine's cache of the lake; "
            'use backend = "processes", or a lake in data/lake that every worker has under the same path'
        )
    return config
