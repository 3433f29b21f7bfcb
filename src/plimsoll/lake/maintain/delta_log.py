"""A Delta log over the day files as they are: other engines read the lake, and nothing is written twice.

One Delta table a table of the lake. What the log says is made to agree with the manifest, whatever was published
before: a publication that was missed, or cut, is made good by the next. Open segments are not in it: it is as new as
the last compaction.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from plimsoll.errors import TemporaryError, UsageError, shown
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.manifest import DayFile
from plimsoll.lake.settings import SharedPlace
from plimsoll.lake.stores.objects import profile_keys
from plimsoll.tables import TABLES, Table

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction

ICEBERG: Final = (
    "iceberg is not published: its writer needs pyarrow and a catalog service of yours; publish delta, which Spark, "
    "Trino, ClickHouse and Databricks read: plimsoll publish-catalog delta"
)
_KINDS: Final = {
    "text": "string",
    "instant": "timestamp",
    "f32": "float",
    "f64": "double",
    "int": "long",
    "bool": "boolean",
}
_OURS: Final = {"plimsoll.published": "true"}


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One table's log: where it is, its version, and what this publication changed; `rows` are those of all files."""

    table: str
    uri: str
    version: int
    files: int
    rows: int
    added: int
    removed: int


def publish_delta(files: Files, root: Path, place: SharedPlace, *, now: datetime) -> list[PublishedTable]:
    """Brings the Delta logs up to date with the manifest. `root`: the lake's folder, or the shared one's cache."""
    manifest = manifests.load(files, root)
    base = place.uri or str(root.resolve())
    return [
        _publish(f"{base.rstrip('/')}/{table.name}", table, manifest.of(table.name), _options(place), now)
        for table in TABLES.values()
    ]


def _publish(
    uri: str, table: Table, days: Mapping[str, DayFile], options: dict[str, str], now: datetime
) -> PublishedTable:
    try:
        from deltalake.exceptions import DeltaError
    except ImportError as error:
        raise UsageError('publish-catalog delta needs the extra: pip install "plimsoll[delta]"') from error
    try:
        known = _opened(uri, table, options)
        current = {file.name: file for file in days.values()}
        paths: Any = known.get_add_actions(flatten=True).column("path")
        listed = {str(path) for path in paths.to_pylist()}
        added, removed = sorted(current.keys() - listed), sorted(listed - current.keys())
        if added or removed:
            _commit(known, [_add(current[name]) for name in added], removed, now)
    except (DeltaError, OSError) as error:
        raise TemporaryError(
            f"{shown(uri)}: the log could not be written ({shown(_brief(error))}); try again"
        ) from error
    rows = sum(file.rows for file in current.values())
    return PublishedTable(table.name, uri, known.version(), len(current), rows, len(added), len(removed))


def _opened(uri: str, table: Table, options: dict[str, str]) -> "DeltaTable":
    """The table's log, made where there is none, with the columns that the table has now."""
    from deltalake import DeltaTable, Field, Schema
    from deltalake.schema import PrimitiveType

    fields = [Field(column.name, PrimitiveType(_KINDS[column.kind]), nullable=True) for column in table.columns]
    if not DeltaTable.is_deltatable(uri, options):
        if "://" not in uri:
            Path(uri).mkdir(parents=True, exist_ok=True, mode=0o700)
        return DeltaTable.create(
            uri,
            Schema(fields),
            name=table.name,
            description=f"Plimsoll's table {table.name}: read only; files are replaced by each compaction",
            storage_options=options,
            configuration=_OURS,
            raise_if_key_not_exists=False,
        )
    known = DeltaTable(uri, storage_options=options)
    there = {field.name for field in known.schema().fields}
    if new := [field for field in fields if field.name not in there]:
        known.alter.add_columns(new)
        known.update_incremental()
    return known


def _commit(known: "DeltaTable", add: "list[AddAction]", remove: Iterable[str], now: datetime) -> None:
    """Files in and out in one version: no reader of the log sees a day twice, or not at all."""
    from deltalake._internal import RemoveAction

    at_ms = round(now.timestamp() * 1000)
    gone: list[Any] = [RemoveAction(name, data_change=True, deletion_timestamp=at_ms) for name in remove]
    known.create_write_transaction([*add, *gone], mode="append", schema=known.schema(), partition_by=[])
    known.update_incremental()


def _add(file: DayFile) -> "AddAction":
    from deltalake.transaction import AddAction

    stats = {
        "numRecords": file.rows,
        "minValues": {"ts": _stamp(file.first_ms)},
        "maxValues": {"ts": _stamp(file.last_ms)},
        "nullCount": {"ts": 0},
    }
    return AddAction(file.name, file.bytes, {}, file.last_ms, data_change=True, stats=json.dumps(stats))


def _stamp(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _options(place: SharedPlace) -> dict[str, str]:
    """What the library needs to find the store; credentials by the same chain as everything else."""
    if not place.uri.startswith("s3://"):
        return {}
    endpoint = place.endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
    options = {f"aws_{key}": value for key, value in profile_keys(os.environ).items()}
    options |= {"aws_region": place.region} if place.region else {}
    options |= {"aws_endpoint": endpoint} if endpoint else {}
    return options | ({"aws_allow_http": "true"} if endpoint.startswith("http://") else {})


def _brief(error: Exception) -> str:
    """The first words: what follows may hold a request."""
    return str(error).splitlines()[0].split(":")[0] if str(error) else type(error).__name__
