"""Identity: which samples speak of the same thing, decided before anything is added up.

An exporter tells of one GPU once for each pod that may use it, of one engine once for each rank and process, of one
byte once for each interface that it passes. Here each thing is left once: names of all releases become one name, labels
that say only who looked are put aside, copies become one sample (the highest: copies are read at slightly different
moments), and parts that repeat their whole's value hand it to the whole. The laws of interfaces, disks, mounts and
containers are in `counted.py`; what tells things apart is data of each mapping: docs/howto/read-exporters.md has the
table.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from plimsoll.collectors.prometheus.counted import LAWS
from plimsoll.collectors.prometheus.exposition import Exposition, Sample
from plimsoll.collectors.prometheus.mapping import Mapping as Table
from plimsoll.collectors.prometheus.mapping import split_name, stem

Key = tuple[object, ...]
_HOSTS: Final = ("instance", "node", "hostname", "Hostname", "host", "ip", "NodeAddress", "cluster")


@dataclass
class Identity:
    """What tells the things of one mapping apart.

    `apart` are labels that resources are named by: readings of two resources are never copies of each other. `copies`
    are labels, beside the mapping's own, that tell nothing apart. Of the last exposition, `torn` counts the series that
    came twice with different values (they are left out), `repeated` those that came twice at all, and
    `uncounted` names the families of which no law of counting could take a sample.
    """

    table: Table
    apart: frozenset[str] = frozenset()
    copies: frozenset[str] = frozenset()
    torn: int = 0
    repeated: int = 0
    uncounted: tuple[str, ...] = ()

    @cached_property
    def _exact(self) -> frozenset[str]:
        return self.copies - self.table.kept

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        patterns = self.table.identity.copies
        return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None

    @cached_property
    def _decided(self) -> dict[str, bool]:
        return {}

    @cached_property
    def _beside(self) -> frozenset[str]:
        return self.table.beside | self.apart

    def once(self, exposition: Exposition) -> Exposition:
        """The exposition under the mapping's own names, with each thing in it once."""
        self.torn = self.repeated = 0
        self.uncounted = ()
        samples = self._named(exposition)
        self._indexed(samples)
        damaged = {self.table.canonical(name)[0] for name in exposition.damaged}
        made = Exposition(unread=exposition.unread, damaged=damaged)
        for name, ones in samples.items():
            family = self.table.family(name)
            counted = LAWS[family.counted](ones, self.apart) if family.counted else ones
            if ones and not counted:
                self.uncounted += (name,)
            torn = self.torn
            made.samples[name] = self._each_once(counted, family.parts)
            if self.torn > torn:
                made.damaged.add(name)
        return made

    def _named(self, exposition: Exposition) -> dict[str, list[Sample]]:
        """Samples under today's own names, in their own units."""
        found: dict[str, list[Sample]] = {}
        renamed: dict[str, list[Sample]] = {}
        for name, ones in exposition.samples.items():
            now, factor = self.table.canonical(name)
            if now == name and factor == 1.0:
                found[name] = self._labeled(ones)
            elif now not in renamed:
                renamed[now] = self._labeled([_scaled(one, now, factor) for one in ones])
        return renamed | found  # an exporter that tells both names tells the same twice

    def _labeled(self, samples: list[Sample]) -> list[Sample]:
        """Labels under today's names beside the ones that came."""
        aliases = self.table.labels
        if not aliases:
            return samples
        made: list[Sample] = []
        for one in samples:
            more = {
                label: one.labels[old]
                for label, olds in aliases.items()
                if label not in one.labels
                for old in reversed(olds)
                if one.labels.get(old)
            }
            made.append(Sample(one.name, {**one.labels, **more}, one.value, one.at_s) if more else one)
        return made

    def _indexed(self, samples: Mapping[str, list[Sample]]) -> None:
        """A device that some family tells only by its long name has the number that the others give it."""
        identity = self.table.identity
        if not identity.index or not identity.things:
            return
        (unique,), index = identity.things[0], identity.index
        numbers = {
            one.labels[unique]: one.labels[index]
            for ones in samples.values()
            for one in ones
            if one.labels.get(unique) and one.labels.get(index)
        }
        for ones in samples.values():
            for one in ones:
                if not one.labels.get(index) and (number := numbers.get(one.labels.get(unique, ""))):
                    one.labels = {**one.labels, index: number}

    def _each_once(self, samples: list[Sample], parts: str) -> list[Sample]:
        found: dict[Key, Sample] = {}
        first: dict[Key, Mapping[str, str]] = {}
        torn: set[Key] = set()
        part = self.table.part
        for one in samples:
            given = one.labels
            if part and parts != "own" and given.get(part):
                if parts == "unknown" and one.value == 0:
                    continue  # what cannot be measured of a part arrives as zero
                kept = {label: value for label, value in given.items() if label != part}
                one = Sample(one.name, kept, one.value, one.at_s)  # noqa: PLW2901
            one.key = key = self._key(one.labels)
            before = found.get(key)
            if before is not None and first[key] == given:
                self.repeated += 1
                if before.value != one.value:
                    torn.add(key)  # one series with two values: which of them is true, nothing says
            if before is None or one.value > before.value or before.value != before.value:
                found[key] = one
                first[key] = given
        self.torn += len(torn)
        return [one for key, one in found.items() if key not in torn]

    def host_label(self, exposition: Exposition, families: frozenset[str]) -> str:
        """The label that tells several machines apart whose devices are one resource's; empty where there is one.

        A machine (a container) may change its name and its GPUs do not: one GPU is not two machines'. `families` are
        those that name devices.
        """
        if self.apart or not families:
            return ""
        found: Counter[str] = Counter()
        for name, ones in exposition.samples.items():
            if stem(name) not in families or (self.table.identity.things and not self._several_cards(ones)):
                continue
            for label in _HOSTS:
                found[label] += len({one.labels.get(label) for one in ones} - {None, ""}) > 1
        found = +found
        return found.most_common(1)[0][0] if found else ""

    def _several_cards(self, samples: list[Sample]) -> bool:
        """Whether one number is that of several cards."""
        things = self.table.identity.things
        (unique, *_), (*_, number) = things[0], things[-1]
        cards: dict[str, set[str]] = {}
        for one in samples:
            if known := one.labels.get(unique):
                cards.setdefault(one.labels.get(number, ""), set()).add(known)
        return not cards or any(len(known) > 1 for known in cards.values())

    def _key(self, labels: Mapping[str, str]) -> Key:
        """What this sample speaks of; two samples of a family with one key are one."""
        identity = self.table.identity
        for names in identity.things:
            if all(labels.get(name) for name in names):
                thing = tuple(labels[name] for name in names)
                return (thing, *((label, labels[label]) for label in sorted(self._beside & labels.keys())))
        if not self._exact and self._pattern is None:
            return tuple(sorted(labels.items()))
        return tuple(sorted(pair for pair in labels.items() if not self._is_copy(pair[0])))

    def _is_copy(self, label: str) -> bool:
        """Whether a label tells nothing apart."""
        known = self._decided.get(label)
        if known is None:
            matches = self._pattern is not None and bool(self._pattern.fullmatch(label))
            known = self._decided[label] = (matches or label in self._exact) and label not in self.apart
        return known


