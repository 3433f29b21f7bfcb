"""What counts where the same byte is reported at several levels: interfaces, block devices, mounts, containers.

Each law takes the samples of one family and leaves those that may be added up, within each machine that labels name.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from plimsoll.collectors.layers import blocks, links
from plimsoll.collectors.prometheus.exposition import Sample

Law = Callable[[list[Sample], frozenset[str]], list[Sample]]
_PLACES: Final = ("instance", "node", "hostname", "Hostname", "kubernetes_io_hostname", "host", "cluster")
_NODE_OWN: Final = re.compile(
    r"veth.*|cali.*|flannel.*|docker\d+|cni\d+|br-.*|cilium.*|lxc.*|vxlan.*|kube-ipvs.*|tunl.*"
)


def _places(samples: list[Sample]) -> dict[tuple[str | None, ...], list[Sample]]:
    """Samples by the machine that they tell of."""
    found: dict[tuple[str | None, ...], list[Sample]] = {}
    for one in samples:
        found.setdefault(tuple(one.labels.get(label) for label in _PLACES), []).append(one)
    return found


def _by_name(samples: list[Sample], label: str, counting: Callable[[set[str]], set[str]]) -> list[Sample]:
    kept: list[Sample] = []
    for ones in _places(samples).values():
        names = counting({one.labels.get(label, "") for one in ones})
        kept += [one for one in ones if one.labels.get(label, "") in names]
    return kept


def interfaces(samples: list[Sample], apart: frozenset[str]) -> list[Sample]:  # noqa: ARG001 - a law's form
    """Interfaces of machines."""
    return _by_name(samples, "device", links)


def disks(samples: list[Sample], apart: frozenset[str]) -> list[Sample]:  # noqa: ARG001 - a law's form
    """Block devices of machines."""
    return _by_name(samples, "device", blocks)


def mounts(samples: list[Sample], apart: frozenset[str]) -> list[Sample]:  # noqa: ARG001 - a law's form
    """Each file system at the shortest of the places where it is mounted."""
    first: dict[tuple[str | None, ...], Sample] = {}
    for one in samples:
        labels = one.labels
        place = tuple(labels.get(label) for label in _PLACES)
        where = labels.get("mountpoint", "")
        key = (*place, labels.get("device") or where, labels.get("fstype"))
        before = first.get(key)
        if before is None or (len(where), where) < (
            len(before.labels.get("mountpoint", "")),
            before.labels.get("mountpoint", ""),
        ):
            first[key] = one
    return list(first.values())


def containers(samples: list[Sample], apart: frozenset[str]) -> list[Sample]:  # noqa: ARG001 - a law's form
    """Containers, neither the pods and slices that hold them nor what runs inside them; of disks the lowest level."""
    kept: list[Sample] = []
    for ones in _places(samples).values():
        own = [one for one in ones if _is_container(one.labels)]
        ids = {one.labels["id"] for one in own if one.labels.get("id")}
        outer = [one for one in own if not any(above in ids for above in _above(one.labels.get("id", "")))]
        devices = blocks({one.labels["device"] for one in outer if one.labels.get("device")})
        kept += [one for one in outer if not one.labels.get("device") or one.labels["device"] in devices]
    return kept


def _is_container(labels: Mapping[str, str]) -> bool:
    name = labels.get("container") or labels.get("container_name")
    if name:
        return name != "POD"
    in_pod = labels.get("pod") or labels.get("pod_name") or labels.get("id", "").startswith("/kubepods")
    return not in_pod and bool(labels.get("name"))


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(2, len(parts))]


def pod_network(samples: list[Sample], apart: frozenset[str]) -> list[Sample]:
    """A node's traffic once: its own links where they are reported, else its pods'; never a pod on the host's network.

    Where resources are pods, only pods with a network of their own are left.
    """
    kept: list[Sample] = []
    for ones in _places(samples).values():
        roots = [one for one in ones if one.labels.get("id") == "/"]
        by_pod: dict[tuple[str, ...], list[Sample]] = {}
        for one in ones:
            if one.labels.get("id") != "/":
                group = one.labels.get("pod") or one.labels.get("id") or one.labels.get("name", "")
                by_pod.setdefault((one.labels.get("namespace", ""), group), []).append(one)
        node_links = {(one.labels.get("interface", ""), one.value) for one in roots if one.value}
        pods = [pod for pod in by_pod.values() if not _on_host(pod, node_links)]
        if roots and apart.isdisjoint({"pod", "namespace", "container", "name", "pod_name", "id"}):
            kept += _by_name(roots, "interface", links)
        else:
            kept += [one for pod in pods for one in _by_name(pod, "interface", links)]
    return kept


def _on_host(pod: list[Sample], node_links: set[tuple[str, float]]) -> bool:
    names = {one.labels.get("interface", "") for one in pod}
    return any(_NODE_OWN.fullmatch(name) for name in names) or any(
        (one.labels.get("interface", ""), one.value) in node_links for one in pod
    )


LAWS: Final[Mapping[str, Law]] = MappingProxyType(
    {
        "interfaces": interfaces,
        "disks": disks,
        "mounts": mounts,
        "containers": containers,
        "pod_network": pod_network,
    }
)
