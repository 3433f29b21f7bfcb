"""The price file: what it says of each resource, what is said beside an amount, and what is refused."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from plimsoll.analysis.advice.cost import adding, freeing
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.config import Layer, load
from plimsoll.errors import PlimsollError
from plimsoll.fleet.prices import PriceList, Prices, read_prices
from plimsoll.fleet.resources import Resource

NOW = datetime(2026, 1, 16, 18, tzinfo=UTC)
FILE = """
[list]
as_of = 2026-01-01
source = "contract 4711"
currency = "EUR"

[gpus.h100]
model = "H100"
per_h = 4.0

[gpus.h100-north]
model = "H100"
region = "north"
per_h = 3.0

[resources."gpu.one"]
per_h = 10.0

[types.endpoint]
type = "endpoint"
per_replica_h = 1.5

[types.cluster]
type = "cluster"
per_core_h = 0.05

[commitments.reserved]
models = ["H100"]
share = 0.6
until = 2026-06-30
discount = 0.3
"""


def read(folder: Path, text: str = FILE, *, stale: str = "180d") -> PriceList:
    """The list as it stands now."""
    (folder / "prices.toml").write_text(text, encoding="utf-8")
    config = load(
        [Layer("config.toml", f'[prices]\nfile = "prices.toml"\nstale_after = "{stale}"')], {"prices": Prices}
    )
    return read_prices(config, folder, NOW)


def machine(
    name: str = "a", *, region: str | None = None, price: float | None = None, model: str = "NVIDIA H100 80GB"
) -> Resource:
    """Eight GPUs and a hundred cores."""
    return Resource(
        resource_id=name, name=name, type="cluster", region=region, labels={"gpu_model": model}, gpu_count=8.0,
        cpu_count=100.0, price_usd_per_h=price,
    )  # fmt: skip


def test_the_parts_of_a_resource_make_its_price(tmp_path: Path) -> None:
    """GPUs by model and region, cores by type; its own price before its parts; a service by its replicas."""
    prices = read(tmp_path)

    def per_h(resource: Resource) -> float | None:
        price = prices.of(resource)
        return price.per_h if price else None

    assert per_h(machine()) == pytest.approx(8 * 4 + 100 * 0.05)
    assert per_h(machine(region="north")) == pytest.approx(8 * 3 + 100 * 0.05)
    assert per_h(machine("gpu.one")) == 10.0
    assert per_h(Resource(resource_id="s", name="s", type="endpoint", replicas_count=3.0, gpu_count=3.0)) == 4.5


def test_a_price_is_never_guessed(tmp_path: Path) -> None:
    """A model without an entry, two models in one machine, and dollars of the inventory in a list of euros."""
    prices = read(tmp_path)
    assert prices.of(machine(model="GH200")) is None
    assert prices.of(machine(model="H100, A100")) is None
    assert prices.of(machine(model="GH200", price=7.0)) is None
    assert PriceList().of(machine()) is None
    known = PriceList().of(machine(price=7.0))
    assert known is not None
    assert (known.per_h, known.currency, known.as_of) == (7.0, "USD", None)


def test_an_amount_says_its_price_its_date_and_what_is_committed_to(tmp_path: Path) -> None:
    """Half of 37 euros an hour for 730 hours; sixty per cent of it are paid for either way; more is at list price."""
    case = ResourceWindow(machine(), {}, 288, 300.0, 1.0, prices=read(tmp_path))
    cost = freeing(case, 0.5)
    assert cost.saving_per_month == pytest.approx(37 * 730 * 0.5 * 0.4)
    assert cost.text == (
        "saves €13,505 a month at list price, €5,402 after the 60 % that are committed to until 2026-06-30 "
        "(prices of 2026-01-01, contract 4711)"
    )
    assert adding(case, 0.5).text == "costs €13,505 a month (prices of 2026-01-01, contract 4711)"
    old = ResourceWindow(machine(), {}, 288, 300.0, 1.0, prices=read(tmp_path, stale="7d"))
    assert "(prices of 2026-01-01, 15 days old, contract 4711)" in str(freeing(old, 0.5).text)


def test_a_commitment_ends(tmp_path: Path) -> None:
    """The day after its last the whole of it is saved."""
    prices = read(tmp_path, FILE.replace("2026-06-30", "2026-01-15"))
    price = prices.of(machine())
    assert price is not None
    assert (price.share, price.until) == (0.0, None)
    assert prices.on == date(2026, 1, 16)


def test_without_a_price_there_are_gpu_hours() -> None:
    """And nothing at all where there are no GPUs either."""
    assert freeing(ResourceWindow(machine(), {}, 288, 300.0, 1.0), 0.5).text == "frees 2,920 GPU-hours a month"
    bare = Resource(resource_id="a", name="a", type="storage")
    assert freeing(ResourceWindow(bare, {}, 288, 300.0, 1.0), 1.0).text is None
    assert adding(ResourceWindow(bare, {}, 288, 300.0, 1.0), 1.0).text is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FILE.replace("as_of", "asof"), "prices.toml:3"),
        (FILE.replace("per_h = 4.0", "per_h = -4.0"), "[gpus.h100] per_h"),
        (FILE.replace('"EUR"', '"euro"'), "is not a currency"),
        (FILE.replace("share = 0.6", "share = 1.6"), "[commitments.reserved] share"),
        (FILE.replace('type = "cluster"', 'type = "klaster"'), "is not a resource type"),
        (FILE.replace("[list]", "[list"), "prices.toml"),
        ("[gpus.h100]\nmodel = 'H100'\nper_h = 4.0\n", "[list] as_of"),
    ],
)
def test_what_is_no_price_list_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    """With the file, the line or the section, and what it should be."""
    with pytest.raises(PlimsollError) as refused:
        read(tmp_path, text)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_not_ones_own_is_refused(tmp_path: Path) -> None:
    """A missing file, and one outside the project."""
    for name, says in (("none.toml", "cannot be read"), ("../prices.toml", "outside the project")):
        config = load([Layer("config.toml", f'[prices]\nfile = "{name}"')], {"prices": Prices})
        with pytest.raises(PlimsollError, match=says):
            read_prices(config, tmp_path, NOW)
