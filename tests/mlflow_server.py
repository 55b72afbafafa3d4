"""MLflow's own server in a process on the loopback, and a proxy before it that does to requests what networks do."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.e2e.command import clean_environment

_START_S = 200
_ENVIRONMENT = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # its queues are ten processes that nobody here needs


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class MlflowServer:
    """One server; its files go through it, into `folder/files`.

    | attribute | holds |
    |---|---|
    | address | where it answers |
    | files | the folder that its artifact proxy writes to |
    """

    def __init__(self, folder: Path, backend: str | None = None, words: Sequence[str] = ()) -> None:
        """
        Args:
            folder: where its log, its files and its store lie.
            backend: the address of another store.
            words: the words after `mlflow` that start it, where somebody else says them.
        """
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self.files = folder / "files"
        store = backend or f"sqlite:///{folder}/server.db"
        stores = ["--backend-store-uri", store, "--artifacts-destination", str(self.files)]
        self._words = [*(words or ["server", *stores]), "--host", "127.0.0.1", "--port", str(self._port)]
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it does not answer yet."""
        command = [sys.executable, "-m", "mlflow", *self._words, "--workers", "1"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=clean_environment(**_ENVIRONMENT), stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + _START_S
        while True:
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                    return
            except OSError:
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.1)

    def stop(self) -> None:
        """End it and its workers as a crash does."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def serving(folder: Path, backend: str | None = None, words: Sequence[str] = ()) -> Iterator[MlflowServer]:
    """Give a server that answers; what it is made of is said as to `MlflowServer`."""
    server = MlflowServer(folder, backend, words)
    server.start()
    try:
        server.wait()
        yield server
    finally:
        server.stop()


class FaultyProxy:
    """Passes requests on to a server, unless `fault` says otherwise.

    | fault | what happens to a request |
    |---|---|
    | None | it is passed on |
    | 500, 401, … | that answer, without passing it on |
    | "refuse" | the connection ends without an answer |
    | "lose" | it is carried out, and its answer is lost; the second time that it is made it is answered |
    | a float | it is passed on after so many seconds |
    """

    def __init__(self, address: str) -> None:
        self.fault: int | float | str | None = None
        self.requests: list[str] = []
        self._seen: set[tuple[str, str, bytes]] = set()
        self._target = address.removeprefix("http://")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["FaultyProxy"]:
        """Answer in a thread while the block runs."""
        thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Do with a request what the fault of the moment says."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        fault = self.fault
        self.requests.append(f"{request.command} {request.path.partition('?')[0]}")
        if isinstance(fault, int):
            _send(request, fault, b"a planted fault", "text/plain")
            return
        if fault == "refuse":
            request.close_connection = True
            return
        if isinstance(fault, float):
            time.sleep(fault)
        status, content, kind = self._pass_on(request, body)
        key = (request.command, request.path, b"" if request.command == "PUT" else body)  # a file is known by its place
        if fault == "lose" and key not in self._seen:
            self._seen.add(key)
            request.close_connection = True
            return
        _send(request, status, content, kind)

    def _pass_on(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection(self._target, timeout=200)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "connection")}
        connection.request(request.command, request.path, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, content, response.headers.get("Content-Type", "application/json")


def _send(request: BaseHTTPRequestHandler, status: int, content: bytes, kind: str) -> None:
    try:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
    except ConnectionError:  # the client has stopped waiting
        request.close_connection = True


def _handler(proxy: FaultyProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            proxy.answer(self)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    return Handler
