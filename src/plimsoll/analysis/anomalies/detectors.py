"""The detectors by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from plimsoll.analysis.anomalies import flat_line, global_z, silence, straggler, unusual
from plimsoll.analysis.anomalies.contract import Find

DETECTORS: Final[Mapping[str, Find]] = MappingProxyType(
    {module.NAME: module.find for module in (unusual, silence, flat_line, straggler, global_z)}
)
DEFAULT: Final = (unusual.NAME, silence.NAME, flat_line.NAME, straggler.NAME)
