"""Uploads to a server, for tests: a login that may write, and its requests."""

from __future__ import annotations

import base64
import http.client
import io
import zipfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from gosync.serve.logins import format_token
from tests.integration.serving import Serving

LIB = "corp.example/team/lib"
TOKEN, OTHER = "t" * 40, "o" * 40


def upload_section(folder: Path) -> dict[str, str]:
    """Return keys of ``[serve]`` with a file of logins, which is made in a folder."""
    logins = folder / "logins"
    lines = (format_token("ci", TOKEN), format_token("other", OTHER))
    logins.write_text("\n".join(lines))
    return {"logins": str(logins), "max_upload": "1MiB"}


def zip_of(version: str, text: str = "package lib\n", path: str = LIB) -> bytes:
    """Return the zip of a version."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"{path}@{version}/go.mod", f"module {path}\n")
        archive.writestr(f"{path}@{version}/lib.go", text)
    return data.getvalue()


def authorization(token: str = TOKEN) -> dict[str, str]:
    """Return the header that names a login."""
    who = base64.b64encode(f"ci:{token}".encode()).decode()
    return {"Authorization": f"Basic {who}" if token == TOKEN else f"Bearer {token}"}


def put(server: Serving, name: str, body: bytes, token: str = TOKEN) -> tuple[int, str]:
    """Upload a file; return what is answered."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    headers = authorization(token) if token else {}
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough
            connection.request("PUT", f"/{name}", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
