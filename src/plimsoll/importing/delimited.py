"""Delimited text as programs really write it: other separators, comments, headers that come again, blanks in names."""

import csv
import io
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from plimsoll.errors import UsageError, shown

_SEP: Final = b"sep="
_MARKS: Final = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a file: columns as text (or as the file's own types), and the number of the first row.

    `refused` are rows that could not even be split into columns, with the reason; `left` counts those of parts of the
    file that have none of the wanted columns. Row 1 is the first after the header; blank lines are no rows.
    """

    frame: pl.DataFrame
    first_row: int
    refused: list[tuple[int, str]]
    bytes_read: int
    left: int = 0


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text is written: its separator, what begins a comment, what begins the header of a new part.

    `aside` is a pattern in lines that say something else than readings; they are counted and left.
    """

    separator: str = ""
    comment: str = ""
    sections: str = ""
    aside: str = ""


@dataclass(slots=True)
class Reader:
    """Reads lines under the header that was there last; `columns` are the wanted ones."""

    name: str
    columns: Sequence[str]
    dialect: Dialect
    header: bytes | None = None
    separator: str = ","
    comment: bytes = b""
    row: int = 1

    def blocks(self, lines: Iterable[list[bytes]], bytes_read: Callable[[], int]) -> Generator[Block]:
        """A block for each part of each bundle of lines."""
        self.separator, self.comment = self.dialect.separator or ",", self.dialect.comment.encode()
        for bundle in lines:
            rows: list[bytes] = []
            for line in bundle:
                if not line.strip() or self._is_comment(line):
                    continue
                beside = bool(self.dialect.aside) and re.search(self.dialect.aside.encode(), line) is not None
                if beside or self._is_header(line):
                    if rows and self.header is not None:
                        yield self._block(rows, bytes_read())
                        rows = []
                    if beside:
                        yield self._left(1, bytes_read())
                    else:
                        self._begin(line)
                elif line != self.header:
                    rows.append(line)
            if self.header is not None:
                yield self._block(rows, bytes_read())

    def _is_comment(self, line: bytes) -> bool:
        sections = self.dialect.sections.encode()
        return bool(self.comment) and line.startswith(self.comment) and not (sections and line.startswith(sections))

    def _is_header(self, line: bytes) -> bool:
        return self.header is None or bool(self.dialect.sections and line.startswith(self.dialect.sections.encode()))

    def _begin(self, line: bytes) -> None:
        if self.header is None and line.lower().startswith(_SEP) and len(line) == len(_SEP) + 1:
            self.separator = chr(line[-1])
            return
        if self.header is None and not self.dialect.separator:
            self._look(line)
            if self._is_comment(line):
                return
        self.header = line
        names = self.names(line)
        twice = {name for name in names if names.count(name) > 1 and name in self.columns}
        if twice:
            raise UsageError(f'{self.name}: column "{shown(min(twice))}" stands there twice')
        if not self.dialect.sections:
            check_columns(self.name, names, self.columns)

    def _look(self, line: bytes) -> None:
        """The separator under which the wanted columns are there; a line with a # that lacks them is a comment."""
        found = [mark for mark in dict.fromkeys((self.separator, *_MARKS)) if self._has(line, mark)]
        if found:
            self.separator = found[0]
        elif line.startswith(b"#") and not self.dialect.sections:
            self.comment = b"#"

    def _has(self, line: bytes, separator: str) -> bool:
        before, self.separator = self.separator, separator
        names, self.separator = self.names(line), before
        return set(self.columns) <= set(names)

    def names(self, line: bytes) -> list[str]:
        """The columns of a header line, without the blanks around them and the mark of a part."""
        text = line.decode("utf-8", "replace")
        marked = text.removeprefix(self.dialect.sections) if self.dialect.sections else text
        return cells(marked, self.separator)

    def _block(self, rows: list[bytes], bytes_read: int) -> Block:
        first, self.row = self.row, self.row + len(rows)
        names = self.names(self.header or b"")
        if not set(self.columns) <= set(names):
            self.row = first
            return self._left(len(rows), bytes_read)
        kept = [name if name in self.columns else f"{number}\0{name}" for number, name in enumerate(names)]
        if not rows:
            return Block(pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String)), first, [], bytes_read)
        body, refused = b"\n".join(rows), list[tuple[int, str]]()
        try:
            frame = None if body.count(b'"') % 2 else self._frame(body, kept)
        except (pl.exceptions.PolarsError, UnicodeDecodeError):
            frame = None
        if frame is None:
            frame = self._singly(rows, kept, first, refused)
        return Block(frame.select(pl.col(list(self.columns)).str.strip_chars()), first, refused, bytes_read)

    def _left(self, count: int, bytes_read: int) -> Block:
        """Rows in which nothing is looked for."""
        first, self.row = self.row, self.row + count
        empty = pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String))
        return Block(empty, first, [], bytes_read, left=count)

    def _frame(self, body: bytes, names: list[str]) -> pl.DataFrame:
        return pl.read_csv(
            io.BytesIO(body + b"\n"),
            has_header=False,
            new_columns=names,
            schema=dict.fromkeys(names, pl.String),
            separator=self.separator,
            glob=False,
        )

    def _singly(self, rows: list[bytes], names: list[str], first: int, refused: list[tuple[int, str]]) -> pl.DataFrame:
        """Rows one by one, where some of them have other cells than their header: each such row is refused alone.

        A row that ends early has no value in the columns that it lacks; cells beyond the header's are refused where
        they say something, for then it is not known which cell is which column's.
        """
        found: list[list[str | None]] = []
        for number, line in enumerate(rows, first):
            given: list[str] = []
            why = "has an odd number of quotes" if line.count(b'"') % 2 else ""
            try:
                given = [] if why else cells(line.decode("utf-8", "replace"), self.separator)
            except UsageError as error:
                why = str(error)
            if not why and any(given[len(names) :]):
                why = f"has {len(given)} cells, and its header {len(names)}: is the separator in one of them?"
            if why:
                refused.append((number, why))
                given = []
            found.append([*given, *[None] * len(names)][: len(names)])
        return pl.DataFrame(found, schema=dict.fromkeys(names, pl.String), orient="row")


def cells(line: str, separator: str) -> list[str]:
    """The cells of one line, without blanks around them."""
    read = csv.reader([line], delimiter=separator, skipinitialspace=True)
    try:
        return [cell.strip() for row in read for cell in row]
    except csv.Error as error:  # a carriage return in its middle, a cell beyond the library's limit
        raise UsageError(f"a line cannot be read as cells ({error}); its ends are \\n or \\r\\n") from error


def check_columns(name: str, names: Iterable[str], columns: Sequence[str]) -> None:
    """UsageError where a wanted column is not there."""
    there = list(names)
    if missing := [column for column in columns if column not in there]:
        raise UsageError(
            f'{name}: has no column "{shown(missing[0])}"; its columns: {shown(", ".join(there)) or "none"}'
        )
