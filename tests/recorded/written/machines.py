"""One machine, one cluster and one probe, as their exporters of several years tell of them."""

from collections.abc import Mapping

from tests.recorded.written.shapes import Family, Labels, counter, gauge

BOOT_S = 1.7e9
IDLE, USER, WAIT = 6000.0, 3600.0, 400.0
NODE = ("0.15.2", "0.16.0", "0.18.1", "1.0.1", "1.3.1", "1.6.1", "1.8.2", "1.9.1")
_CARDS = {"eth0": (6e9, 3e9), "bond0": (6e9, 3e9), "bond0.12": (5.9e9, 2.9e9), "lo": (8e9, 8e9), "veth1a": (1e9, 1e9)}
_DISKS = {"nvme0n1": (4e9, 2e9, 300.0), "dm-0": (4e9, 2e9, 299.0)}
_OLD_NAMES: Mapping[str, str] = {
    "node_cpu_seconds_total": "node_cpu",
    "node_boot_time_seconds": "node_boot_time",
    "node_memory_MemTotal_bytes": "node_memory_MemTotal",
    "node_memory_MemAvailable_bytes": "node_memory_MemAvailable",
    "node_network_receive_bytes_total": "node_network_receive_bytes",
    "node_network_transmit_bytes_total": "node_network_transmit_bytes",
    "node_disk_read_bytes_total": "node_disk_bytes_read",
    "node_disk_written_bytes_total": "node_disk_bytes_written",
    "node_disk_io_time_seconds_total": "node_disk_io_time_ms",
    "node_filesystem_size_bytes": "node_filesystem_size",
    "node_filesystem_free_bytes": "node_filesystem_free",
    "node_filesystem_avail_bytes": "node_filesystem_avail",
}


def node(release: str) -> list[Family]:
    """node_exporter; before 0.16 names had no units, and time of disks was in milliseconds."""
    old = release.startswith("0.15")
    modes = {"idle": IDLE, "user": USER, "iowait": WAIT, "system": 0.0}
    disks = {name: values for name, values in _DISKS.items() if not (release >= "1.6" and name == "dm-0")}
    root: Labels = {"device": "/dev/nvme0n1p2", "fstype": "ext4", "mountpoint": "/"}
    memory: Labels = {"device": "tmpfs", "fstype": "tmpfs", "mountpoint": "/run"}
    if release >= "1.9":
        root = {**root, "device_error": ""}
    sizes = {"size": (1e12, 1e9), "free": (4e11, 9e8), "avail": (3.5e11, 9e8)}
    told = [
        counter(
            "node_cpu_seconds_total",
            *(({"cpu": ("cpu" if old else "") + str(n), "mode": m}, v / 4) for n in range(4) for m, v in modes.items()),
        ),
        gauge("node_boot_time_seconds", ({}, BOOT_S)),
        gauge("node_load1", ({}, 2.5)),
        gauge("node_memory_MemTotal_bytes", ({}, 64e9)),
        gauge("node_memory_MemAvailable_bytes", ({}, 48e9)),
        counter("node_network_receive_bytes_total", *(({"device": name}, rx) for name, (rx, _) in _CARDS.items())),
        counter("node_network_transmit_bytes_total", *(({"device": name}, tx) for name, (_, tx) in _CARDS.items())),
        counter("node_disk_read_bytes_total", *(({"device": name}, r) for name, (r, _, _) in disks.items())),
        counter("node_disk_written_bytes_total", *(({"device": name}, w) for name, (_, w, _) in disks.items())),
        counter(
            "node_disk_io_time_seconds_total",
            *(({"device": name}, s * (1000 if old else 1) / 10) for name, (_, _, s) in disks.items()),
        ),
        *(
            gauge(f"node_filesystem_{what}_bytes", (root, of_root), (memory, of_memory))
            for what, (of_root, of_memory) in sizes.items()
        ),
    ]
    return [Family(_OLD_NAMES.get(one.name, one.name), one.kind, one.samples) for one in told] if old else told


BLACKBOX = ("0.14.0", "0.19.0", "0.25.0", "0.27.0")


def blackbox(release: str) -> list[Family]:
    """blackbox_exporter, of a page that answers."""
    phases = {"resolve": 0.002, "connect": 0.004, "tls": 0.012, "processing": 0.080, "transfer": 0.002}
    told = [
        gauge("probe_success", ({}, 1.0)),
        gauge("probe_duration_seconds", ({}, 0.1)),
        gauge("probe_http_duration_seconds", *(({"phase": name}, s) for name, s in phases.items())),
        gauge("probe_http_status_code", ({}, 200.0)),
        gauge("probe_dns_lookup_time_seconds", ({}, 0.002)),
    ]
    if release >= "0.19":
        told.append(gauge("probe_ssl_earliest_cert_expiry", ({}, 1_770_000_000.0 + 90 * 86_400)))
        told.append(gauge("probe_ssl_last_chain_expiry_timestamp_seconds", ({}, 1_770_000_000.0 + 90 * 86_400)))
    return told


KUBE = ("1.9.8", "2.0.0", "2.6.0", "2.10.1", "2.15.0")


