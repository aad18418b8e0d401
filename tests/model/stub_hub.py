"""A Hub in memory, behind the transport of huggingface_hub's own client: no network."""

import base64
import hashlib
import json
import re
import sys
from dataclasses import dataclass, field
from typing import Any

import yaml


def http() -> Any:
    """The HTTP package that this version of huggingface_hub works with."""
    from huggingface_hub.utils import get_session

    return sys.modules[type(get_session()).__module__.split(".")[0]]


@dataclass
class Hub:
    """Repositories by name: revision -> file -> content; "main" is the newest."""

    repositories: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    allowed: bool = True
    """Whether writing is."""
    reached: bool = True
    """Whether there is a connection at all."""
    asked: list[str] = field(default_factory=list)

    def answer(self, request: Any) -> Any:
        """What the Hub would say to a request."""
        package, path = http(), request.url.path
        self.asked.append(f"{request.method} {path}")
        if not self.reached:
            raise package.ConnectError("no route to host")
        status, body, headers = self._answer(request, path)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers |= {"content-length": str(len(content))}
        if request.method == "HEAD":
            content = b""
        return package.Response(status, content=content, headers=headers, request=request)

    def _answer(self, request: Any, path: str) -> tuple[int, Any, dict[str, str]]:
        if path == "/api/validate-yaml":
            head = json.loads(request.content)["content"].split("---")[1]
            return 200, {"errors": [], "warnings": [], "read": yaml.safe_load(head)}, {}
        if path == "/api/repos/create":
            return self._create(json.loads(request.content))
        if re.fullmatch(r"/api/models/[^/]+/[^/]+", path):
            return 404, {}, {"x-error-code": "RepoNotFound"}
        called = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(\w+)/([^/]+)", path)
        if called:
            return self._call(request, *called.groups())
        name, revision, file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path).groups()
        found = self._files(name, revision)
        if isinstance(found, str):
            return 404, {}, {"x-error-code": found}
        if file not in found:
            return 404, {}, {"x-error-code": "EntryNotFound"}
        mark = {"x-repo-commit": commit(found), "etag": f'"{blob(found[file])}"'}
        return 200, found[file], mark

    def _create(self, asked: dict) -> tuple[int, Any, dict[str, str]]:
        if not self.allowed:
            return 403, {"error": "You don't have the rights to create a model"}, {}
        name = f"{asked.get('organization') or 'someone'}/{asked['name']}"
        self.repositories.setdefault(name, {})
        return 200, {"url": f"https://huggingface.co/{name}"}, {}

    def _call(self, request: Any, name: str, verb: str, revision: str) -> tuple[int, Any, dict]:
        if verb == "preupload":
            files = json.loads(request.content)["files"]
            told = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files
            ]
            return 200, {"files": told}, {}
        if verb == "commit":
            lines = [json.loads(line) for line in request.content.splitlines()]
            values = [line["value"] for line in lines if line["key"] == "file"]
            files = {value["path"]: base64.b64decode(value["content"]) for value in values}
            self.repositories[name] |= {revision: files, commit(files): dict(files)}
            address = f"https://huggingface.co/{name}/commit/{commit(files)}"
            return 200, {"commitUrl": address, "commitOid": commit(files)}, {}
        found = self._files(name, revision)
        if isinstance(found, str):
            return 404, {}, {"x-error-code": found}
        if verb == "tree":
            listed = [
                {"type": "file", "path": path, "size": len(content), "oid": blob(content)}
                for path, content in found.items()
            ]
            return 200, listed, {}
        siblings = [{"rfilename": path} for path in found]
        return 200, {"id": name, "sha": commit(found), "siblings": siblings}, {}

    def _files(self, name: str, revision: str) -> dict[str, bytes] | str:
        if name not in self.repositories:
            return "RepoNotFound"
        revisions = self.repositories[name]
        marked = {commit(files): files for files in revisions.values()}
        return revisions.get(revision) or marked.get(revision) or "RevisionNotFound"


def blob(content: bytes) -> str:
    """The mark that git gives a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def commit(files: dict[str, bytes]) -> str:
    """A mark of 40 signs for the files together."""
    return hashlib.sha1("".join(map(blob, files.values())).encode()).hexdigest()
