"""Addresses that lists name: file_sd, http_sd and patterns; who leaves a list has gone, and is not silent."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from plimsoll.collectors.contract import Reading
from plimsoll.collectors.prometheus.discovery import Found, Listed
from plimsoll.collectors.prometheus.membership import Membership
from plimsoll.collectors.prometheus.settings import Target, expanded
from plimsoll.collectors.prometheus.targets import AddressMaker, Scraper
from plimsoll.fleet.resources import resources_at
from plimsoll.tables import RESOURCES
from tests.clocks import START
from tests.exporters import Handler, exporter

GOOD = b"node_load1 1.5\nnode_memory_MemAvailable_bytes 5\nnode_memory_MemTotal_bytes 10\n"


def groups(*targets: str, **labels: str) -> str:
    """A list with one group."""
    return json.dumps([{"targets": list(targets), "labels": labels}])


def rounds(scraper: Scraper, count: int, first: int = 0) -> list[Reading]:
    """Several rounds, half a minute apart."""
    made: list[Reading] = []
    for n in range(first, first + count):
        made.append(scraper.read(START + timedelta(seconds=30 * n), 30.0 * n))
        time.sleep(0.05)
    return made


def asked(readings: Sequence[Reading]) -> set[str]:
    """The resources of the samples."""
    return {row["resource_id"] for one in readings for row in one.samples}


def promised(readings: Sequence[Reading], resource: str) -> bool:
    """Whether readings are expected of a resource after all this."""
    empty: Mapping[str, Any] = dict.fromkeys(column.name for column in RESOURCES.columns)
    rows = [{**empty, **row} for one in readings for row in one.resources]
    return {one.resource_id: one for one in resources_at(rows)}[resource].is_promised


def test_a_pattern_means_its_addresses() -> None:
    """Digits as many as the first number has; commas and several spans; an address without any is itself."""
    assert expanded("http://n[1-2]-[07,09-10]:1/m") == [
        f"http://n{a}-{b}:1/m" for a in (1, 2) for b in ("07", "09", "10")
    ]
    target = Target.model_validate({"urls": ("http://gpu-[001-128]:9100/metrics",), "mapping": "node"})
    assert (len(target.addresses), target.addresses[8]) == (128, "http://gpu-009:9100/metrics")
    assert expanded("http://[::1]:9100/metrics") == ["http://[::1]:9100/metrics"]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"urls": ("http://n[9-2]/m",)}, "has a span that cannot be"),
        ({"urls": ("http://n[1-900000000]/m",)}, "has a span that cannot be"),
        ({"urls": ("http://n[1-200][1-200]/m",)}, "means more than 10,000 addresses"),
        ({"urls": ("ftp://n[1-2]/m",)}, "is not an address"),
        ({}, "needs urls, file_sd or http_sd"),
        ({"http_sd": "nonsense"}, "is not an address"),
    ],
)
def test_what_names_no_address_is_refused(settings: dict[str, Any], why: str) -> None:
    """At the door, with the reason."""
    with pytest.raises(ValidationError, match=why):
        Target.model_validate({"mapping": "node", **settings})


def test_targets_of_a_file_come_and_go(tmp_path: Path) -> None:
    """A new one is read at the next look; one that leaves has gone: not read, and not silent; labels name things."""
    (tmp_path / "mappings").mkdir()
    path = tmp_path / "nodes.json"
    with exporter(lambda h: h.body(GOOD)) as one, exporter(lambda h: h.body(GOOD)) as two:
        first, second = f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}"
        path.write_text(groups(first, rack="a"))
        target = Target.model_validate(
            {"file_sd": ("nodes.json",), "mapping": "node", "resource": "{rack}-{port}", "labels": {"rack": "{rack}"}}
        )
        scraper = Scraper({"t": target}, interval_s=30.0, own=tmp_path / "mappings")
        made = rounds(scraper, 2)
        assert asked(made) == {f"a-{one.port}"}
        assert '{"rack": "a"}' in {row.get("labels") for row in made[0].resources}
        path.write_text(groups(second, rack="b"))
        later = rounds(scraper, 4, 2)
        scraper.close()
    assert asked(later[1:]) == {f"b-{two.port}"}
    assert not promised(made + later, f"a-{one.port}")
    assert promised(made + later, f"b-{two.port}")
    told = [row for one_ in later for row in one_.collections if row["source"] == "discovery"]
    assert [row["reason"] for row in told] == ["1 targets came, 1 went"]


def test_a_list_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    """What it named is read on; that it cannot be read is said, in words, and once more when it can."""
    (tmp_path / "mappings").mkdir()
    path = tmp_path / "nodes.json"
    with exporter(lambda h: h.body(GOOD)) as one:
        path.write_text(groups(f"127.0.0.1:{one.port}"))
        target = Target.model_validate(
            {"file_sd": ("nodes.json",), "mapping": "node", "resource": "{port}", "refresh": "30s"}
        )
        scraper = Scraper({"t": target}, interval_s=30.0, own=tmp_path / "mappings")
        rounds(scraper, 1)
        path.write_text("- targets: [a:1]\n")
        broken = rounds(scraper, 2, 1)
        path.unlink()
        gone = rounds(scraper, 2, 3)
        path.write_text(groups(f"127.0.0.1:{one.port}", "a b:1", "x/y:2"))
        mended = rounds(scraper, 2, 5)
        scraper.close()
    assert asked(broken) == asked(gone) == asked(mended) == {str(one.port)}
    said = [
        row["reason"] for part in (broken, gone, mended) for one_ in part for row in one_.collections if not row["ok"]
    ]
    assert any("nodes.json: is not JSON" in text and "YAML is not read" in text for text in said)
    assert any("cannot be read (No such file or directory); the 1 targets known before are read on" in t for t in said)
    assert any('"a b:1" is not host:port' in text or "a b:1 is not host:port" in text for text in said)


def test_http_sd_is_asked_as_prometheus_asks(tmp_path: Path) -> None:
    """The header with the interval; scheme, path and parameters from the labels that Prometheus keeps for them."""
    (tmp_path / "mappings").mkdir()
    headers: list[str | None] = []
    paths: list[str] = []

    def answer(handler: Handler) -> None:
        paths.append(handler.path)
        handler.body(GOOD)

    with exporter(answer) as one:

        def told(handler: Handler) -> None:
            headers.append(handler.headers.get("X-Prometheus-Refresh-Interval-Seconds"))
            text = groups(f"127.0.0.1:{one.port}", __metrics_path__="/deep", __param_module="gpu")
            handler.body(text.encode(), Content_Type="application/json")

        with exporter(told) as lists:
            target = Target.model_validate(
                {"http_sd": f"http://127.0.0.1:{lists.port}/sd", "mapping": "node", "resource": "{port}"}
            )
            scraper = Scraper({"t": target}, interval_s=30.0, own=tmp_path / "mappings")
            made = rounds(scraper, 1)
            scraper.close()
    assert (headers, paths) == (["60"], ["/deep?module=gpu"])
    assert asked(made) == {str(one.port)}


def test_who_left_while_nothing_was_collected_has_gone_too(tmp_path: Path) -> None:
    """What the lists named is remembered over a restart; and read on where the list cannot be read at the start."""
    (tmp_path / "mappings").mkdir()
    path = tmp_path / "nodes.json"
    target = Target.model_validate({"file_sd": ("nodes.json",), "mapping": "node", "resource": "{port}"})
    with exporter(lambda h: h.body(GOOD)) as one, exporter(lambda h: h.body(GOOD)) as two:
        path.write_text(groups(f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}"))
        first = Scraper({"t": target}, interval_s=30.0, own=tmp_path / "mappings")
        made = rounds(first, 2)
        memory = json.loads(json.dumps(first.memory()))
        first.close()
        path.write_text(groups(f"127.0.0.1:{one.port}"))
        second = Scraper({"t": target}, interval_s=30.0, own=tmp_path / "mappings")
        second.recall(memory)
        later = rounds(second, 2, 4)
        second.close()
        path.unlink()
        third = Scraper({"t": target}, interval_s=30.0, own=tmp_path / "mappings")
        third.recall(memory)
        blind = rounds(third, 2, 8)
        third.close()
    assert asked(made) == asked(blind) == {str(one.port), str(two.port)}
    assert asked(later) == {str(one.port)}
    assert not promised(made + later, str(two.port))
    assert promised(made + later, str(one.port))


def test_a_resource_that_others_still_speak_of_has_not_gone(tmp_path: Path) -> None:
    """Two addresses of one resource: when one leaves, readings are expected of the other."""
    (tmp_path / "mappings").mkdir()
    path = tmp_path / "nodes.json"
    target = Target.model_validate({"file_sd": ("*.json",), "mapping": "node", "resource": "{name}"})
    with exporter(lambda h: h.body(GOOD)) as one, exporter(lambda h: h.body(GOOD)) as two:
        path.write_text(groups(f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}"))
        scraper = Scraper({"t": target}, interval_s=30.0, own=tmp_path / "mappings")
        made = rounds(scraper, 2)
        path.write_text(groups(f"127.0.0.1:{two.port}"))
        made += rounds(scraper, 4, 2)
        scraper.close()
    assert promised(made, "t")


def test_names_that_cannot_be_and_addresses_of_others_are_told(tmp_path: Path) -> None:
    """A label with control characters names nothing; what another target scrapes already is not scraped twice."""
    (tmp_path / "mappings").mkdir()
    with exporter(lambda h: h.body(GOOD)) as one, exporter(lambda h: h.body(GOOD)) as two:
        (tmp_path / "n.json").write_text(groups(f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}", rack="a\x1b[31m"))
        fixed = Target.model_validate({"urls": (two.url,), "mapping": "node", "resource": "fixed"})
        listed = Target.model_validate({"file_sd": ("n.json",), "mapping": "node", "resource": "{rack}"})
        scraper = Scraper({"a": fixed, "b": listed}, interval_s=30.0, own=tmp_path / "mappings")
        made = rounds(scraper, 2)
        scraper.close()
    assert asked(made) == {"fixed"}
    said = [row["reason"] or "" for each in made for row in each.collections]
    assert any("1 are scraped by another target already" in text for text in said)
    assert any("name no resource" in text for text in said)


def test_a_memory_of_another_shape_is_none(tmp_path: Path) -> None:
    """What cannot be read of the run before costs nothing."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "n.json").write_text("[]")
    target = Target.model_validate({"file_sd": ("n.json",), "mapping": "node"})
    shapes: tuple[Any, ...] = (
        None,
        [],
        {"lists": 7},
        {"lists": {"t": [1]}},
        {"lists": {"t": {"u": 3}}},
        {"http://x": 5},
    )
    for memory in shapes:
        scraper = Scraper({"t": target}, interval_s=30.0, own=tmp_path / "mappings")
        scraper.recall(memory)
        assert rounds(scraper, 1)[0].samples == []
        scraper.close()


def test_ten_thousand_targets_that_leave_at_once_are_gone_at_once() -> None:
    """One look over the others, however many have gone."""
    targets = {"t": Target.model_validate({"file_sd": ("n.json",), "mapping": "node", "resource": "{host}"})}
    make = AddressMaker(targets, interval_s=30.0)
    members = Membership({}, targets, make)
    urls = [f"http://n{n}:1/metrics" for n in range(10_000)]
    members.take("t", Listed({url: Found(url) for url in urls}), 0.0, now=START)
    before = time.process_time()
    made = members.take("t", Listed({url: Found(url) for url in urls[:5_000]}), 0.0, now=START)
    assert time.process_time() - before < 5
    assert len([row for row in made.resources if row["interval_s"] is None]) == 5_000
    make.close()
