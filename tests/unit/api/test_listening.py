"""The service binds before it says that it serves; a port in use is one line and exit code 75."""

import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from plimsoll.api.listening import bound, free
from plimsoll.cli import run
from plimsoll.errors import BadParameter, TemporaryError


@pytest.fixture
def taken() -> Generator[int]:
    """A port of loopback that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("words", [["serve"], ["up", "--serve"]])
@pytest.mark.parametrize("asked", ["option", "setting"])
def test_a_port_in_use_is_one_line_and_75(
    tmp_path: Path, taken: int, words: list[str], asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was said to serve, and no scheduler has begun over a service that cannot."""
    setting = '[plimsoll]\nname = "t"\n' + (f"[serve]\nport = {taken}\n" if asked == "setting" else "")
    (tmp_path / "config.toml").write_text(setting, encoding="utf-8")
    option = ["--port", str(taken)] if asked == "option" else []
    assert run([*words, *option, "--project", str(tmp_path)]) == 75
    told = capsys.readouterr()
    assert told.err.strip().splitlines() == [
        f"plimsoll: port {taken} of 127.0.0.1 is in use; end what listens there, or choose another: --port"
    ]
    assert "serving on" not in told.out


def test_it_says_so_once_it_accepts(tmp_path: Path) -> None:
    """Whoever reads the line may connect at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    (tmp_path / "config.toml").write_text(f'[plimsoll]\nname = "t"\n[serve]\nport = {port}\n', encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "plimsoll", "serve", "--project", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().decode().strip() == f"serving on http://127.0.0.1:{port}/"
        with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as client:
            client.sendall(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            assert client.recv(12).startswith(b"HTTP/1.1 ")
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def test_a_look_keeps_nothing(taken: int) -> None:
    """A free port is free again after the look, a taken one stays with its owner."""
    with pytest.raises(TemporaryError):
        free("127.0.0.1", taken)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    free("127.0.0.1", port)
    for one in bound("127.0.0.1", port):
        one.close()


def test_an_address_of_another_machine(taken: int) -> None:
    """It is refused as a value, not as a trouble of the moment."""
    with pytest.raises(BadParameter, match="not an address of this machine"):
        free("192.0.2.1", taken)
