"""A stream from outside is taken or refused at its very edge; it is built here message by message."""

import struct
from collections.abc import Sequence

from plimsoll.errors import LakeError
from plimsoll.lake.format import framing

Field = bytes | tuple[bytes, int] | None


def table(*fields: Field) -> tuple[bytes, int]:
    """A FlatBuffers table and where it begins in its bytes: plain fields, those that point to (bytes, place), none."""
    places, at = list[int](), 4
    for one in fields:
        places.append(at if one is not None else 0)
        at += 0 if one is None else len(one) if isinstance(one, bytes) else 4
    index = struct.pack(f"<HH{len(places)}H", 4 + 2 * len(places), at, *places)
    plain, behind = struct.pack("<i", len(index)), b""
    for one, place in zip(fields, places, strict=True):
        if isinstance(one, tuple):
            plain += struct.pack("<I", at + len(behind) + one[1] - place)
            behind += one[0]
        elif one is not None:
            plain += one
    return index + plain + behind, len(index)


def pairs(found: Sequence[tuple[int, int]]) -> tuple[bytes, int]:
    """A list of pairs of numbers."""
    return struct.pack("<I", len(found)) + b"".join(struct.pack("<qq", *one) for one in found), 0


def root(made: tuple[bytes, int]) -> bytes:
    """The table as a message begins with it."""
    return struct.pack("<I", 4 + made[1]) + made[0]


def message(kind: int, header: Field = None, body: bytes = b"", length: int | None = None) -> bytes:
    """One message of a stream: its kind, its header, its body, and how long it says that is."""
    said = struct.pack("<q", len(body) if length is None else length)
    told = root(table(struct.pack("<h", 4), bytes([kind]), header, said))
    return framing.END[:4] + struct.pack("<i", len(told)) + told + body


def batch(
    count: int, columns: Sequence[tuple[int, int]], buffers: Sequence[tuple[int, int]], packed: Field = None
) -> Field:
    """The header of a batch of so many rows."""
    return table(struct.pack("<q", count), pairs(columns), pairs(buffers), packed)


SCHEMA, PACKED = message(1), (b"\0" * 4, 0)


def stream(*messages: bytes) -> bytes:
    """A schema, these, and the end mark."""
    return b"".join((SCHEMA, *messages, framing.END))


def refused(data: bytes) -> str:
    """The words in which a stream is refused; empty where it is taken."""
    try:
        framing.framed(data)
    except LakeError as error:
        return str(error)
    return ""


def test_rows_and_bytes_of_all_batches_are_counted() -> None:
    """Plain buffers by their length, compressed ones by what they announce; -1 there is a buffer as it is."""
    plain = message(3, batch(5, [(5, 0)], [(0, 8), (8, 8)]), b"\0" * 16)
    packed = message(3, batch(7, [(7, 0)], [(0, 16), (16, 0)], PACKED), struct.pack("<q", 1000) + b"\0" * 8)
    as_is = message(3, batch(2, [(2, 0)], [(0, 16)], PACKED), struct.pack("<q", -1) + b"\0" * 8)
    assert framing.framed(stream()) == framing.Framed(0, 0)
    assert framing.framed(stream(plain, packed, as_is)) == framing.Framed(14, 16 + 1000 + 16)


def test_what_a_stream_may_not_be_is_refused_at_its_very_edge() -> None:
    """One row, byte, message or column more than there may be; the same without it is taken."""
    taken = [
        stream(message(3, batch(3, [(3, 0), (0, 0)], [(0, 8)]), b"\0" * 8)),
        stream(message(3, batch(0, [], []))),
        stream(message(3, batch(1, [(1, 0)] * 4096, []))),
        stream(*[message(3, batch(1, [], []))] * 1023),
        stream(message(3, table(struct.pack("<q", 2)))),
    ]
    assert [refused(one) for one in taken] == [""] * len(taken)
    wrong = {
        stream(message(3, batch(3, [(4, 0)], []))): "more rows than its batch",
        stream(message(3, batch(3, [(-1, 0)], []))): "more rows than its batch",
        stream(message(3, batch(-1, [], []))): "more rows than its batch",
        stream(message(3, batch(1, [], [(0, 9)]), b"\0" * 8)): "outside its batch",
        stream(message(3, batch(1, [], [(1, 8)]), b"\0" * 8)): "outside its batch",
        stream(message(3, batch(1, [], [(-1, 8)]), b"\0" * 8)): "outside its batch",
        stream(message(3, batch(1, [], [(0, -1)]), b"\0" * 8)): "outside its batch",
        stream(message(3, batch(1, [], [(0, 8)], PACKED), struct.pack("<q", -2))): "less than no bytes",
        stream(message(3, batch(1, [(1, 0)] * 4097, []))): "more than 4096 columns",
        stream(*[message(3, batch(1, [], []))] * 1024): "no message where one is to begin",
        stream(message(1)): "one schema and batches",
        stream(message(2)): "one schema and batches",
        message(3, batch(1, [], [])) + framing.END: "one schema and batches",
        stream(message(3)): "without a header",
        stream(message(3, batch(1, [], []), length=-1)): "longer than the stream",
        stream(message(3, batch(1, [], []), length=10**6)): "longer than the stream",
        stream() + b"\0": "an end mark stands before its end",
        stream() + framing.END: "an end mark stands before its end",
        SCHEMA: "no message where one is to begin",
        SCHEMA + framing.END[:4] + struct.pack("<i", -4) + framing.END: "longer than the stream",
        SCHEMA + framing.END[:4] + struct.pack("<i", 10**6): "longer than the stream",
        b"\0" * 8 + stream(): "no message where one is to begin",
        b"": "no message where one is to begin",
    }
    for data, words in wrong.items():
        assert words in refused(data), (data[:40], words)


def test_a_table_that_points_outside_is_cut_off() -> None:
    """Before its first byte as well as behind its last one: no place is counted from the end."""
    whole = stream(message(3, batch(3, [(3, 0)], [(0, 8)]), b"\0" * 8))
    for cut in range(len(SCHEMA) + 1, len(whole) - 1):
        assert refused(whole[:cut])
    for at in range(8, len(whole) - 16):
        for put in (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f"):
            refused(whole[:at] + put + whole[at + 4 :])  # in words, or taken: any other error fails the test
