"""The network is cut in the middle of a publication: nothing lost, nothing doubled, and the spool drains after."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest

from plimsoll.errors import TemporaryError
from plimsoll.lake.stores import Store, opened
from plimsoll.tables import SAMPLES
from tests.cutting import Fault, Network, network_before
from tests.object_server import BUCKET, CREDENTIALS, object_server
from tests.shared_lakes import NOW, drain, expected, held, host, readings

FAULTS: dict[str, list[Fault]] = {
    "cut": ["reset", "half_request", "503"],  # in turn
    "lost answers": ["lost_answer"],
    "half answers": ["half_answer"],
}


@pytest.fixture(scope="module")
def network() -> Generator[Network]:
    """An object store behind a network that fails on demand."""
    with object_server() as address, network_before(address) as network:
        yield network


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment of a host has."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def store_at(network: Network, prefix: str) -> Store:
    """A prefix of its own for each run."""
    return opened(f"s3://{BUCKET}/{prefix}", endpoint=network.address)


def _between(first: int, last: int, fault: Fault, number: int) -> Fault:
    return fault if first <= number <= last else "pass"


@pytest.mark.long
@pytest.mark.parametrize("kind", FAULTS)
def test_any_request_of_shipping_and_compaction_may_fail(tmp_path: Path, network: Network, kind: str) -> None:
    """The n-th request and those that try it again are cut, for every n until a run has no fault; then all is there."""
    for n in range(1, 60):
        network.begin(lambda _: "pass")
        fault = FAULTS[kind][n % len(FAULTS[kind])]
        lake = host(tmp_path / f"{n}", "a", store_at(network, f"{kind.replace(' ', '-')}-{n}"))
        lake.append(SAMPLES, readings("a", 0, 20), collector="x")
        drain(lake)
        lake.compact(now=NOW)
        lake.append(SAMPLES, readings("a", 20, 20), collector="x")
        # a lost answer is one that the client's own retry would hide: it is cut once, the others until it gives up
        last = n if fault == "lost_answer" else n + 2
        network.begin(partial(_between, n, last, fault))
        failed = False
        try:
            drain(lake)
            lake.compact(now=NOW)
        except TemporaryError:
            failed = True
        reached = network.requests >= n
        network.begin(lambda _: "pass")
        drain(lake)
        lake.compact(now=NOW)
        assert held(lake) == expected(["a"], 0, 40), f"{fault} at request {n}, failed: {failed}"
        assert lake.snapshot().manifest.damaged == {}
        assert lake.spool.waiting().segments == 0
        if not reached:
            assert n > 10, "the run has more requests than that"
            return
    pytest.fail("the loop never came to a run without a fault")


def test_while_the_network_is_down_collecting_goes_on(tmp_path: Path, network: Network) -> None:
    """Readings wait in the spool, and all of them arrive once it is back; appending asks no network."""
    network.begin(lambda _: "pass")
    lake = host(tmp_path, "a", store_at(network, "down"))
    network.down = True
    try:
        for n in range(5):
            lake.append(SAMPLES, readings("a", n * 10, 10), collector="x")
        assert network.requests == 0
        with pytest.raises(TemporaryError, match="does not answer"):
            drain(lake)
    finally:
        network.down = False
    assert lake.spool.waiting().segments == 5
    drain(lake)
    lake.compact(now=NOW)
    assert held(lake) == expected(["a"], 0, 50)
    assert lake.spool.waiting().segments == 0
