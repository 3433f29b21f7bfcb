"""What things cost: the price file, and the price of each resource by it."""

from plimsoll.fleet.prices.price_list import HOURS_A_MONTH, Price, PriceList
from plimsoll.fleet.prices.reading import read_prices
from plimsoll.fleet.prices.sections import Gpu, Prices

__all__ = ["HOURS_A_MONTH", "Gpu", "Price", "PriceList", "Prices", "read_prices"]
