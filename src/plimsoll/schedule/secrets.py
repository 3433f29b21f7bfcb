"""The secrets of a project, as values: what no log, error or report may show.

Settings never hold a secret. A key that ends in `_env` holds the name of an environment variable, one that ends in
`_file` the path of a file; a table of such names works alike.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from plimsoll.config import Config


def secrets_of(config: Config) -> frozenset[str]:
    """Every secret that is set; a variable or file that is missing is its user's trouble, not ours."""
    return frozenset(
        secret for section in config.sections.values() for secret in _secrets(section.model_dump()) if secret
    )


def _secrets(tree: object) -> Iterator[str]:
    if not isinstance(tree, dict):
        return
    for key, value in tree.items():  # pyright: ignore[reportUnknownVariableType] - what pydantic dumps
        name = str(key)  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(value, dict):
            yield from _secrets(value)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, str) and name.endswith("_env"):
            yield os.environ.get(value, "")
        elif isinstance(value, str) and name.endswith("_file") and Path(value).is_file():
            yield Path(value).read_text(encoding="utf-8", errors="replace").strip()
