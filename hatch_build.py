"""Ships this repository's own project folder inside the wheel, and only there."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShipProject(BuildHookInterface[Any]):
    """An editable install reads the checkout itself; a wheel carries `plimsoll/_builtin/`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds config.toml, jobs/ and reports/templates/ to the standard wheel."""
        if version == "standard":
            for path in ("config.toml", "jobs", "reports/templates"):
                build_data["force_include"][path] = f"plimsoll/_builtin/{path}"
