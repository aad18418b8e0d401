"""A hub of one model on this machine: enough of the protocol for huggingface_hub to fetch it."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "8f3c" * 10


@dataclass
class Hub:
    """Serves the files of a folder as the model `name`, at the revisions main, v1 and COMMIT."""

    folder: Path
    name: str
    gated: bool = False
    status: int = 200
    """What is answered; another than 200 is a refusal of everything."""
    fetched: list[str] = field(default_factory=list)
    """Files that were asked for."""

    def answer(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers."""
        if self.status != 200:
            return self.status, b"", {}
        path = path.partition("?")[0]
        about = f"/api/models/{self.name}"
        if path.startswith(about):
            asked, _, revision = path.removeprefix(f"{about}/").partition("/")
            if self.gated:
                return 403, b"", {"X-Error-Code": "GatedRepo"}
            if revision not in ("main", "v1", COMMIT, ""):
                return 404, b"", {"X-Error-Code": "RevisionNotFound"}
            files = sorted(p for p in self.folder.rglob("*") if p.is_file())
            names = [p.relative_to(self.folder).as_posix() for p in files]
            sized = zip(names, files, strict=True)
            value = (
                [
                    {"type": "file", "path": n, "size": p.stat().st_size, "oid": "0"}
                    for n, p in sized
                ]
                if asked == "tree"
                else {"id": self.name, "sha": COMMIT, "siblings": [{"rfilename": n} for n in names]}
            )
            return 200, json.dumps(value).encode(), {"Content-Type": "application/json"}
        start = f"/{self.name}/resolve/{COMMIT}/"
        if path.startswith(start) and (self.folder / path.removeprefix(start)).is_file():
            self.fetched.append(path.removeprefix(start))
            body = (self.folder / path.removeprefix(start)).read_bytes()
            tag = hashlib.sha256(body).hexdigest()
            return 200, body, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT}
        return 404, b"", {"X-Error-Code": "RepoNotFound"}


@contextmanager
def served(hub: Hub) -> Iterator[str]:
    """The address of a hub while it is open."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = hub.answer(self.path)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
