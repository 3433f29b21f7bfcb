"""Each state of an alert is said once: opened, still open, resolved; muted says nothing; nothing is lost or doubled."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.delivery.notice import Subject
from plimsoll.delivery.notify import Route
from plimsoll.ledger import Alerts
from plimsoll.ledger.notices import Notices
from plimsoll.tables import SAMPLES
from plimsoll.tasks.deliver import send_due
from plimsoll.tasks.watch_alerts import watch
from tests.receivers import Receiver
from tests.unit.notify.conftest import BEGIN, World

Hook = Callable[[str], Receiver]


def said(service: Receiver) -> list[tuple[str, list[str]]]:
    """(state, resources) of each message that came."""
    return [(got.body["state"], [one["resource"] for one in got.body["alerts"]]) for got in service.got]


def test_opened_still_open_and_resolved_once_each_in_one_thread(world: World, hook: Hook) -> None:
    """Seven passes say three things, the later two under the id of the first."""
    service = hook('reports = "never"\n[routes.all]\nto = ["hook"]\nstill_open_after = "10m"\n')
    world.inventory(["a"])
    world.cpu["a"] = 97.0
    for _ in range(5):
        world.read(4)
        world.pass_once()
    world.cpu["a"] = 40.0
    for _ in range(2):
        world.read(2)
        world.pass_once()
    assert said(service) == [("opened", ["a"]), ("still open", ["a"]), ("resolved", ["a"])]
    first, second, third = (got.body for got in service.got)
    assert first["id"] == first["thread"] == second["thread"] == third["thread"]
    assert len({got.body["id"] for got in service.got}) == 3
    assert first["summary"].startswith(
        "Medium alert: a CPU utilization 97 %, over its line at 90 %".replace(" %", "\u202f%")
    )
    assert "is back inside its line" in third["summary"]
    assert (first["openInThread"], third["openInThread"]) == (1, 0)


def test_many_of_one_pass_are_one_message_and_each_thread_goes_on(world: World, hook: Hook) -> None:
    """Five open together, two of them close first: the thread says how many are left."""
    service = hook('reports = "never"\n')
    names = [f"gpu-{n}" for n in range(5)]
    world.inventory(names)
    world.cpu |= dict.fromkeys(names, 99.0)
    world.read(7)
    world.pass_once()
    world.cpu |= {"gpu-0": 10.0, "gpu-1": 10.0}
    world.read(3)
    world.pass_once()
    assert said(service) == [("opened", names), ("resolved", ["gpu-0", "gpu-1"])]
    assert service.got[0].body["summary"].startswith("5 alerts opened, 5 medium: gpu-0 CPU")
    assert service.got[1].body["openInThread"] == 3
    assert service.got[1].body["thread"] == service.got[0].body["id"]


def test_snoozed_and_in_maintenance_nothing_is_said_and_afterwards_it_is(world: World, hook: Hook) -> None:
    """Muted is neither opened nor resolved; the message comes when the mute ends and the alert is still open."""
    end = (BEGIN + timedelta(minutes=20)).isoformat().replace("+00:00", "Z")
    service = hook(
        f'reports = "never"\n[maintenance.m]\nstart = "2026-01-16T00:00:00Z"\nend = "{end}"\nresources = ["a"]\n'
    )
    world.inventory(["a", "b"])
    world.cpu |= {"a": 97.0, "b": 98.0}
    world.read(6)
    watch(world.context)
    (alert,) = [row.id for row in Alerts(world.project.data / "ledger.sqlite").since(BEGIN) if row.resource == "b"]
    send_due(world.context)
    assert said(service) == [("opened", ["b"])]
    Alerts(world.project.data / "ledger.sqlite").snooze(
        alert, BEGIN + timedelta(hours=2), "known", at=world.clock.now()
    )
    world.read(8)
    world.pass_once()
    assert said(service)[1:] == []
    world.read(8)
    world.pass_once()
    assert said(service)[1:] == [("opened", ["a"])]


def test_a_lost_answer_is_asked_once_more_under_the_same_id(world: World, hook: Hook) -> None:
    """F07 for alerts: it may have arrived; the second time it carries the same id, and a third never comes."""
    service = hook('reports = "never"\n')
    world.inventory(["a"])
    world.cpu["a"] = 97.0
    world.read(6)
    service.silent = True
    assert world.pass_once() == ["uncertain"]
    for _ in range(5):
        world.read(1)
        world.pass_once()
    assert len(service.got) == 2
    assert len({(got.body["id"], got.headers["x-plimsoll-message-id"]) for got in service.got}) == 1
    assert world.states() == [("hook", "failed")]


def test_a_service_that_is_down_gets_everything_in_order_when_it_is_back(world: World, hook: Hook) -> None:
    """What waits is tried for two days; the update never overtakes what it answers; a neighbor is not kept waiting."""
    service = hook('reports = "never"\n')
    other = world.service()
    with (world.project.root / "config.toml").open("a", encoding="utf-8") as config:
        config.write(f'[notify.other]\nurl = "{other.url()}"\nreports = "never"\n')
    service.judge = lambda _body, _headers: (503, "down")
    world.inventory(["a"])
    world.cpu["a"] = 97.0
    world.read(6)
    assert sorted(world.pass_once()) == ["later", "sent"]
    world.cpu["a"] = 30.0
    for _ in range(3):
        world.read(10)
        world.pass_once()
    service.judge = lambda _body, _headers: (200, "ok")
    service.got.clear()
    for _ in range(3):
        world.read(6)
        world.pass_once()
    assert said(service) == said(other) == [("opened", ["a"]), ("resolved", ["a"])]
    assert world.states() == [("hook", "sent"), ("other", "sent"), ("hook", "sent"), ("other", "sent")]


def test_an_update_waits_for_the_message_that_it_answers(world: World, hook: Hook) -> None:
    """The first one is to be tried again in ten minutes; what resolves it does not go out before."""
    service = hook('reports = "never"\n')
    service.judge = lambda _body, _headers: (503, "down")
    world.inventory(["a"])
    world.cpu["a"] = 97.0
    world.read(6)
    for _ in range(5):
        assert world.pass_once() == ["later"]
        world.read(13)
    world.pass_once()
    service.judge = lambda _body, _headers: (200, "ok")
    service.got.clear()
    world.cpu["a"] = 30.0
    world.read(3)
    assert world.pass_once() == []
    world.read(13)
    assert world.pass_once() == ["sent", "sent"]
    assert said(service) == [("opened", ["a"]), ("resolved", ["a"])]


def test_above_the_limit_of_an_hour_alerts_wait_and_are_joined(world: World, hook: Hook) -> None:
    """The third message of an hour has everything that came since the second; a critical one does not wait."""
    critical = '[lines.hot]\nmetric = "gpu_temperature_c"\nabove = 90.0\nfor = "0s"\nseverity = "critical"\n'
    service = hook(f'reports = "never"\nper_hour = 2\n{critical}')
    names = [f"n{n}" for n in range(5)]
    world.inventory(names)
    for name in names[:4]:
        world.cpu[name] = 97.0
        world.read(6)
        world.pass_once()
    assert said(service) == [("opened", ["n0"]), ("opened", ["n1"])]
    row = {"ts": world.clock.now(), "resource_id": "n4", "device": "", "source": "t", "gpu_temperature_c": 99.0}
    world.project.lake.append(SAMPLES, [row], collector="t")
    world.read(1)
    world.pass_once()
    assert said(service)[2:] == [("opened", ["n4"])]
    world.read(62)
    world.pass_once()
    assert ("opened", ["n2", "n3"]) in said(service)[3:]


def test_routes_choose_by_severity_type_owner_resource_metric_and_hour(world: World) -> None:
    """An alert of the night waits for the hours of a day's route, and comes if it is still open then."""
    day, owner, nothing = world.service(), world.service(), world.service()
    world.configure(
        "".join(
            f'[notify.{name}]\nurl = "{service.url()}"\nreports = "never"\n'
            for name, service in (("day", day), ("owner", owner), ("nothing", nothing))
        )
        + '[routes.day]\nto = ["day"]\nhours = "18:10-19:00"\nresources = ["gpu-*"]\n'
        + '[routes.owner]\nto = ["owner"]\nowners = ["vision"]\ntypes = ["cluster"]\nmetrics = ["cpu_*"]\n'
        + '[routes.nothing]\nto = ["nothing"]\nat_least = "high"\n'
    )
    world.inventory(["gpu-1"])
    world.inventory(["x"], labels='{"owner": "vision"}')
    world.cpu |= {"gpu-1": 97.0, "x": 97.0}
    world.read(6)
    world.pass_once()
    assert (said(day), said(owner), said(nothing)) == ([], [("opened", ["x"])], [])
    world.read(6)
    world.pass_once()
    assert (said(day), said(owner), said(nothing)) == ([("opened", ["gpu-1"])], [("opened", ["x"])], [])


