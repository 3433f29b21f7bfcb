"""A thing is counted once, however often an exporter tells of it: the table in docs/howto/read-exporters.md."""

import pytest

from tests.expositions import lines, readings, reads

GPU = 'gpu="{0}", UUID="GPU-{0}", Hostname="h"'
MIG = 'gpu="0",UUID="GPU-0",GPU_I_PROFILE="{0}g.{1}gb",GPU_I_ID="{2}",Hostname="h"'
INSTANCES = [MIG.format(1, 10, 7), MIG.format(2, 20, 3), MIG.format(4, 40, 1)]


def test_what_instances_repeat_is_the_whole_gpus_and_their_own_is_weighted() -> None:
    """Three instances of one card: its power, joules and replays once; the mean of their loads by compute slices."""

    def told(joules: float, replays: float) -> str:
        return (
            lines("DCGM_FI_DEV_POWER_USAGE", *((one, 280.0) for one in INSTANCES))
            + lines("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", *((one, joules) for one in INSTANCES), kind="counter")
            + lines("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", *((one, replays) for one in INSTANCES), kind="counter")
            + lines("DCGM_FI_DEV_GPU_UTIL", *((one, 0.0) for one in INSTANCES))
            + lines("DCGM_FI_PROF_SM_ACTIVE", *zip(INSTANCES, (1.0, 0.5, 0.25), strict=True))
            + lines("DCGM_FI_DEV_FB_USED", *zip(INSTANCES, (1000.0, 2000.0, 3000.0), strict=True))
            + lines("DCGM_FI_DEV_FB_FREE", *zip(INSTANCES, (9000.0, 8000.0, 37000.0), strict=True))
        )

    second = reads("dcgm", [told(5e9, 3), told(5.0028e9, 5)])[-1]
    for device in ("", "gpu0"):
        whole = second.readings["r", device]
        assert whole["gpu_power_w"] == 280.0
        assert whole["gpu_energy_j"] == pytest.approx(2800.0)
        assert whole["gpu_link_errors_per_s"] == pytest.approx(0.2)
        assert whole["gpu_sm_active_pct"] == pytest.approx(100 * (1 + 2 * 0.5 + 4 * 0.25) / 7)
        assert whole["gpu_memory_utilization_pct"] == pytest.approx(100 * 6000 / 60000)
        assert "gpu_utilization_pct" not in whole  # an instance's zero is no measurement
    assert set(second.readings["r", "gpu0/1"]) == {
        "gpu_sm_active_pct",
        "gpu_memory_utilization_pct",
        "gpu_memory_used_bytes",
    }


def test_what_a_gpu_uses_is_counted_once_also_where_pods_are_the_resources() -> None:
    """Two time slices: 300 W once. Named by pod, both have its load and neither its watts; a pod alone has all."""
    shared = [GPU.format(0) + f',pod="p{n}",namespace="n"' for n in range(2)]
    alone = GPU.format(1) + ',pod="q",namespace="n"'
    text = lines("DCGM_FI_DEV_POWER_USAGE", *((one, 300.0) for one in shared), (alone, 100.0))
    text += lines("DCGM_FI_DEV_GPU_UTIL", *((one, 50.0) for one in shared), (alone, 10.0))
    assert readings("dcgm", text)["gpu_power_w"] == 400.0
    (by_pod,) = reads("dcgm", [text], "{pod}")
    assert by_pod.readings["p0", ""] == by_pod.readings["p1", ""] == {"gpu_utilization_pct": 50.0}
    assert by_pod.readings["q", ""] == {"gpu_utilization_pct": 10.0, "gpu_power_w": 100.0}
    assert by_pod.shared == {"gpu0"}


def test_instances_of_one_gpu_that_two_pods_have_share_its_power_and_not_their_memory() -> None:
    """A pod on each of two MIG instances: the card's 280 W are of neither, each instance's memory is its pod's."""
    pods = [f'{MIG.format(3, 40, n)},pod="p{n}"' for n in (1, 2)]
    text = lines("DCGM_FI_DEV_POWER_USAGE", *((one, 280.0) for one in pods))
    text += lines("DCGM_FI_DEV_FB_USED", *zip(pods, (100.0, 300.0), strict=True))
    (by_pod,) = reads("dcgm", [text], "{pod}")
    assert [by_pod.readings[f"p{n}", ""] for n in (1, 2)] == [
        {"gpu_memory_used_bytes": size * 1024.0**2} for size in (100, 300)
    ]


