"""What the row of an attempt says of a reading: what was left out, what has gone, and what its new name may be."""

from typing import Final

from plimsoll.collectors.prometheus import renames
from plimsoll.collectors.prometheus.exposition import Exposition
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.look import Read
from plimsoll.collectors.prometheus.mapping import Mapping as Table
from plimsoll.collectors.prometheus.mapping import stem
from plimsoll.errors import shown

_CLOCK_MAY_DIFFER_S: Final = 5.0
_SHOWN: Final = 3


def refuse_nothing(mapping: str, exposition: Exposition, read: Read) -> None:
    """FetchError where a target answered with nothing that this mapping reads; it says why."""
    if read.found or read.readings:
        return
    said = _labels(read)
    near = renames.likely(read.missing, _stems(exposition))
    if near:
        pairs = sorted(near.items())
        said += [f"{old} is perhaps {shown(new)} now" for old, new in pairs[:_SHOWN]]
        said += [f"and {len(pairs) - _SHOWN} more"] if len(pairs) > _SHOWN else []
    elif not said:
        looked = sorted(read.missing)[:_SHOWN]
        said.append(f"looked for {', '.join(looked)} and others")
        if there := sorted(_stems(exposition))[:_SHOWN]:
            said.append(f"there are {shown(', '.join(there))} and others: is it another exporter?")
    if read.vanished:
        said.insert(0, f"gone since the reading before: {_some(read.vanished)}")
    if read.dropped:
        said.append(_dropped(read))
    said += [read.refused] if read.refused else []
    said += _torn(read)
    raise FetchError(f"no family of the mapping {mapping} could be read: {'; '.join(said)}")


def remarks(mapping: str, table: Table, exposition: Exposition, read: Read, late_s: float | None) -> str | None:
    """What a reader of the coverage should know, though the target was read; `late_s` is how far its clock is off."""
    said: list[str] = []
    if read.dropped:
        said.append(_dropped(read))
    said += [read.refused] if read.refused else []
    said += _torn(read)
    if parted := [] if read.shared else sorted(read.parted):
        said.append(f"a part of {_some(parted)} is not known, so their sum is not")
    if read.shared:
        said.append(f"several resources have {_some(sorted(read.shared))}: what it uses is of none of them alone")
    if read.beyond:
        said.append(f"beyond the last bucket: {', '.join(sorted(read.beyond))}")
    if not read.readings:
        said.append("the first reading: counters need a second one")
    said += [f"{metric} needs {family}, which is not there" for metric, family in sorted(read.lacking.items())]
    said += _labels(read)
    said += _gone(exposition, read)
    if read.lost:
        said.append(f"not there as at the reading before: {_some(read.lost)}")
    said += read.remarks
    unmapped = table.unmapped(exposition.unread)
    strangers = renames.likely(read.missing, _stems(exposition) - set(unmapped))
    said += [f"{old} is perhaps {shown(new)} now" for old, new in sorted(strangers.items())[:_SHOWN]]
    if unmapped:
        whole = len(unmapped) + len(exposition.samples)
        near = {new: old for old, new in renames.likely(read.missing, frozenset(unmapped)).items()}
        like = next((name for name in unmapped if name in near), unmapped[0])
        said.append(f"{len(unmapped)} of {whole} {mapping} families are not mapped, such as {shown(like)}")
    if late_s is not None and abs(late_s) > _CLOCK_MAY_DIFFER_S:
        said.append(f"its clock is {late_s:+.0f} s off")
    return "; ".join(said) or None


def _torn(read: Read) -> list[str]:
    """Series that cannot be distinguished."""
    said = [f"samples of {_some(read.uncounted)} lack the labels that they are counted by"] if read.uncounted else []
    if read.torn:
        said.append(f"{read.torn} series came twice with different values: is a label dropped?")
    elif read.repeated:
        said.append(f"{read.repeated} series came twice: is a label dropped?")
    return said


def _dropped(read: Read) -> str:
    return f"{read.dropped} values that cannot be were dropped"


def _gone(exposition: Exposition, read: Read) -> list[str]:
    """Families that an earlier reading had."""
    if not read.vanished:
        return []
    near = renames.likely(frozenset(read.vanished), _stems(exposition))
    gone = [f"{name} (perhaps {shown(near[name])} now)" if name in near else name for name in read.vanished]
    return [f"gone since the reading before: {_some(gone)}"]


def _labels(read: Read) -> list[str]:
    """Samples that cannot be used for want of a label."""
    said = [
        f"{count} samples of {family} have no label {label}"
        for (family, label), count in sorted(read.unlabeled.items())[:_SHOWN]
    ]
    if read.nameless:
        said.append(
            f"samples of {_some(sorted(read.nameless))} name no resource: a label is missing, or cannot be a name"
        )
    return said


def _some(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _stems(exposition: Exposition) -> frozenset[str]:
    return frozenset(stem(name) for name in exposition.unread)