def kube(release: str) -> list[Family]:
    """kube-state-metrics: eight GPUs, five held, one pod that waits for two, one that ended with three."""
    pods = {
        "a": ("n1", 4.0, "Running"),
        "b": ("n2", 1.0, "Running"),
        "w": ("", 2.0, "Pending"),
        "z": ("n2", 3.0, "Succeeded"),
    }
    uid = release >= "2.0"

    def named(pod: str) -> dict[str, object]:
        return {"namespace": "train", "pod": pod, **({"uid": f"uid-{pod}"} if uid else {})}

    asked = [
        ({**named(pod), "container": "main", "node": at, "resource": "nvidia_com_gpu", "unit": "integer"}, n)
        for pod, (at, n, _) in pods.items()
    ]
    phases = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
    return [
        gauge(
            "kube_node_status_capacity",
            *(({"node": at, "resource": "nvidia_com_gpu", "unit": "integer"}, 4.0) for at in ("n1", "n2")),
            ({"node": "n1", "resource": "cpu", "unit": "core"}, 96.0),
        ),
        gauge("kube_pod_container_resource_requests", *asked),
        gauge(
            "kube_pod_status_phase",
            *(({**named(pod), "phase": p}, float(p == now)) for pod, (_, _, now) in pods.items() for p in phases),
        ),
    ]


CADVISOR = ("0.32-kubelet", "0.37", "0.44-docker", "0.47", "0.52")


def cadvisor(release: str) -> list[Family]:
    """cAdvisor: two pods of two containers each with their sandboxes, or two containers of Docker."""
    docker = "docker" in release
    pod_label, container_label = ("pod_name", "container_name") if release < "0.34" else ("pod", "container")

    def at(pod: str, container: str) -> dict[str, object]:
        path = f"/kubepods.slice/pod{pod}" + (f"/{container}" if container else "")
        return {
            "id": path,
            "namespace": "d",
            pod_label: pod,
            container_label: container,
            "image": "i" if container else "",
        }

    if docker:
        inner: list[dict[str, object]] = [{"id": f"/docker/{n}", "name": f"c{n}", "image": "i"} for n in range(4)]
        outer: list[dict[str, object]] = [{"id": "/docker"}, {"id": "/"}]
    else:
        inner = [at(pod, container) for pod in ("a", "b") for container in ("main", "side")]
        outer = [{"id": "/"}, {"id": "/kubepods.slice"}, at("a", ""), at("b", "")]
        outer += [{**at(pod, "x"), container_label: "POD"} for pod in ("a", "b")] if release < "0.47" else []
    net = inner if docker else [at("a", ""), at("b", "")]
    return [
        gauge("container_memory_working_set_bytes", *((one, 2e9) for one in inner), *((one, 9e9) for one in outer)),
        counter(
            "container_cpu_usage_seconds_total",
            *(({**one, "cpu": "total"}, 60.0) for one in inner),
            *(({**one, "cpu": "total"}, 240.0) for one in outer),
        ),
        gauge("container_spec_cpu_quota", *((one, 200_000.0) for one in inner)),
        gauge("container_spec_cpu_period", *((one, 100_000.0) for one in inner)),
        gauge("container_spec_memory_limit_bytes", *((one, 8e9) for one in inner)),
        counter(
            "container_network_receive_bytes_total",
            *(({**one, "interface": "eth0"}, 3e9 * 2 / len(net)) for one in net),
        ),
        counter("container_fs_reads_bytes_total", *(({**one, "device": "/dev/nvme0n1"}, 1e9) for one in inner)),
    ]


RAY = ("2.6.3", "2.9.3", "2.34.0", "2.44.1", "2.53.0")


def ray(release: str) -> list[Family]:
    """A node of Ray and its Serve; memory of GPUs is in MiB, and totals lose their ending in some releases."""
    parts = tuple(int(part) for part in release.split("."))
    own: dict[str, object] = {"ip": "10.0.0.4", "SessionName": "s1", "IsHeadNode": "true", "Version": release}
    cards = [{**own, "GpuIndex": n, "GpuDeviceName": "H100"} for n in (0, 1)]
    waiting = "ray_serve_deployment_queued_queries" if parts < (2, 44) else "ray_serve_router_num_queued_requests"
    more = {"application": "chat", "deployment": "llm", "route": "/"}
    ending = "_total" if parts >= (2, 44) else ""
    told = [
        gauge("ray_node_cpu_utilization", (own, 37.5)),
        gauge("ray_node_mem_used", (own, 16e9)),
        gauge("ray_node_mem_total", (own, 64e9)),
        gauge("ray_node_gpus_utilization", *((one, 90.0 - 80.0 * n) for n, one in enumerate(cards))),
        gauge("ray_node_gram_used", *((one, 60_000.0 - 40_000.0 * n) for n, one in enumerate(cards))),
        gauge("ray_node_gram_available", *((one, 20_000.0 + 40_000.0 * n) for n, one in enumerate(cards))),
        gauge(waiting, ({**own, **more}, 3.0)),
        counter(f"ray_serve_num_http_requests{ending}", ({**own, **more, "status_code": 200}, 200.0)),
        counter(f"ray_serve_num_http_error_requests{ending}", ({**own, **more, "error_code": 500}, 4.0)),
    ]
    if parts >= (2, 53):
        told.append(gauge("ray_node_gpu_power_milliwatts", *((one, 6e5 - 5e5 * n) for n, one in enumerate(cards))))
        told.append(gauge("ray_node_gpu_temperature_celsius", *((one, 66.0 - 30 * n) for n, one in enumerate(cards))))
    return told
