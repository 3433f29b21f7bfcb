"""The processes that compute: a deadline and a memory limit end one question, never the service."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest

from plimsoll.api.refusals import Busy
from plimsoll.api.workers import Limits, Workers, _work  # pyright: ignore[reportPrivateUsage] - the process itself
from tests.shared import ROOT

MIB = 1024**2


def shouting(root: str) -> Callable[[bytes], bytes]:
    """Answers in capitals; some questions take long, take much, or take the process with them."""

    def work(question: bytes) -> bytes:
        if question == b"sleep":
            time.sleep(60)
        if question == b"eat":
            return bytes(600 * MIB)[:1]
        if question == b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        return root.encode() + question.upper() + b" " + str(os.getpid()).encode()

    return work


def asked(workers: Workers, question: bytes) -> tuple[bytes, int]:
    """(text, PID of the process that gave it)."""
    text, _, pid = workers.ask(question).rpartition(b" ")
    return text, int(pid)


def test_one_process_answers_many_questions() -> None:
    """It is started with the first one and kept."""
    workers = Workers(1, shouting, "/", Limits(20.0, 2048 * MIB))
    first, second = asked(workers, b"a"), asked(workers, b"b")
    assert (first[0], second[0]) == (b"/A", b"/B")
    assert first[1] == second[1] != os.getpid()


def test_who_takes_too_long_is_ended_and_the_next_is_answered() -> None:
    """By another process, after the deadline and not a minute later."""
    workers = Workers(1, shouting, "", Limits(1.0, 2048 * MIB))
    before = asked(workers, b"a")[1]
    began = time.monotonic()
    with pytest.raises(Busy, match="no answer within 1 s"):
        workers.ask(b"sleep")
    assert time.monotonic() - began < 10
    text, pid = asked(workers, b"b")
    assert text == b"B"
    assert pid != before
    assert not Path(f"/proc/{before}").exists()


@pytest.mark.parametrize("question", [b"eat", b"die"])
def test_who_dies_is_replaced(question: bytes) -> None:
    """Of too much memory, or of a signal."""
    workers = Workers(1, shouting, "", Limits(20.0, 512 * MIB))
    with pytest.raises(Busy, match="more than 512 MiB, or its process was ended"):
        workers.ask(question)
    assert asked(workers, b"b")[0] == b"B"


def test_two_work_at_the_same_time() -> None:
    """Each has its own process; a third question waits for a free one."""
    workers = Workers(2, shouting, "", Limits(20.0, 2048 * MIB))
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(asked(workers, b"a")[1])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(pids) == 6
    assert len(set(pids)) <= 2


SHOUTS = """
import os, sys, time
from pathlib import Path
import plimsoll.api.segments as segments
def loud(root):
    def work(question):
        os.write(2, b"thread panicked, and pages of its stack\\n")
        sys.stderr.write("what Python says\\n")
        return b"201"
    return work
segments.taking = loud
print(segments.taking_alone("/")(b"x"))
"""


def test_a_decoder_of_native_code_fills_no_log() -> None:
    """A torn segment costs a line of ours, not a stack of forty lines that the host may order as often as it likes."""
    ran = subprocess.run([sys.executable, "-c", SHOUTS], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (ran.stdout, ran.stderr) == ("b'201'\n", "what Python says\n")


def test_a_process_whose_asker_was_killed_ends_without_a_word() -> None:
    """No stack in the log of a service that was just killed."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_work, args=(there, shouting, "", 2048 * MIB))
    process.start()
    there.close()
    here.close()
    process.join(30)
    assert process.exitcode == 0
