"""An S3-compatible server on loopback: moto's, in a process of its own, one request at a time.

One at a time, so that a conditional PUT is atomic as it is at S3; its libraries and their warnings stay in the child.
"""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from urllib.request import Request, urlopen

BUCKET = "fleet-lake"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-key",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def object_server() -> Generator[str]:
    """The server's address, with one empty bucket, until the end of the block."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.object_server"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | CREDENTIALS, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "the server did not begin to listen"
        with urlopen(Request(f"{address}/{BUCKET}", method="PUT"), timeout=30) as answer:  # noqa: S310 - loopback
            assert answer.status == 200
        yield address
    finally:
        process.kill()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def _serve() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    _serve()