SUBJECTS = st.fixed_dictionaries(
    {
        "severity": st.sampled_from(["low", "medium", "high", "critical"]),
        "resource": st.sampled_from(["a", "gpu-1"]),
        "type": st.sampled_from(["cluster", "training"]),
        "owner": st.sampled_from(["", "vision"]),
        "metric": st.sampled_from(["silence", "cpu_utilization"]),
    }
)


@given(one=SUBJECTS, narrower=st.sampled_from([{}, {"types": ("training",)}, {"owners": ("vision",)}]))
@settings(max_examples=60)
def test_a_narrower_route_takes_nothing_that_a_wider_one_leaves(
    one: dict[str, str], narrower: dict[str, object]
) -> None:
    """A law of routes: each key only takes away."""
    subject = Subject(id="i", kind="alert", name="n", text="t", opened=BEGIN, **one)  # type: ignore[arg-type]
    wide = Route.model_validate({"to": ("x",)})
    assert wide.takes(subject)
    narrow = Route.model_validate({"to": ("x",), **narrower})
    strict = Route.model_validate({"to": ("x",), "at_least": "high", **narrower})
    assert not strict.takes(subject) or narrow.takes(subject)
    assert strict.takes(subject) == (narrow.takes(subject) and one["severity"] in ("high", "critical"))


def test_a_pass_that_dies_before_its_message_is_queued_says_it_in_the_next(
    world: World, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Message and record are one transaction: a kill between leaves neither, and the next pass makes both."""
    service = hook('reports = "never"\n')
    world.inventory(["a"])
    world.cpu["a"] = 97.0
    world.read(6)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("plimsoll.ledger.notices._forget_resolved", dies)
        with pytest.raises(KeyboardInterrupt):
            watch(world.context)
    assert world.states() == []
    assert Notices(world.project.data / "ledger.sqlite").last("hook") == {}
    world.pass_once()
    watch(world.context)
    assert said(service) == [("opened", ["a"])]
    assert world.states() == [("hook", "sent")]