def _scaled(one: Sample, name: str, factor: float) -> Sample:
    """The sample in the units of the name that it has now; of a histogram the bounds and the sum are scaled."""
    if factor == 1.0:
        return Sample(name, one.labels, one.value, one.at_s)
    suffix = split_name(one.name)[1]
    if suffix == "_count":
        return Sample(name, one.labels, one.value, one.at_s)
    if suffix == "_bucket":
        return Sample(name, {**one.labels, "le": _bound(one.labels.get("le", ""), factor)}, one.value, one.at_s)
    return Sample(name, one.labels, one.value * factor, one.at_s)


def _bound(text: str, factor: float) -> str:
    try:
        return repr(float(text) * factor)
    except ValueError:
        return text


def merged(replicas: Iterable[list[tuple[float, str]]], step_s: float) -> list[tuple[float, str]]:
    """One history out of the histories that replicas of a server kept of one series.

    The longest counts; the others fill only where it was silent for longer than one and a half steps.
    """
    ordered = sorted(replicas, key=lambda values: (-len(values), values[:1]))
    whole = list(ordered[0]) if ordered else []
    for other in ordered[1:]:
        times = sorted(at for at, _ in whole)
        whole += [pair for pair in other if _silent(times, pair[0], 1.5 * step_s)]
    return sorted(whole)


def _silent(times: list[float], at: float, longest_s: float) -> bool:
    """Whether `at` lies in a hole of `times`, or more than half a step beyond their ends."""
    place = bisect_left(times, at)
    before = times[place - 1] if place else None
    after = times[place] if place < len(times) else None
    if before is None or after is None:
        near = after if before is None else before
        return near is None or abs(near - at) > longest_s / 1.5 / 2
    return after - before > longest_s and before < at < after
