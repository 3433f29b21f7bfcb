"""Reads the price file; what cannot be one is refused by name, with its line."""

from datetime import datetime
from pathlib import Path

from plimsoll.config import Config, Layer, Section, load
from plimsoll.errors import ConfigError
from plimsoll.fleet.prices.price_list import PriceList
from plimsoll.fleet.prices.sections import Commitment, Gpu, Head, OfType, One, Prices


def read_prices(config: Config, folder: Path, at: datetime) -> PriceList:
    """The price file that `[prices]` names, as it stands at an instant; what cannot be one is refused by name."""
    settings = config.get("prices", Prices)
    if not settings.file:
        return PriceList(on=at.date())
    path = folder / settings.file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f"[prices] file: {settings.file} is outside the project; put it into the project's folder")
    layer = Layer.read(path, origin=settings.file)
    kinds: dict[str, type[Section]] = {
        "list": Head, "gpus.*": Gpu, "resources.*": One, "types.*": OfType, "commitments.*": Commitment,
    }  # fmt: skip
    listed = load([layer], kinds)
    return PriceList(
        head=listed.get("list", Head),
        gpus=listed.under("gpus", Gpu),
        resources=listed.under("resources", One),
        types=listed.under("types", OfType),
        commitments=tuple(listed.under("commitments", Commitment).values()),
        stale_after_s=settings.stale_after,
        on=at.date(),
    )
