"""Reading files in blocks, within limits: whatever the size of a file, a few megabytes are in memory at a time."""

import codecs
import gzip
import json
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

import polars as pl

from plimsoll.errors import DiskError, UsageError, shown
from plimsoll.importing.delimited import Block, Dialect, Reader, check_columns

BLOCK_BYTES: Final = 8 * 1024**2
MAX_LINE_BYTES: Final = 1024**2
MAX_DEPTH: Final = 64
_PARQUET_ROWS: Final = 200_000
_MOST_INFLATED: Final = 200
_INFLATED_FREE_BYTES: Final = 64 * 1024**2
_FORMATS: Final = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}


def format_of(path: Path) -> str:
    """What a file is, by its name; a `.gz` at the end is looked through."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if suffixes and suffixes[-1] in _FORMATS:
        return _FORMATS[suffixes[-1]]
    raise UsageError(f"{path.name}: is not a .csv, .ndjson or .parquet; say what it is in the mapping: format = ...")


def blocks(path: Path, kind: str, columns: list[str], dialect: Dialect | None = None) -> Generator[Block]:
    """The file's rows, in order; the columns must be there, others are left aside."""
    try:
        if kind == "parquet":
            yield from _parquet(path, columns)
            return
        with _opened(path) as (stream, bytes_read):
            lines = _lines(path, stream, bytes_read)
            if kind == "csv":
                yield from Reader(path.name, columns, dialect or Dialect()).blocks(lines, bytes_read)
            else:
                yield from _ndjson(lines, bytes_read, columns)
    except FileNotFoundError as error:
        raise UsageError(f"{path.name}: is not there") from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise UsageError(f"{path.name}: is not a complete gzip file ({shown(error)})") from error
    except OSError as error:
        raise DiskError(f"{path.name}: cannot be read ({error.strerror})") from error


def beginning(path: Path) -> str:
    """The first 64 KiB of a file as text; empty where it cannot be read as one."""
    try:
        with _opened(path) as (stream, _):
            return stream.read(65_536).decode("utf-8", "replace")
    except OSError:
        return ""


@contextmanager
def _opened(path: Path) -> Generator[tuple[IO[bytes], Callable[[], int]]]:
    with path.open("rb") as raw:
        if path.suffix.lower() != ".gz":
            yield raw, raw.tell
            return
        with gzip.open(raw) as inflated:
            yield cast(IO[bytes], inflated), raw.tell


def _lines(path: Path, stream: IO[bytes], bytes_read: Callable[[], int]) -> Generator[list[bytes]]:
    """Whole lines, about a block at a time; endless lines, UTF-16 and gzip bombs are refused."""
    rest, row, inflated = b"", 0, 0
    while block := stream.read(BLOCK_BYTES):
        inflated += len(block)
        if not row and not rest:
            block = _checked_start(path, block)
        if inflated > _INFLATED_FREE_BYTES and inflated > _MOST_INFLATED * max(1, bytes_read()):
            raise UsageError(f"{path.name}: inflates more than {_MOST_INFLATED} times; unpack it yourself first")
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        longest = max((len(line) for line in [*lines, rest]), default=0)
        if longest > MAX_LINE_BYTES:
            raise UsageError(
                f"{path.name}: a line near row {row} has more than {MAX_LINE_BYTES:,} bytes; are the line ends \\n?"
            )
        row += len(lines)
        if lines:
            yield [line.removesuffix(b"\r") for line in lines]
    if rest:
        if rest.count(b"\r") > 1 and not row:
            raise UsageError(f"{path.name}: lines end in CR alone; save it with \\n line ends")
        yield [rest.removesuffix(b"\r")]


def _checked_start(path: Path, block: bytes) -> bytes:
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in block[:4096]:
        raise UsageError(f"{path.name}: is UTF-16 or binary; save it as UTF-8")
    return block.removeprefix(codecs.BOM_UTF8)


def _ndjson(lines: Iterable[list[bytes]], bytes_read: Callable[[], int], columns: list[str]) -> Generator[Block]:
    row = 1
    for bundle in lines:
        rows: list[dict[str, Any]] = []
        refused: list[tuple[int, str]] = []
        for line in bundle:
            if not line.strip():
                continue
            try:
                rows += _objects(line, columns)
            except (ValueError, RecursionError) as error:
                refused.append((row + len(rows), shown(error)))
                rows.append(dict.fromkeys(columns))
        yield Block(pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String)), row, refused, bytes_read())
        row += len(rows)


def _objects(line: bytes, columns: list[str]) -> list[dict[str, Any]]:
    """The rows of a line: itself, or the items of the one list in it that has the columns (`{"Datapoints": [...]}`)."""
    if line.count(b"{") + line.count(b"[") > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    read: object = json.loads(
        line, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=str, parse_int=str
    )
    if not isinstance(read, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - the row's reason, whatever the type
    value = cast(dict[str, Any], read)
    lists = [items for one in value.values() if (items := _items(one))]
    if len(lists) == 1 and not any(name in value for name in columns):
        return [_row(item, columns) for item in lists[0]]
    return [_row(value, columns)]


def _items(value: object) -> list[dict[str, Any]]:
    """The objects of a list of objects; of anything else none."""
    if not isinstance(value, list):
        return []
    found: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    return found if all(isinstance(one, dict) for one in found) else []


def _row(value: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    found = {name: value.get(name) for name in columns}
    for name, one in found.items():
        if isinstance(one, dict | list | bool):
            raise ValueError(f'"{name}" is neither text nor a number')  # noqa: TRY004
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f'key "{shown(next(n for n in names if names.count(n) > 1))}" stands there twice')
    return found


def _no_constant(name: str) -> Any:  # noqa: ANN401 - never returns
    raise ValueError(f"{name} is not a JSON number")


def _parquet(path: Path, columns: list[str]) -> Generator[Block]:
    try:
        lazy = pl.scan_parquet(path, glob=False)
        check_columns(path.name, lazy.collect_schema().names(), columns)
        total = lazy.select(pl.len()).collect().item()
        size = path.stat().st_size
        for first in range(0, total, _PARQUET_ROWS):
            frame = lazy.select(columns).slice(first, _PARQUET_ROWS).collect()
            yield Block(frame, first + 1, [], size * min(total, first + _PARQUET_ROWS) // total)
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"{path.name}: is not a complete Parquet file ({shown(error)})") from error
