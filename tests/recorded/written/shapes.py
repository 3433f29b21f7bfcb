"""What a payload is made of: families, in the exposition's own text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Labels = Mapping[str, object]


@dataclass(frozen=True)
class Family:
    """A family: samples are (suffix, labels, value)."""

    name: str
    kind: str
    samples: tuple[tuple[str, Labels, float], ...]

    def text(self) -> str:
        """Its lines."""
        return "\n".join([f"# TYPE {self.name} {self.kind}", *(self._line(*one) for one in self.samples)])

    def _line(self, suffix: str, labels: Labels, value: float) -> str:
        said = ",".join(f'{key}="{one}"' for key, one in labels.items())
        return f"{self.name}{suffix}{f'{{{said}}}' if said else ''} {value:.12g}"


def gauge(name: str, *samples: tuple[Labels, float]) -> Family:
    """A gauge."""
    return Family(name, "gauge", tuple(("", labels, value) for labels, value in samples))


def counter(name: str, *samples: tuple[Labels, float]) -> Family:
    """A counter, under the name that its lines have."""
    return Family(name, "counter", tuple(("", labels, value) for labels, value in samples))


def histogram(name: str, *parts: tuple[Labels, Mapping[str, float], float]) -> Family:
    """A histogram: (labels, counts up to each bound, the sum)."""
    samples: list[tuple[str, Labels, float]] = []
    for labels, bounds, total in parts:
        samples += [("_bucket", {**labels, "le": bound}, count) for bound, count in bounds.items()]
        samples += [("_sum", labels, total), ("_count", labels, max(bounds.values()))]
    return Family(name, "histogram", tuple(samples))


def payload(after: str, families: Iterable[Family]) -> str:
    """A whole payload; `after` says after which documentation it was written."""
    return f"# written by us after {after}\n" + "".join(f"{one.text()}\n" for one in families)
