"""Stand-ins for proxies that cannot be had here, by what is documented of them.

=========  =====================================================================
athens     disk storage: ``module/version/{go.mod, source.zip, version.info}``, names
           not escaped; a version is there if its folder has exactly three entries;
           every folder whose name is a version is listed; files are sent as they are
athens-s3  object stores: ``module/@v/version.{info,mod,zip}``, names not escaped; a
           version is there if all three are
goproxy    its cache folder: what is asked for is the file's name
=========  =====================================================================

They read with nothing of gosync's, and tell a real go what they would.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

Read = Callable[[str], bytes | None]
_VERSION = re.compile(r"v\d+\.\d+\.\d+(-[\w.-]+)?(\+incompatible)?")
_FILES = 3


class Athens:
    """The disk storage of Athens."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes | None:
        """Return the answer to a path; None for 404."""
        asked = _parse(path)
        if asked is None:
            return None
        module, version, suffix = asked
        folder = self._root / module
        if not version:
            return _listed(each.name for each in folder.iterdir() if each.is_dir())
        if not self.exists(module, version):
            return None
        names = {"info": f"{version}.info", "mod": "go.mod", "zip": "source.zip"}
        return (folder / version / names[suffix]).read_bytes()

    def exists(self, module: str, version: str) -> bool:
        folder = self._root / module / version
        return folder.is_dir() and len(list(folder.iterdir())) == _FILES


class ObjectStore:
    """What Athens keeps in an object store, as files."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes | None:
        """Return the answer to a path; None for 404."""
        asked = _parse(path)
        if asked is None:
            return None
        module, version, suffix = asked
        folder = self._root / module / "@v"
        if not version:
            return _listed(each.stem for each in folder.glob("*.info"))
        files = [folder / f"{version}.{each}" for each in ("info", "mod", "zip")]
        if not all(each.is_file() for each in files):
            return None
        return (folder / f"{version}.{suffix}").read_bytes()


def plain(root: Path) -> Read:
    """Return a reader of a cache folder whose names are what is asked for."""

    def read(path: str) -> bytes | None:
        file = root / path
        return file.read_bytes() if file.is_file() else None

    return read


def _listed(names: Iterator[str]) -> bytes:
    found = sorted(name for name in names if _VERSION.fullmatch(name))
    return "".join(f"{name}\n" for name in found).encode()


def _parse(path: str) -> tuple[str, str, str] | None:
    """Return module, version and kind of what is asked for; "" twice for a list."""
    folder, found, name = path.partition("/@v/")
    module = re.sub("!([a-z])", lambda match: match[1].upper(), folder)
    if name == "list":
        return module, "", ""
    version, _, suffix = name.rpartition(".")
    version = re.sub("!([a-z])", lambda match: match[1].upper(), version)
    return (module, version, suffix) if found and version else None


@contextmanager
def serving(read: Read) -> Iterator[str]:
    """Serve what a stand-in reads; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = read(unquote(self.path).lstrip("/"))
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
