"""What is added up lacks no part: stale, impossible, blank and unreadable samples make a sum unknown, and it alone."""

import pytest

from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.mapping import load
from tests.expositions import WALL_S, lines, readings, reads

CARDS = [f'gpu="{n}",UUID="GPU-{n}",Hostname="h"' for n in range(2)]
ENERGY = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"


@pytest.mark.parametrize("second", [5e6 + 1e12, float("nan")], ids=["grew by a gigajoule", "says nothing"])
def test_a_counter_that_cannot_be_leaves_its_machine_without_a_sum(second: float) -> None:
    """Two cards, 3,000 J of one: the machine's joules are not known."""
    first = lines(ENERGY, (CARDS[0], 1e6), (CARDS[1], 5e6), kind="counter")
    after = lines(ENERGY, (CARDS[0], 4e6), (CARDS[1], second), kind="counter")
    made = reads("dcgm", [first, after])[-1].readings
    assert made == {("r", "gpu0"): {"gpu_energy_j": 3000.0}}


def test_a_stale_sample_is_a_part_that_is_not_known() -> None:
    """One card's watts are of yesterday: its own are gone, and the machine's; an older copy of a new one is nothing."""
    stale = f"{(WALL_S - 86_400) * 1000:.0f}"
    power = "DCGM_FI_DEV_POWER_USAGE"
    text = f"{power}{{{CARDS[0]}}} 300\n{power}{{{CARDS[1]}}} 100 {stale}\n"
    assert reads("dcgm", [text])[0].readings == {("r", "gpu0"): {"gpu_power_w": 300.0}}
    text += f"{power}{{{CARDS[1]}}} 150\n"
    assert readings("dcgm", text) == {"gpu_power_w": 450.0}


def test_a_device_of_several_samples_is_a_sum_too() -> None:
    """Two ports of one adapter, one on a line that cannot be read; the other adapter has a line of its own."""
    family = "node_infiniband_port_data_received_bytes_total"

    def told(n: int, *, bad: bool) -> str:
        ports = [("mlx5_0", 1), ("mlx5_0", 2), ("mlx5_1", 1), ("mlx5_2", 1), ("mlx5_2", 2)]
        samples = [(f'device="{device}",port="{port}"', 1e6 * n) for device, port in ports]
        text = lines(family, *samples, kind="counter")
        return (
            text.replace(f'{{device="mlx5_1",port="1"}} {1e6 * n!r}', '{device="mlx5_1",port="1"} x') if bad else text
        )

    made = reads("node", [told(1, bad=False), told(2, bad=True)])[-1].readings
    assert made == {}  # whose line it was, nothing says: an adapter with two ports may lack a third
    assert set(reads("node", [told(1, bad=False), told(2, bad=False)])[-1].readings) == {
        ("r", device) for device in ("", "mlx5_0", "mlx5_1", "mlx5_2")
    }


def test_instances_of_a_card_are_a_sum_too() -> None:
    """A line of one MIG instance cannot be read: the card's memory is not that of the other."""
    part = 'gpu="0",UUID="GPU-0",GPU_I_PROFILE="3g.40gb",GPU_I_ID="{0}",Hostname="h"'
    text = lines("DCGM_FI_DEV_FB_USED", (part.format(1), 100.0))
    text += f"DCGM_FI_DEV_FB_USED{{{part.format(2)}}} oops\n"
    assert reads("dcgm", [text])[0].readings == {("r", "gpu0/1"): {"gpu_memory_used_bytes": 100 * 1024.0**2}}


def test_a_bad_line_of_what_is_looked_up_costs_what_is_counted_by_it() -> None:
    """Whether a pod runs cannot be read: how many GPUs pods hold is not known; how many there are is."""
    pods = [f'namespace="n",pod="p{n}",node="x",resource="nvidia_com_gpu"' for n in range(2)]
    text = lines("kube_pod_container_resource_requests", *((pod, 4.0) for pod in pods))
    text += lines("kube_node_status_capacity", ('node="x",resource="nvidia_com_gpu"', 8.0))
    text += lines("kube_pod_status_phase", ('namespace="n",pod="p0",phase="Running"', 1.0))
    (one,) = reads("kube", [text + 'kube_pod_status_phase{namespace="n",pod="p1",phase="Running"} yes\n'])
    assert "gpus_allocated_count" not in one.readings.get(("r", ""), {})
    assert one.facts["r"] == {"gpu_count": 8.0}


def test_a_bad_comment_costs_no_sample() -> None:
    """A TYPE without its type is refused alone."""
    (one,) = reads("node", ["# TYPE node_load1\nnode_load1 2\n"])
    assert one.readings == {("r", ""): {"load_average_count": 2.0}}
    assert one.refused.startswith('1 line was refused: line 1 "# TYPE node_load1"')


def test_one_line_is_not_torn_but_no_exposition() -> None:
    """Without a line before it nothing says that it had been one."""
    with pytest.raises(FetchError, match="not an exposition"):
        parse("node_load1 abc", "", load("node").wanted)


def test_errors_of_a_card_that_pods_share_are_seen_at_each() -> None:
    """What is used up is of none of them; what fails, fails all of them."""
    pods = [f'{CARDS[0]},pod="p{n}"' for n in range(2)]
    texts = [
        lines("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", *((pod, 10.0 * n) for pod in pods), kind="counter") for n in range(2)
    ]
    made = reads("dcgm", texts, "{pod}")[-1].readings
    assert [made[f"p{n}", ""] for n in range(2)] == [{"gpu_link_errors_per_s": 1.0}] * 2


def test_cards_of_two_names_with_their_own_numbers_keep_them() -> None:
    """A container was renamed between two cards' lines: one number is one card's."""
    text = lines("DCGM_FI_DEV_POWER_USAGE", *((f'gpu="{n}",UUID="GPU-{n}",Hostname="c{n}"', 100.0) for n in range(2)))
    assert {device for _, device in reads("dcgm", [text])[0].readings} == {"", "gpu0", "gpu1"}


def test_caches_of_two_engines_are_their_mean_in_percent() -> None:
    """Half full and seven tenths."""
    engines = [(f'engine="{n}",model_name="m"', 0.5 + n / 5) for n in range(2)]
    found = readings("vllm", lines("vllm:kv_cache_usage_perc", *engines))["kv_cache_utilization_pct"]
    assert found == pytest.approx(60.0)
