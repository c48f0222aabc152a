"""What granian serves to the HTTP/2 tests."""

from __future__ import annotations

from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    _, kind, *rest = scope["path"].split("/")
    status, body = 200, scope["http_version"].encode()
    if kind == "status":
        status = int(rest[0])
    elif kind == "bytes":
        body = b"x" * int(rest[0])
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for start in range(0, len(body), 65536):
        piece = body[start : start + 65536]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
