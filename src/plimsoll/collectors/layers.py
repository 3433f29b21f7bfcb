"""What lies below what: of the interfaces and block devices of one machine those at which each byte passes once.

Bonds lie over cards, bridges and VLANs over bonds, device mapper and RAID over disks. One law for every source.
"""

import re
from typing import Final

_INSIDE: Final = re.compile(
    r"lo\d*|veth.*|docker\d*|docker_gwbridge|ifb.*|cni.*|tap.*|tun.*|dummy.*|virbr.*|vnet.*|cali.*|flannel.*|cilium.*|lxc.*|lxd.*"
    r"|vxlan.*|geneve.*|genev_.*|gre.*|gretap.*|erspan.*|sit\d.*|ip6tnl.*|tunl.*|ovs.*|br-int|br-tun|br-ex|macvtap.*|ipvtap.*|mv-.*|ipvl.*|kube-.*|nodelocaldns|weave.*"
    r"|wg\d.*|tailscale.*|zt.*|macvlan.*|ipvlan.*|podman.*|nerdctl.*|azv.*|eni[0-9a-f]{11}|usb.*gadget.*"
)
_BOND: Final = re.compile(r"bond[^.]*|team\d[^.]*|lagg\d+|nm-bond.*|nm-team.*")
_BRIDGE: Final = re.compile(r"br\d[^.]*|br-.*|vmbr\d[^.]*|bridge\d[^.]*|virbr.*|xenbr.*")
_FUNCTION: Final = re.compile(r"enP\d{3,5}s\d+(?:np\d+)?")
_SYNTHETIC: Final = re.compile(r"eth\d+")
"""A virtual function as a virtual machine's synthetic card names it: `eth0` reports its bytes, too."""
_VLAN: Final = re.compile(r"(?P<below>.+)\.\d{1,4}|vlan\.?\d+")
_STACKED: Final = re.compile(r"dm-.*|bcache\d+|drbd\d+|vg.*|mapper/.*")
_RAID: Final = re.compile(r"md.*")
_MADE_UP: Final = re.compile(r"loop.*|ram\d*|zram\d*|sr\d+|fd\d+|zd\d+(?:p\d+)?|nbd\d+(?:p\d+)?|nvme\d+c\d+n\d+")
_PART: Final = re.compile(
    r"(?P<disk>(?:nvme|mmcblk|rbd|pmem|drbd|bcache)\d+(?:n\d+)?)p\d+|(?P<plain>(?:[hsv]|xv)d[a-z]+)\d+|(?P<md>md\d+)p\d+"
)


def links(names: set[str]) -> set[str]:
    """The interfaces that carry a machine's traffic, each byte once: cards below bonds, bonds below bridges and VLANs.

    What is virtual counts only where nothing below it is reported.

    >>> sorted(links({"lo", "ens1f0", "ens1f1", "bond0", "bond0.100", "br0", "veth1"}))
    ['ens1f0', 'ens1f1']
    >>> sorted(links({"bond0", "bond0.100", "br0"})), sorted(links({"eth0.7", "lo"}))
    (['bond0'], ['eth0.7'])
    """
    names = {name for name in names if name and not _INSIDE.fullmatch(name)}
    vlans = {name: match for name in names if (match := _VLAN.fullmatch(name))}
    bonds = {name for name in names - vlans.keys() if _BOND.fullmatch(name)}
    bridges = {name for name in names - vlans.keys() - bonds if _BRIDGE.fullmatch(name)}
    cards = names - vlans.keys() - bonds - bridges
    if any(_SYNTHETIC.fullmatch(name) for name in cards):
        cards = {name for name in cards if not _FUNCTION.fullmatch(name)}
    kept = cards or bonds
    alone = {name for name, match in vlans.items() if match["below"] and match["below"] not in names}
    if kept:
        alone = {name for name in alone if not _BOND.fullmatch(vlans[name]["below"])}
    return kept | alone or {name for name in vlans if not vlans[name]["below"]} or bridges


def blocks(names: set[str]) -> set[str]:
    """The block devices that do a machine's input and output, each byte once: disks, not what is laid over them.

    >>> sorted(blocks({"nvme0n1", "nvme0n1p1", "dm-0", "md127", "loop3", "sda", "sda2"}))
    ['nvme0n1', 'sda']
    >>> sorted(blocks({"dm-0", "md0"}))
    ['md0']
    """
    plain = {name.removeprefix("/dev/"): name for name in names if name}
    real = {short for short in plain if not _MADE_UP.fullmatch(short)}
    for short in list(real):
        if (match := _PART.fullmatch(short)) and (match["disk"] or match["plain"] or match["md"]) in real:
            real.discard(short)
    raids = {short for short in real if _RAID.fullmatch(short)}
    stacked = {short for short in real if _STACKED.fullmatch(short)}
    return {plain[short] for short in (real - raids - stacked) or raids or stacked}