def test_a_sum_without_one_of_its_parts_is_not_known() -> None:
    """One of two cards says nothing (NaN, blank, two values at once): the other's watts are not the machine's.

    What it does not support is no part of it.
    """
    for nothing in (float("nan"), 2147483632.0):
        text = lines("DCGM_FI_DEV_POWER_USAGE", (GPU.format(0), 300.0), (GPU.format(1), nothing))
        (one,) = reads("dcgm", [text])
        assert one.readings == {("r", "gpu0"): {"gpu_power_w": 300.0}}
        assert one.parted == {"gpu_power_w"}
    unsupported = lines("DCGM_FI_DEV_POWER_USAGE", (GPU.format(0), 300.0), (GPU.format(1), 2147483634.0))
    assert readings("dcgm", unsupported) == {"gpu_power_w": 300.0}
    twice = lines("DCGM_FI_DEV_POWER_USAGE", *((GPU.format(n), v) for n, v in ((0, 300.0), (1, 50.0), (1, 60.0))))
    assert reads("dcgm", [twice])[0].readings == {("r", "gpu0"): {"gpu_power_w": 300.0}}


def test_a_gpu_is_not_its_instances_mean_where_one_of_them_says_nothing() -> None:
    """Instances at 100 % and at nobody-knows: neither the card nor its machine is at 100 %."""
    text = lines("DCGM_FI_PROF_GR_ENGINE_ACTIVE", (INSTANCES[0], 1.0), (INSTANCES[2], 9223372036854775794.0))
    assert reads("dcgm", [text])[0].readings == {("r", "gpu0/7"): {"gpu_utilization_pct": 100.0}}


def test_cards_of_two_machines_in_one_answer_are_two_cards() -> None:
    """A federation of two hosts as one resource: number 0 of each; a machine that was renamed has one."""
    both = [f'gpu="0",UUID="GPU-{n}",Hostname="h{n}"' for n in (1, 2)]
    text = lines("DCGM_FI_DEV_POWER_USAGE", *zip(both, (300.0, 400.0), strict=True))
    assert {device: values["gpu_power_w"] for (_, device), values in reads("dcgm", [text])[0].readings.items()} == {
        "": 700.0,
        "h1:gpu0": 300.0,
        "h2:gpu0": 400.0,
    }
    renamed = lines("DCGM_FI_DEV_POWER_USAGE", ('gpu="0",UUID="GPU-1",Hostname="a"', 300.0))
    renamed += lines("DCGM_FI_DEV_GPU_TEMP", ('gpu="0",UUID="GPU-1",Hostname="b"', 50.0))
    assert set(reads("dcgm", [renamed])[0].readings) == {("r", ""), ("r", "gpu0")}


def test_a_link_told_by_the_long_name_alone_is_its_gpus() -> None:
    """NVLink lines have `gpu_uuid` and no number."""
    power = lines("DCGM_FI_DEV_POWER_USAGE", (GPU.format(3), 90.0))
    received, sent = (
        lines(f"DCGM_FI_PROF_NVLINK_{way}_BYTES", ('gpu_uuid="GPU-3",model_name="x"', value))
        for way, value in (("RX", 6e9), ("TX", 1e9))
    )
    assert readings("dcgm", power + received + sent, device="gpu3") == {
        "gpu_power_w": 90.0,
        "gpu_nvlink_bytes_per_s": 7e9,
    }
    assert readings("dcgm", power + received, device="gpu3") == {"gpu_power_w": 90.0}  # half of a sum is not known


def test_a_blank_is_one_value_and_not_all_that_are_larger() -> None:
    """20 GB/s over PCIe and 9 PB of energy are readings; 2^31-16 watts and 2^63 joules are none."""
    text = (
        lines("DCGM_FI_PROF_PCIE_RX_BYTES", (GPU.format(0), 20e9), (GPU.format(1), 2147483632.0))
        + lines("DCGM_FI_DEV_MEMORY_TEMP", (GPU.format(0), 9223372036854775794.0))
        + lines("DCGM_FI_DEV_SM_CLOCK", (GPU.format(0), 2147483634.0))
    )
    (one,) = reads("dcgm", [text])
    assert one.readings["r", ""] == {"gpu_pcie_receive_bytes_per_s": 20e9 + 2147483632.0}
    assert one.dropped == 2


