"""A mail server of a bad night: it refuses, delays, drops, accepts without saying so, and notes what it took."""

import asyncio
import random
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

_ID: Final = re.compile(rb"(?im)^Message-ID:\s*(\S+)")
_RETRY: Final = re.compile(rb"(?im)^X-Plimsoll-Retry:")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that the server took: its id, whether it says that it is a retry, and whether the answer was given."""

    id: str
    retry: bool
    answered: bool


@dataclass
class BadPost:
    """What it took, and how moody it is."""

    chance: random.Random
    port: int = 0
    accepted: list[Accepted] = field(default_factory=list[Accepted])
    refused: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            if (mood := self.chance.random()) < 0.1:
                if mood < 0.03:
                    await asyncio.sleep(2)
                writer.close()
                return
            writer.write(b"220 night\r\n")
            while (line := await reader.readline()) and await self._command(line[:4].upper(), reader, writer):
                await writer.drain()
        writer.close()

    async def _command(self, command: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if command == b"QUIT":
            writer.write(b"221 bye\r\n")
            return False
        if command == b"RCPT" and self.chance.random() < 0.05:
            writer.write(b"450 greylisted\r\n")
        elif command == b"DATA":
            writer.write(b"354 go\r\n")
            await writer.drain()
            return await self._message(await reader.readuntil(b"\r\n.\r\n"), writer)
        else:
            writer.write(b"250 ok\r\n")
        return True

    async def _message(self, raw: bytes, writer: asyncio.StreamWriter) -> bool:
        found, mood = _ID.search(raw), self.chance.random()
        identity = found[1].decode() if found else "?"
        if 0.2 <= mood < 0.3:
            self.refused += 1
            writer.write(b"451 try later\r\n")
            return True
        answered = mood >= 0.2
        self.accepted.append(Accepted(identity, _RETRY.search(raw) is not None, answered))
        if not answered:
            return False
        if mood < 0.5:
            await asyncio.sleep(self.chance.uniform(0, 0.3))  # the moment in which a kill hurts
        writer.write(b"250 ok\r\n")
        return True

    def twice(self) -> list[str]:
        """Ids that were accepted more than once where the later ones are not all marked, or more than twice."""
        by_id: dict[str, list[Accepted]] = {}
        for one in self.accepted:
            by_id.setdefault(one.id, []).append(one)
        return [name for name, all_ in by_id.items() if len(all_) > 2 or not all(one.retry for one in all_[1:])]

    def retried(self) -> int:
        """How many messages were accepted a second time, marked as the retry after a lost answer."""
        return len(self.accepted) - len({one.id for one in self.accepted})


@contextmanager
def bad_post(seed: int) -> Generator[BadPost]:
    """The server, until the end of the block."""
    post, loop = BadPost(random.Random(seed)), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(post.serve, "127.0.0.1", 0, limit=2**24))
    post.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield post
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
