"""Changes whole inputs of a door at random: bits, bytes, lengths, numbers, letters, pieces of one in another.

One input costs some microseconds: a door that answers in as many meets millions. The same chance makes the same input.
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import Final

_NUMBER: Final = re.compile(rb"\d+(?:\.\d+)?")
_NUMBERS: Final = (
    b"0", b"-0", b"-1", b"1e999", b"-1e999", b"NaN", b"inf", b"9223372036854775807", b"9223372036854775808",
    b"18446744073709551616", b"1" * 40, b"0x10", b"1_000", b"00000000000000000001", b"0.1", b"1.", b".5", b"1e-400",
    "\u0663".encode(), "\uff11".encode(),
)  # fmt: skip
_LETTERS: Final = (
    *(
        one.encode("utf-8", "surrogatepass")
        for one in (
            "\0", "\r\n", "\n", "\x1b[31m", "\ufeff", "\u202e", "\u2028", "\u0085", "\ud83d", "\U0010ffff",
            "e\u0301" * 9, "\u00df", "\u0130", "'", '"', "\\", "`", "$", "%", "&", ";", "<", "{{", "}}", "../", "%00",
            "%ff", "%F0%9F",
        )
    ),
    b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\x80",
)  # fmt: skip
_LONGEST: Final = 4_096


def _flipped(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at] ^= 1 << chance.randrange(8)


def _put(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = chance.choice((0, 1, 0x20, 0x7F, 0x80, 0xFF, chance.randrange(256)))


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def _without(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 9)]


def _twice(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    piece = data[at : at + chance.randrange(1, 65)]
    data[at:at] = piece * chance.choice((1, 1, 2, 9))


def _letter(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice(_LETTERS)


def _number(data: bytearray, chance: random.Random) -> None:
    found = list(_NUMBER.finditer(data[:1024]))
    if found:
        begin, end = chance.choice(found).span()
        data[begin:end] = chance.choice(_NUMBERS)


_OPERATORS: Final[tuple[Callable[[bytearray, random.Random], None], ...]] = (
    _flipped, _put, _cut, _without, _twice, _letter, _letter, _number, _number,
)  # fmt: skip


def mutated(wholes: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the wholes, changed up to five times or not at all; one in six has the end of another one."""
    data = bytearray(chance.choice(wholes))
    if chance.random() < 1 / 6:
        other = chance.choice(wholes)
        data[chance.randrange(len(data) + 1) :] = other[chance.randrange(len(other) + 1) :]
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 5))):
        if not data:
            break
        chance.choice(_OPERATORS)(data, chance)
    return bytes(data[:_LONGEST])
