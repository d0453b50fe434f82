"""Model servers: one whose every reply a test decides, and a real one that runs a checkpoint.

Both speak HTTP on a free port; the first in threads of the test, the second as a process.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from waiting import PATIENCE, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Reply = Callable[["Handler"], None]

MODEL = "tiny"


def completion(text: object = "Calm.", **changes: Any) -> dict[str, Any]:
    """The body of a good reply; `finish` and the fields of the reply can be others."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": changes.pop("finish", "stop"),
    }
    usage = {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10}
    whole = {"id": "1", "object": "chat.completion", "created": 0, "model": MODEL}
    return whole | {"choices": [choice], "usage": usage} | changes


def say(text: object = "Calm.", **changes: Any) -> Reply:
    """A good reply; see `completion`."""
    return send(200, json.dumps(completion(text, **changes)))


def echo(handler: Handler) -> None:
    """A good reply: what the user said."""
    say(asked(handler.body))(handler)


def asked(body: dict[str, Any]) -> str:
    """The text of a request's user."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def send(status: int, body: str, kind: str = "application/json", **headers: str) -> Reply:
    """Any reply."""

    def reply(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body.encode())))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body.encode())

    return reply


def fail(status: int, message: str = "no", **headers: str) -> Reply:
    """A reply with an error, as OpenAI's servers put it."""
    return send(status, json.dumps({"error": {"message": message}}), **headers)


def hang_up(handler: Handler) -> None:
    """No reply: the connection is closed."""
    handler.close_connection = True


def break_off(handler: Handler) -> None:
    """The first half of a reply."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"model": ')
    handler.close_connection = True


def hang(handler: Handler) -> None:
    """Nothing, until the test is over."""
    handler.chat.over.wait(PATIENCE)


def die(handler: Handler) -> None:
    """No reply to this, nor to anything from now on: connections are refused."""
    handler.chat.close()
    hang_up(handler)


class Handler(BaseHTTPRequestHandler):
    """Does to a request what its server was told to."""

    chat: ChatServer
    body: dict[str, Any]

    def do_POST(self) -> None:
        """Read it, note it, reply."""
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.chat.attending(self), suppress(ConnectionError):  # a client that did not wait
            self.chat.reply(self)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _HTTPServer(ThreadingHTTPServer):
    """With room for connections that many clients make at once."""

    request_queue_size = 256
    daemon_threads = True


class ChatServer:
    """Replies by `reply`, a function of the request; the n-th one by `script[n]` while it lasts.

    `bodies` and `keys` are what came, `busiest` how many requests it had at a time at most.
    """

    def __init__(self, *script: Reply, reply: Reply = echo) -> None:
        self.script = list(script)
        self.otherwise = reply
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.over = threading.Event()
        self.busiest = self._now = 0
        self._crowd: threading.Barrier | None = None
        self._lock = threading.Lock()
        handler = type("OwnHandler", (Handler,), {"chat": self})
        self._http = _HTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def hold_until(self, crowd: int) -> None:
        """Answer requests in groups of so many, when all of a group have come."""
        self._crowd = threading.Barrier(crowd, timeout=PATIENCE)

    @contextmanager
    def attending(self, handler: Handler) -> Iterator[None]:
        """Note a request, and count it while it is attended to."""
        with self._lock:
            self.bodies.append(handler.body)
            self.keys.append(handler.headers["Authorization"])
            self._now += 1
            self.busiest = max(self.busiest, self._now)
        yield
        with self._lock:
            self._now -= 1

    def reply(self, handler: Handler) -> None:
        """Reply as told."""
        with self._lock:
            reply = self.script.pop(0) if self.script else self.otherwise
        if self._crowd is not None:
            self._crowd.wait()
        reply(handler)

    def __enter__(self) -> ChatServer:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Refuse connections from now on."""
        self.over.set()
        self._http.shutdown()
        self._http.socket.close()


class TransformersServe:
    """`transformers serve` without a network: it runs any checkpoint that is asked for by folder.

    It starts at once; `wait` until it takes requests. `log` is where it writes what it does.
    """

    def __init__(self, log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        self.log = log
        serve = [sys.executable, "-m", "transformers.cli.transformers", "serve", "--device", "cpu"]
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [*serve, "--host", "127.0.0.1", "--port", str(port)],
                env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
                stdout=file,
                stderr=file,
            )

    def wait(self) -> None:
        """Until it takes requests."""
        wait_for(self._is_up, f"transformers serve, see {self.log}")

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(f"{self.url[:-3]}/health"):  # noqa: S310 - http, and ours
                return True
        except urllib.error.URLError:
            return False

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
