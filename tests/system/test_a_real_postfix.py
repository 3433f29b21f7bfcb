"""Debian's postfix takes a report: STARTTLS, its queue, a mailbox; started and stopped by the test."""

import email
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from email import policy
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.tasks.deliver import send_due
from plimsoll.tasks.queueing import queue
from plimsoll.tasks.report import daily
from tests.clocks import OwnedClock
from tests.fleets import UNTIL
from tests.mailing import states
from tests.post_office import certificate
from tests.shared import needs_program

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = /dev/stdout
myhostname = localhost
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
default_transport = error:nothing leaves this machine
virtual_mailbox_domains = example.org
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{ on-call@example.org=inbox/ }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {home}/cert.pem
smtpd_tls_key_file = {home}/key.pem
"""
MASTER = """
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@pytest.fixture
def postfix() -> Generator[tuple[Path, int]]:
    """(its folder, its port); the folder is short and open, for its daemons run as other users."""
    program = needs_program("postfix")
    if os.geteuid() != 0:
        pytest.skip("postfix can only be started by root")
    home = Path(f"/tmp/plimsoll-postfix-{os.getpid()}")
    for name in ("conf", "queue", "data", "mail"):
        (home / name).mkdir(parents=True)
    certificate(home)
    shutil.chown(home / "data", "postfix")
    shutil.chown(home / "mail", "nobody")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    (home / "conf" / "main.cf").write_text(MAIN.format(home=home))
    (home / "conf" / "master.cf").write_text(MASTER.format(port=port))
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "-c", str(home / "conf"), "start-fg"], stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(port, home / "log")
        yield home, port
    finally:
        subprocess.run([program, "-c", str(home / "conf"), "stop"], check=False, capture_output=True)
        server.wait(timeout=20)
        shutil.rmtree(home)


def _wait_for(port: int, log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"postfix did not start: {log.read_text()[-500:]}")


def test_postfix_takes_a_report_and_refuses_who_is_unknown(
    postfix: tuple[Path, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail lies in the mailbox as it was composed; the one it refuses has failed with postfix's own words."""
    home, port = postfix
    monkeypatch.setenv("SSL_CERT_FILE", str(home / "cert.pem"))
    fleet = tmp_path / "fleet"
    assert run(["demo", str(fleet), "--resources", "5", "--days", "2", "--until", "2026-01-16T18:00:00Z"]) == 0
    (fleet / "config.toml").write_text(
        f'[plimsoll]\nname = "demo"\n[mail]\nhost = "localhost"\nport = {port}\nsender = "plimsoll@example.org"\n'
        '[recipients.on-call]\naddress = "on-call@example.org"\n[recipients.gone]\naddress = "gone@example.org"\n'
    )
    ctx = context(Project.open(fleet, here=fleet), clock=OwnedClock(UNTIL), as_of=UNTIL)
    made = daily(ctx)
    queue(ctx, "daily", made)
    send_due(ctx)
    assert sorted(states(ctx)) == [("gone@example.org", "failed", 1), ("on-call@example.org", "sent", 1)]
    (mailbox,) = _mails(home / "mail" / "inbox" / "new")
    mail = email.message_from_bytes(mailbox, policy=policy.default)
    assert mail["Message-ID"].startswith("<daily.20260116T180000Z.r1.")
    assert mail["Received"]
    text = mail.get_body(("plain",))
    assert text is not None
    assert made.view.verdict.state in text.get_content()
    assert [part.get_content_type() for part in mail.walk()].count("image/png") == 2


def _mails(folder: Path) -> list[bytes]:
    until = time.monotonic() + 20
    while not (folder.is_dir() and any(folder.iterdir())):
        assert time.monotonic() < until, "no mail arrived"
        time.sleep(0.1)
    return [path.read_bytes() for path in folder.iterdir()]