def test_a_value_that_cannot_be_is_in_no_sum_and_no_mean() -> None:
    """-5 W and 900 degrees of one GPU: the other's are kept, the hottest is hers, the sum of the watts is unknown."""
    text = lines("DCGM_FI_DEV_POWER_USAGE", (GPU.format(0), 300.0), (GPU.format(1), -5.0))
    text += lines("DCGM_FI_DEV_GPU_TEMP", (GPU.format(0), 60.0), (GPU.format(1), 900.0))
    (one,) = reads("dcgm", [text])
    assert one.readings["r", ""] == {"gpu_temperature_c": 60.0}
    assert one.readings["r", "gpu0"] == {"gpu_power_w": 300.0, "gpu_temperature_c": 60.0}
    assert ("r", "gpu1") not in one.readings
    assert one.dropped == 2


def test_a_machine_may_draw_more_than_a_card_can() -> None:
    """Eight cards of 700 W: 5,600 W are no mistake."""
    text = lines("DCGM_FI_DEV_POWER_USAGE", *((GPU.format(n), 700.0) for n in range(8)))
    assert readings("dcgm", text) == {"gpu_power_w": 5600.0}


def test_data_parallel_ranks_are_added_and_other_ranks_and_processes_are_copies() -> None:
    """Two replicas of two tensor ranks each: the queue is 5 + 7, told four times; two processes tell the same."""
    ranks = [(f'dp_rank="{n // 2}",tp_rank="{n % 2}",model_name="m"', float(5 + 2 * (n // 2))) for n in range(4)]
    assert readings("sglang", lines("sglang:num_queue_reqs", *ranks))["queue_depth_count"] == 12.0
    long = [
        (f'data_parallel_rank="{n // 2}",tensor_parallel_rank="{n % 2}",model_name="m"', 6.0 + n // 2) for n in range(4)
    ]
    assert readings("vllm", lines("vllm:num_requests_running", *long))["running_count"] == 13.0
    engines = [(f'engine="{n}",pid="{pid}",model_name="m"', 4.0) for n in range(2) for pid in (10, 11)]
    assert readings("vllm", lines("vllm:num_requests_waiting", *engines))["queue_depth_count"] == 8.0


def test_a_byte_is_counted_at_the_lowest_interface_and_disk() -> None:
    """Cards below bond, VLAN and bridge; a disk below its partitions, dm and md; a VLAN alone is read."""

    def told(extra: float) -> str:
        network = [(f'device="{name}"', 1e9 + extra) for name in ("ens3f0", "bond1", "bond1.40", "br7", "veth0a", "lo")]
        disks = [(f'device="{name}"', 2e9 + extra) for name in ("nvme1n1", "nvme1n1p2", "dm-3", "md0", "loop1")]
        fabric = [(f'device="mlx5_{n}",port="1"', 4e12 + 10 * extra) for n in range(2)]
        return (
            lines("node_network_receive_bytes_total", *network, kind="counter")
            + lines("node_disk_read_bytes_total", *disks, kind="counter")
            + lines("node_infiniband_port_data_received_bytes_total", *fabric, kind="counter")
        )

    whole = readings("node", told(0), told(1e6))
    assert whole["network_receive_bits_per_s"] == pytest.approx(8e5)
    assert whole["disk_read_bytes_per_s"] == pytest.approx(1e5)
    assert whole["infiniband_receive_bits_per_s"] == pytest.approx(1.6e7)
    vlan = [
        lines("node_network_receive_bytes_total", ('device="eth0.12"', n), ('device="lo"', n), kind="counter")
        for n in (0.0, 1e6)
    ]
    assert readings("node", *vlan) == {"network_receive_bits_per_s": pytest.approx(8e5)}


def test_cards_of_virtual_machines_and_containers_are_counted_once() -> None:
    """A synthetic card reports its virtual function's bytes, a macvtap its card's, a partition its disk's."""

    def told(n: float) -> str:
        links = ("eth0", "enP3012s1", "macvtap0", "mv-eth0", "ipvl1")
        disks = ("sda", "zd0", "zd0p1", "nbd3p1", "rbd1", "rbd1p2")
        return lines(
            "node_network_receive_bytes_total", *((f'device="{one}"', n) for one in links), kind="counter"
        ) + lines("node_disk_read_bytes_total", *((f'device="{one}"', n) for one in disks), kind="counter")

    assert readings("node", told(0.0), told(1e6)) == {
        "network_receive_bits_per_s": pytest.approx(8e5),
        "disk_read_bytes_per_s": pytest.approx(2e5),
    }
    both = [
        lines("node_network_receive_bytes_total", ('device="enP5p9s0"', n), ('device="enP6p3s0"', n), kind="counter")
        for n in (0.0, 1e6)
    ]
    assert readings("node", *both)["network_receive_bits_per_s"] == pytest.approx(1.6e6)  # no virtual function


def test_used_space_as_df_says_it_of_this_machines_own_disks() -> None:
    """400 of 450, 50 kept for root; a bind mount is no second disk; a cluster's scratch and a CD are not its own."""
    mounts = {
        'device="/dev/sdb1",fstype="xfs",mountpoint="/"': (500.0, 100.0, 50.0),
        'device="/dev/sdb1",fstype="xfs",mountpoint="/var/lib/kubelet"': (500.0, 100.0, 50.0),
        'device="fs1",fstype="lustre",mountpoint="/scratch"': (1000.0, 1.0, 1.0),
        'device="/dev/sr0",fstype="iso9660",mountpoint="/media"': (700.0, 0.0, 0.0),
        'device="/dev/sdc1",fstype="ext4",mountpoint="/usr"': (10.0, 0.0, 0.0),
    }
    families = ("node_filesystem_size_bytes", "node_filesystem_free_bytes", "node_filesystem_avail_bytes")
    text = "".join(lines(f, *((labels, v[n]) for labels, v in mounts.items())) for n, f in enumerate(families))
    text += lines("node_filesystem_readonly", ('device="/dev/sdc1",fstype="ext4",mountpoint="/usr"', 1.0))
    (one,) = reads("node", [text])
    used = {device: values["storage_utilization_pct"] for (_, device), values in one.readings.items()}
    assert used == {"": pytest.approx(100 * 400 / 450), "/": pytest.approx(100 * 400 / 450)}


def test_pods_and_containers_of_a_node_are_counted_once() -> None:
    """The node's own card, not the copy of a pod on the host's network; containers, not the pod that holds them."""

    def told(more: float) -> str:

        def at(path: str, card: str, pod: str) -> str:
            return f'id="{path}",interface="{card}",pod="{pod}",namespace="n",container=""'

        network = [
            (at("/", "eth0", ""), 8e9 + more),
            (at("/", "cali7", ""), 8e9 + more),
            (at("/kubepods/a", "eth0", "a"), 1e9 + more / 2),
            (at("/kubepods/b", "eth0", "b"), 8e9 + more),
            (at("/kubepods/b", "cali7", "b"), 8e9 + more),
        ]
        memory = [
            ('id="/",container="",pod=""', 9e10),
            ('id="/kubepods/a",container="",pod="a"', 3e10),
            ('id="/kubepods/a/1",container="c1",pod="a"', 1e10),
            ('id="/kubepods/a/2",container="c2",pod="a"', 2e10),
            ('id="/kubepods/a/0",container="POD",pod="a"', 1e6),
        ]
        return lines("container_network_receive_bytes_total", *network, kind="counter") + lines(
            "container_memory_working_set_bytes", *memory
        )

    whole = readings("cadvisor", told(0), told(1e6))
    assert whole == {"memory_used_bytes": 3e10, "network_receive_bits_per_s": pytest.approx(8e5)}
    pod = reads("cadvisor", [told(0), told(1e6)], "{pod}")[-1]
    assert pod.readings["a", ""]["network_receive_bits_per_s"] == pytest.approx(4e5)
    assert ("b", "") not in pod.readings
    alone = lines(
        "container_memory_working_set_bytes",
        ('id="/",name=""', 5e10),
        ('id="/docker/x",name="web"', 3e9),
        ('id="/docker/x/init",name=""', 3e9),
    )
    assert readings("cadvisor", alone) == {"memory_used_bytes": 3e9}


def test_only_pods_that_hold_gpus_now_hold_them() -> None:
    """A pod that ended holds none; one without a node waits; one that asks for no GPU waits for none."""
    ask = 'namespace="n",pod="{0}",node="{1}",resource="nvidia_com_gpu"'
    requests = lines(
        "kube_pod_container_resource_requests",
        (ask.format("runs", "n1"), 2.0),
        (ask.format("done", "n1"), 8.0),
        (ask.format("waits", ""), 4.0),
        ('namespace="n",pod="web",node="",resource="cpu"', 1.0),
    )
    phase = 'namespace="n",pod="{0}",phase="{1}"'
    phases = lines(
        "kube_pod_status_phase",
        *(
            (phase.format(pod, is_), 1.0)
            for pod, is_ in (("runs", "Running"), ("done", "Failed"), ("waits", "Pending"), ("web", "Pending"))
        ),
        (phase.format("done", "Running"), 0.0),
    )
    assert readings("kube", requests + phases) == {"gpus_allocated_count": 2.0, "queue_depth_count": 1.0}
    (alone,) = reads("kube", [requests])
    assert alone.readings == {}
    assert alone.lacking == dict.fromkeys(("gpus_allocated_count", "queue_depth_count"), "kube_pod_status_phase")


def test_replicas_of_a_server_are_put_aside_by_their_marks() -> None:
    """Two replicas, one a moment later: the higher one of each series."""
    from plimsoll.collectors.prometheus.exposition import parse
    from plimsoll.collectors.prometheus.identity import merged
    from plimsoll.collectors.prometheus.mapping import load
    from plimsoll.collectors.prometheus.settings import REPLICAS
    from tests.expositions import WALL_S, mapper

    text = lines("node_load1", ('prometheus_replica="a"', 3.0), ('prometheus_replica="b"', 4.0))
    made = mapper("node", copies=frozenset(REPLICAS)).read(parse(text, "", load("node").wanted), at_s=0, wall_s=WALL_S)
    assert made.readings["r", ""] == {"load_average_count": 4.0}
    one, other = [(30.0 * n, "1") for n in range(10) if n not in (4, 5)], [(30.0 * n + 7, "2") for n in range(9)]
    assert merged([other[:3], one], 30.0) == one
    assert merged([one, other], 30.0)[4:6] == other[4:6] or merged([one, other], 30.0) == other


def test_a_servers_own_errors_are_its_only_models() -> None:
    """The documented resource `{name}/{model_name}`: 5xx have no model's label; with two models nobody's."""

    def told(good: float, bad: float, *models: str) -> str:
        running = lines("vllm:num_requests_running", *((f'model_name="{name}"', 1.0) for name in models))
        http = lines("http_requests_total", ('status="2xx"', good), ('status="5xx"', bad), kind="counter")
        return running + http

    one = reads("vllm", [told(80, 20, "m"), told(155, 45, "m")], "{name}/{model_name}")[-1]
    assert one.readings["t/m", ""]["error_rate_pct"] == pytest.approx(25.0)
    two = reads("vllm", [told(80, 20, "m", "n"), told(155, 45, "m", "n")], "{name}/{model_name}")[-1]
    assert all("error_rate_pct" not in values for values in two.readings.values())


@pytest.mark.parametrize("name", ["a\\nb", "\u202emodel", "m" * 600])
def test_a_name_that_no_question_could_say_is_refused(name: str) -> None:
    """Control characters, direction marks, more than 512 letters; its neighbor is read."""
    text = lines("vllm:num_requests_running", (f'model_name="{name}"', 1.0), ('model_name="ok"', 2.0))
    (one,) = reads("vllm", [text], "{model_name}")
    assert one.readings == {("ok", ""): {"running_count": 2.0}}
    assert one.nameless == {"vllm:num_requests_running"}


def test_errors_are_a_share_of_what_users_asked() -> None:
    """Scrapes of the server's own metrics are no requests: 6 of 40 failed, however often it was looked at."""

    def told(n: int) -> str:
        asked = [("/v1/completions", "2xx", 34), ("/v1/completions", "5xx", 6), ("/metrics", "2xx", 400)]
        samples = [(f'handler="{path}",method="POST",status="{status}"', float(n * k)) for path, status, k in asked]
        running = lines("vllm:num_requests_running", ('model_name="m"', 1.0))
        return running + lines("http_requests_total", *samples, kind="counter")

    assert readings("vllm", told(1), told(2))["error_rate_pct"] == pytest.approx(15.0)


def test_the_whole_of_a_share_needs_no_label_of_its_part() -> None:
    """Failures say why and the count of all does not: 4 of 50 failed; before the first failure none has."""

    def told(n: int, *, failed: bool) -> str:
        text = lines("tgi_request_count", ("", 50.0 * n), kind="counter").replace("{}", "")
        why = [('err="overloaded"', 4.0 * n), ('err="validation"', 9.0 * n)]
        return text + (lines("tgi_request_failure", *why, kind="counter") if failed else "")

    assert readings("tgi", told(1, failed=True), told(2, failed=True))["error_rate_pct"] == pytest.approx(8.0)
    assert readings("tgi", told(1, failed=False), told(2, failed=False))["error_rate_pct"] == 0.0
    assert reads("tgi", [told(1, failed=True)] * 2)[-1].unlabeled == {}
