"""The law of identity: copies of series, in any order, change no number."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.collectors.prometheus.look import Read
from tests.expositions import lines, reads

COPIES = {
    "dcgm": ('pod="{0}",namespace="n{0}",container="c"', 'dra_claim_name="claim-{0}"'),
    "sglang": ('tp_rank="{0}"', 'pid="{0}"', 'moe_ep_rank="{0}",pp_rank="{0}"'),
    "vllm": ('pid="{0}"', 'worker_id="{0}"'),
}
FAMILIES = {
    "dcgm": (
        "DCGM_FI_DEV_POWER_USAGE",
        "DCGM_FI_DEV_GPU_UTIL",
        "DCGM_FI_PROF_SM_ACTIVE",
        "DCGM_FI_DEV_FB_USED",
        "DCGM_FI_DEV_FB_FREE",
        "DCGM_FI_PROF_PCIE_RX_BYTES",
    ),
    "sglang": ("sglang:num_queue_reqs", "sglang:token_usage", "sglang:gen_throughput"),
    "vllm": ("vllm:num_requests_waiting", "vllm:kv_cache_usage_perc", "vllm:generation_tokens_total"),
}
THINGS = {
    "dcgm": 'gpu="{0}",UUID="GPU-{0}"',
    "sglang": 'dp_rank="{0}",model_name="m"',
    "vllm": 'engine="{0}",model_name="m"',
}
NODE = {
    "node_network_receive_bytes_total": ("eth0", ("bond0", "bond0.8", "br0", "vlan9", "veth1", "lo", "docker0")),
    "node_disk_read_bytes_total": ("nvme0n1", ("nvme0n1p1", "dm-0", "dm-1", "md127", "loop0")),
}


def numbers(read: Read) -> dict[tuple[str, str], dict[str, float]]:
    """Every reading, rounded: sums in another order differ in the last bit."""
    return {place: {name: round(v, 6) for name, v in values.items()} for place, values in read.readings.items()}


@settings(max_examples=40, deadline=None)
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_copies_of_series_change_no_number(data: st.DataObject, seed: int) -> None:
    """Pods, ranks, processes and exact repetitions, for a random part of the series, in a random order."""
    chance = random.Random(seed)
    mapping = data.draw(st.sampled_from(sorted(COPIES)))
    things = [THINGS[mapping].format(n) for n in range(data.draw(st.integers(1, 4)))]
    plain: list[list[str]] = [[], []]
    doubled: list[list[str]] = [[], []]
    for family in FAMILIES[mapping]:
        for thing in things:
            value, growth = chance.choice([0.0, 0.25, 0.5, 1.0]), chance.choice([0.0, 5.0])
            marks = [mark.format(n) for mark in COPIES[mapping] for n in range(chance.randint(0, 3))]
            for n in range(2):
                told = value + n * growth if family.endswith("_total") else value
                plain[n].append(lines(family, (thing, told)))
                copies = [f"{thing},{mark}" for mark in marks] or [thing, thing]
                doubled[n] += [lines(family, (copy, told)) for copy in copies]
    shuffled = [chance.sample(ones, len(ones)) for ones in doubled]
    one = reads(mapping, ["".join(sorted(ones)) for ones in plain])
    other = reads(mapping, ["".join(ones) for ones in shuffled])
    assert [numbers(read) for read in one] == [numbers(read) for read in other]


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_mirrors_of_a_link_or_a_disk_change_no_number(data: st.DataObject) -> None:
    """Whatever is laid over a card or a disk, the machine's bytes are those of the card and the disk."""
    texts = ["", ""]
    for family, (real, over) in NODE.items():
        there = data.draw(st.lists(st.sampled_from(over), unique=True))
        for n in range(2):
            texts[n] += lines(family, *((f'device="{name}"', 1e9 + n * 1e6) for name in [*there, real]), kind="counter")
    whole = reads("node", texts)[-1].readings["r", ""]
    assert whole == {"network_receive_bits_per_s": 8e5, "disk_read_bytes_per_s": 1e5}
