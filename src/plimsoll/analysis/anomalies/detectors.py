"""The detectors by name; those of installed packages run where they are asked for by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from plimsoll.analysis.anomalies import flat_line, global_z, silence, straggler, unusual
from plimsoll.analysis.anomalies.contract import Find
from plimsoll.extensions import installed

DETECTORS: Final[Mapping[str, Find]] = MappingProxyType(
    {**installed("detectors"), **{one.NAME: one.find for one in (unusual, silence, flat_line, straggler, global_z)}}
)
DEFAULT: Final = (unusual.NAME, silence.NAME, flat_line.NAME, straggler.NAME)
