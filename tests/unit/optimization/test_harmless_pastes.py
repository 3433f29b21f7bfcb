"""What is to be pasted fits the thing that it acts on: no job is drained, no GPU is bought for a processor."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import advisers_for, assess
from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in
from plimsoll.fleet.resources import Resource
from tests.contracts.rules.planted import every

KINDS = ("cluster", "endpoint", "training", "ai-service", "storage", "network")


@cache
def advice(kind: str) -> list[Advice]:
    """All that is advised on what is planted for each rule, on resources of one kind, without and with facts."""
    found: list[Advice] = []
    for name, planted in every().items():
        bare = Resource(resource_id="it", name="it", type=kind)
        for resource in (bare, replace(bare, gpu_count=4.0, replicas_count=6.0, cpu_count=64.0, memory_bytes=5e11)):
            readings = {metric: row[::2] for metric, row in planted.readings.items()}
            devices = {key: row[::2] for key, row in planted.devices.items()}
            window = ResourceWindow(resource, readings, 288, 300.0, 1.0, devices)
            seen = built_in()[name].evaluate(window)
            if seen is not None:
                found += [one for by in advisers_for(built_in()[name]) if (one := by.give(window, seen)) is not None]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_machine_is_drained_and_only_a_service_is_a_deployment(kind: str) -> None:
    """A training job is no node, a host is no deployment: nothing that acts on the wrong thing is pasted."""
    pasted = [text for one in advice(kind) for text in one.changes.values()]
    assert pasted or kind in ("storage", "network")
    nodes = [text for text in pasted if "nodename=it" in text or "cordon" in text]
    services = [text for text in pasted if "set resources" in text or "rollout" in text]
    assert not nodes or kind == "cluster"
    assert not services or kind in ("endpoint", "ai-service")


@pytest.mark.parametrize("kind", KINDS)
def test_a_paste_has_no_placeholder(kind: str) -> None:
    """What is not known is left out, not written as a letter: --power-limit=W, --max-num-seqs N, num_workers=N."""
    for one in advice(kind):
        for text in one.changes.values():
            assert not re.search(r"(=|: |seqs )[A-Z]\b", text), text


def test_no_gpu_is_bought_for_a_processor() -> None:
    """A full processor beside half-used GPUs: more processors or less to do, without a price, and no larger request."""
    machine = Resource(resource_id="n", name="n", type="cluster", gpu_count=4.0, price_usd_per_h=20.0)
    readings = {"cpu_utilization_pct": np.full(288, 99.0), "gpu_utilization_pct": np.full(288, 57.0)}
    (one,) = assess(ResourceWindow(machine, readings, 288, 300.0, 1.0)).advice
    assert one.title == "Give n more processors, or less to do at such times"
    assert (one.cost, one.saving_per_month, one.changes) == (None, None, {})


def test_a_machine_is_not_asked_for_more_gpus_than_it_has() -> None:
    """Jobs wait on a node of four: nothing that asks for more of one node is pasted, for such a job never starts."""
    machine = Resource(resource_id="n", name="n", type="cluster", gpu_count=4.0)
    readings = {"queue_depth_count": np.full(288, 17.0), "gpu_utilization_pct": np.full(288, 97.0)}
    found = assess(ResourceWindow(machine, readings, 288, 300.0, 1.0)).advice
    assert found
    assert not any("--gres" in text for one in found for text in one.changes.values())
