"""A server of model repositories on this machine, as far as fetching one speaks to it."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cmean.backends.pinned_commits import PINNED_COMMITS

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serving(repositories, refused=None, files=None):
    """Serve repositories until the end.

    Args:
        repositories: the files of each, by name and path, as bytes; each has one commit, `main`.
        files: plain ones, by path; a range of them may be asked for.
        refused: what else is asked for and how it is refused: an error code of the protocol.

    Yields:
        The server: `url`, and `asked`, the paths that were asked for.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.repositories, server.refused, server.asked = repositories, refused or {}, []
    server.files = files or {}
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer()

    def do_HEAD(self):
        self._answer()

    def _answer(self):
        path = self.path.partition("?")[0].strip("/")
        self.server.asked.append(path)
        if path in self.server.files:
            self._send(self.server.files[path], ranged=True)
            return
        api = path.startswith("api/models/")
        owner, name, what, revision, *file = path.removeprefix("api/models/").split("/")
        repository = f"{owner}/{name}"
        if repository in self.server.refused or repository not in self.server.repositories:
            self._refuse(self.server.refused.get(repository, "RepoNotFound"))
        elif revision not in {"main", *PINNED_COMMITS.values(), COMMIT}:
            self._refuse("RevisionNotFound")
        elif api:
            self._describe(what, repository, revision)
        else:
            commit = COMMIT if revision == "main" else revision
            content = self.server.repositories[repository]["/".join(file)]
            self._send(content, headers={"X-Repo-Commit": commit})

    def _describe(self, what, repository, revision):
        files = self.server.repositories[repository]
        tree = [
            {"type": "file", "path": path, "size": len(content), "oid": _digest(content)}
            for path, content in files.items()
        ]
        commit = COMMIT if revision == "main" else revision
        info = {"id": repository, "sha": commit, "siblings": [{"rfilename": p} for p in files]}
        self._send(json.dumps(tree if what == "tree" else info).encode())

    def _refuse(self, code):
        status = {"GatedRepo": 403, "RepoNotFound": 404, "RevisionNotFound": 404}.get(code, 500)
        self._send(b"{}", status, {"X-Error-Code": code, "X-Error-Message": code})

    def _send(self, content, status=200, headers=None, ranged=False):
        if ranged and "Range" in self.headers:
            start = int(self.headers["Range"].removeprefix("bytes=").strip("-"))
            content, status = content[start:], 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{_digest(content)}"')
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


def _digest(content):
    return hashlib.sha256(content).hexdigest()[:40]
