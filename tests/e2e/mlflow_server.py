"""MLflow's own server on a free port of this machine."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager

_START_S = 90


@contextmanager
def mlflow_server(*options: str, command: str = "server") -> Iterator[str]:
    """Start `mlflow server`, and give the address where it answers; it is ended afterwards."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "mlflow", command, *options, "--port", str(port), "--workers", "1"]
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            _await(address)
            yield address
        finally:
            server.terminate()


def _await(address: str) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(f"{address} does not answer")
