"""Whole JSON documents: what sadf, CloudWatch and a Prometheus server answer -> columns with their mapping."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, cast

import polars as pl

from plimsoll.collectors.prometheus.exposition import Exposition, Sample
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import builtin, load
from plimsoll.collectors.prometheus.naming import ResourceIdTemplate, place
from plimsoll.errors import UsageError, shown
from plimsoll.importing.delimited import Block
from plimsoll.importing.mapping import FileMapping
from plimsoll.importing.presets import Wanted, named
from plimsoll.metrics import CATALOGUE
from plimsoll.units import Unit

MOST_BYTES: Final = 64 * 1024**2
Read = tuple[FileMapping, list[Block]]
_TIME: Final = {"column": "time", "zone": "UTC"}
_STATISTICS: Final = ("Average", "Sum", "Maximum", "Minimum", "SampleCount")
_SADF: Final[dict[str, tuple[str, dict[str, dict[str, Any]]]]] = {
    "cpu-load": (
        "",
        {
            "idle": {"metric": "cpu_utilization_pct", "unit": "pct", "of": 100.0, "less": ("iowait",)},
            "iowait": {"metric": "cpu_iowait_pct", "unit": "pct"},
            "steal": {"metric": "cpu_steal_pct", "unit": "pct"},
        },
    ),
    "memory": (
        "",
        {
            "avail": {"metric": "memory_available_bytes", "unit": "kib"},
            "memused-percent": {"metric": "memory_utilization_pct", "unit": "pct"},
            "swpused": {"metric": "swap_used_bytes", "unit": "kib"},
        },
    ),
    "queue": ("", {"ldavg-1": {"metric": "load_average_count", "unit": "count"}}),
    "disk": (
        "disk-device",
        {
            "rkB": {"metric": "disk_read_bytes_per_s", "unit": "kib_per_s"},
            "wkB": {"metric": "disk_write_bytes_per_s", "unit": "kib_per_s"},
            "await": {"metric": "disk_latency_ms", "unit": "ms"},
            "util-percent": {"metric": "disk_busy_pct", "unit": "pct"},
        },
    ),
    "net-dev": (
        "iface",
        {
            "rxkB": {"metric": "network_receive_bits_per_s", "unit": "kib_per_s"},
            "txkB": {"metric": "network_transmit_bits_per_s", "unit": "kib_per_s"},
        },
    ),
}


def read_document(name: str, path: Path, wanted: Wanted) -> list[Read]:
    """The parts of a document, each with the mapping of its columns; a UsageError says what it lacks."""
    tree = _tree(path)
    try:
        if name == "sadf-json":
            return list(_sadf(tree, wanted))
        if name == "cloudwatch":
            return list(_cloudwatch(tree, path, wanted))
        return list(_prometheus(tree, wanted))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        why = shown(f"{type(error).__name__}: {error}")
        raise UsageError(f"{path.name}: is not what {named(name).title} writes ({why})") from error


def _tree(path: Path) -> Any:  # noqa: ANN401 - JSON
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise UsageError(f"{path.name}: a JSON document of more than {MOST_BYTES // 1024**2} MiB; cut it in pieces")
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path.name}: is not JSON ({shown(error)})") from error


def _block(rows: list[dict[str, Any]], columns: list[str]) -> list[Block]:
    texts = [{name: None if row.get(name) is None else str(row[name]) for name in columns} for row in rows]
    return [Block(pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String)), 1, [], 0)]


def _sadf(tree: Any, wanted: Wanted) -> Iterator[Read]:  # noqa: ANN401 - JSON
    kinds: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _SADF}
    for host in tree["sysstat"]["hosts"]:
        for one in host["statistics"]:
            at = one["timestamp"]
            base = {"time": f"{at['date']} {at['time']}{' UTC' if at.get('utc') else ''}", "host": host["nodename"]}
            found = cast(dict[str, Any], {**one, **(one.get("network") or {})})
            for kind in _SADF:
                items: Any = found.get(kind)
                several = cast(list[dict[str, Any]], items if isinstance(items, list) else [items] if items else [])
                for item in several:
                    if kind != "cpu-load" or item.get("cpu") in ("all", "-1"):
                        kinds[kind].append({**base, **item})
    for kind, rows in kinds.items():
        device, values = _SADF[kind]
        there = {name: value for name, value in values.items() if any(name in row for row in rows)}
        if not there:
            continue
        ids: dict[str, Any] = {"type": wanted.resource_type, "device_column": device or None}
        ids |= {"id": wanted.resource_id} if wanted.resource_id else {"column": "host"}
        mapping = FileMapping.model_validate(
            {
                "source": f"import.sadf-{kind}",
                "time": {"column": "time", "zone": wanted.zone or "UTC"},
                "resource": ids,
                "values": there,
            }
        )
        yield mapping, _block(rows, mapping.columns)


def _cloudwatch(tree: Any, path: Path, wanted: Wanted) -> Iterator[Read]:  # noqa: ANN401 - JSON
    preset = named("cloudwatch")
    known = {name: value for part in preset.parts for name, value in part.columns.items()}
    for series in tree.get("MetricDataResults") or [tree]:
        label = str(series.get("Label") or series.get("Id") or "")
        name = label.rsplit(" ", maxsplit=1)[-1]
        points, statistic = _points(series)
        rows = [{"time": time, "value": value} for time, value in points]
        value: dict[str, Any] | None = None
        if statistic == "Sum" or (name in preset.sums and not statistic):
            metric, seconds = preset.sums.get(name), _period(series, [row["time"] for row in rows])
            if metric is not None and seconds:
                unit = "bytes_per_s" if CATALOGUE[metric].unit != Unit.PER_SECOND else "per_s"
                rows = [{**row, "value": float(row["value"]) / seconds} for row in rows]
                value = {"metric": metric, "unit": unit}
        elif name in known:
            value = {"metric": known[name].metric, "unit": known[name].unit}
        if wanted.metric is not None:
            value = {"metric": wanted.metric, "unit": wanted.unit or CATALOGUE[wanted.metric].unit.value}
        if value is None:
            why = "is not a known metric; say --metric and --unit"
            raise UsageError(f'{path.name}: "{shown(label)}" {why}')
        resource = wanted.resource_id or (label.split(" ", maxsplit=1)[0] if " " in label else path.name.split(".")[0])
        mapping = FileMapping.model_validate(
            {
                "source": f"import.cloudwatch.{value['metric']}",
                "time": _TIME,
                "resource": {"id": resource, "type": wanted.resource_type},
                "values": {"value": value},
            }
        )
        yield mapping, _block(rows, mapping.columns)


def _points(series: dict[str, Any]) -> tuple[list[tuple[str, Any]], str]:
    """(time, value) each, and the statistic where the document names it."""
    if "Timestamps" in series:
        return list(zip(series["Timestamps"], series["Values"], strict=True)), str(series.get("Stat") or "")
    points = cast(list[dict[str, Any]], series["Datapoints"])
    statistic = next((name for name in _STATISTICS if points and name in points[0]), "")
    return [(str(point["Timestamp"]), point.get(statistic)) for point in points], statistic


def _period(series: dict[str, Any], times: list[str]) -> float | None:
    """Seconds of a point: as the document says, else the smallest step."""
    if series.get("Period"):
        return float(series["Period"])
    instants = sorted(datetime.fromisoformat(time) for time in times)
    steps = [(b - a).total_seconds() for a, b in pairwise(instants) if b > a]
    return min(steps, default=None)


def _prometheus(tree: Any, wanted: Wanted) -> Iterator[Read]:  # noqa: ANN401 - JSON
    """Series that a built-in mapping knows, through it and its rules of identity; others need --metric."""
    result = tree["data"]["result"]
    if wanted.metric is not None:
        yield from _as_one_metric(result, wanted)
        return
    moments: dict[tuple[int, str], Exposition] = {}
    for series in result:
        labels = {str(key): str(value) for key, value in series["metric"].items()}
        name = labels.pop("__name__", "")
        for at_s, text in series.get("values") or [series["value"]]:
            key = (round(1000 * float(at_s)), labels.get("instance", ""))
            sample = Sample(name, labels, float(text), float(at_s))
            moments.setdefault(key, Exposition()).samples.setdefault(name, []).append(sample)
    names = {name for exposition in moments.values() for name in exposition.samples}
    table = next((load(one) for one in builtin() if any(load(one).wanted(name) for name in names)), None)
    if table is None:
        raise UsageError(f"no mapping knows {shown(', '.join(sorted(names)[:3]) or 'these series')}; say --metric")
    mappers: dict[str, Mapper] = {}
    rows: list[dict[str, Any]] = []
    for (at_ms, instance), exposition in sorted(moments.items()):
        namer = ResourceIdTemplate("import", instance or "import", wanted.resource_id or "{host}")
        mapper = mappers.setdefault(instance, Mapper(table, interval_s=3600.0, resource_of=namer, apart=namer.labels))
        read = mapper.read(exposition, at_s=at_ms / 1000, wall_s=at_ms / 1000)
        at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        for (resource, device), values in sorted(read.readings.items()):
            rows.append({"time": at, "host": resource, "device": device, **values})
    metrics = sorted({name for row in rows for name in row if name in CATALOGUE})
    if not metrics:
        raise UsageError("nothing in it can be read: counters need a second reading, and labels their names")
    mapping = FileMapping.model_validate(
        {
            "source": "import.prometheus",
            "time": _TIME,
            "resource": {"column": "host", "device_column": "device", "type": wanted.resource_type},
            "values": {name: {"metric": name, "unit": CATALOGUE[name].unit.value} for name in metrics},
        }
    )
    yield mapping, _block(rows, mapping.columns)


def _as_one_metric(result: Any, wanted: Wanted) -> Iterator[Read]:  # noqa: ANN401 - JSON
    """Every series is a resource: by its instance without a port, or as the user says."""
    metric = wanted.metric or ""
    rows: list[dict[str, Any]] = []
    for series in result:
        labels = series["metric"]
        host = wanted.resource_id or place(str(labels.get("instance", "")))[0] or "import"
        device = next((str(labels[name]) for name in ("gpu", "device", "GpuIndex", "uuid") if name in labels), "")
        for at_s, text in series.get("values") or [series["value"]]:
            rows.append({"time": float(at_s), "host": host, "device": device, "value": text})
    unit = wanted.unit or (CATALOGUE[metric].unit.value if metric in CATALOGUE else "")
    mapping = FileMapping.model_validate(
        {
            "source": f"import.prometheus.{metric}",
            "time": {"column": "time", "unit": "s"},
            "resource": {"column": "host", "device_column": "device", "type": wanted.resource_type},
            "values": {"value": {"metric": metric, "unit": unit}},
        }
    )
    yield mapping, _block(rows, mapping.columns)
