"""What things cost: the price file, and the price of each resource by it."""

from plimsoll.prices.price_list import HOURS_A_MONTH, Price, PriceList
from plimsoll.prices.reading import read_prices
from plimsoll.prices.sections import Gpu, Prices

__all__ = ["HOURS_A_MONTH", "Gpu", "Price", "PriceList", "Prices", "read_prices"]
