"""Access logs of JSON lines: gosync's own, nginx's and Caddy's. Pure.

    gosync  time, client, user, path, status, bytes, outcome, agent, flat, as
            gosync.serve.accesslog specifies it
    nginx   what ``log_format ... escape=json`` was told to write. The names are those
            of its variables: time_iso8601, time_local or msec, or what many call it
            instead: time, timestamp, @timestamp; remote_addr; remote_user; request, or
            request_method and request_uri or uri; status; body_bytes_sent or
            bytes_sent; http_user_agent; upstream_cache_status. Numbers may be texts
    caddy   ts, status, size, user_id, and in ``request`` client_ip or remote_ip,
            method, uri and headers["User-Agent"]

Other keys are skipped. A line that is no object, or has no time, counts as unread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from gosync.access.rows import LogLine

_MOST: Final = 10**18 - 1


class JsonForm(StrEnum):
    """Whose JSON a log has; see the module."""

    GOSYNC = "gosync"
    NGINX = "nginx-json"
    CADDY = "caddy-json"


class _Gosync(msgspec.Struct, gc=False):
    time: str
    outcome: str
    client: str = ""
    user: str = ""
    method: str = ""
    path: str = ""
    status: int = 0
    bytes: int = 0
    agent: str = ""


class _Nginx(msgspec.Struct, gc=False):
    time_iso8601: str = ""
    time_local: str = ""
    msec: float | str = ""
    time: float | str = ""
    timestamp: float | str = ""
    at_timestamp: float | str = msgspec.field(name="@timestamp", default="")
    remote_addr: str = ""
    remote_user: str = ""
    request: str = ""
    request_method: str = ""
    request_uri: str = ""
    uri: str = ""
    status: int | str = 0
    body_bytes_sent: int | str = ""
    bytes_sent: int | str = 0
    http_user_agent: str = ""
    upstream_cache_status: str = ""


class _CaddyRequest(msgspec.Struct, gc=False):
    client_ip: str = ""
    remote_ip: str = ""
    method: str = ""
    uri: str = ""
    headers: dict[str, list[str]] = {}


class _Caddy(msgspec.Struct, gc=False):
    request: _CaddyRequest
    ts: float | str = ""
    status: int = 0
    size: int = 0
    user_id: str = ""


class JsonReader:
    """Reads lines of one form.

    Attributes:
        form: Theirs.
        unread: How many lines were none.
    """

    def __init__(self, form: JsonForm) -> None:
        self.form = form
        self.unread = 0
        self._read = self._reader(form)

    def read(self, block: bytes) -> list[LogLine]:
        """Return the requests of a block of whole lines."""
        rows: list[LogLine] = []
        for line in block.removesuffix(b"\n").split(b"\n"):
            try:
                rows.append(self._read(line))
            except ValueError:  # msgspec's, too
                self.unread += 1
        return rows

    def _reader(self, form: JsonForm) -> Callable[[bytes], LogLine]:
        if form is JsonForm.GOSYNC:
            decoder = msgspec.json.Decoder(_Gosync)
            return lambda line: self._gosync(decoder.decode(line))
        if form is JsonForm.NGINX:
            nginx = msgspec.json.Decoder(_Nginx)
            return lambda line: self._nginx(nginx.decode(line))
        caddy = msgspec.json.Decoder(_Caddy)
        return lambda line: self._caddy(caddy.decode(line))

    def _gosync(self, line: _Gosync) -> LogLine:
        head, tail = _cut(line.path.encode())
        return (
            line.client.encode(),
            line.user.encode(),
            line.time.encode(),
            line.method.encode(),
            head,
            tail,
            _digits(line.status),
            _digits(line.bytes),
            line.agent.encode(),
            line.outcome.encode(),
        )

    def _nginx(self, line: _Nginx) -> LogLine:
        method, _, rest = line.request.partition(" ")
        asked = line.request_uri or line.uri or rest.partition(" ")[0]
        time = _time_of(line)
        size = line.bytes_sent if line.body_bytes_sent == "" else line.body_bytes_sent
        head, tail = _cut(asked.encode())
        return (
            line.remote_addr.encode(),
            line.remote_user.encode(),
            time.encode(),
            (line.request_method or method).encode(),
            head,
            tail,
            _digits(line.status),
            _digits(size),
            _unless_dash(line.http_user_agent),
            _unless_dash(line.upstream_cache_status),
        )

    def _caddy(self, line: _Caddy) -> LogLine:
        asked = line.request
        head, tail = _cut(asked.uri.encode())
        agents = asked.headers.get("User-Agent") or [""]
        return (
            (asked.client_ip or asked.remote_ip).encode(),
            line.user_id.encode(),
            str(line.ts).encode(),
            asked.method.encode(),
            head,
            tail,
            _digits(line.status),
            _digits(line.size),
            agents[0].encode(),
            b"",
        )


def _time_of(line: _Nginx) -> str:
    times = (line.time_iso8601, line.time_local, line.msec, line.time, line.timestamp)
    for each in (*times, line.at_timestamp):
        if each != "":
            return str(each)
    raise ValueError("no time")


def _cut(path: bytes) -> tuple[bytes, bytes]:
    head, at, tail = path.partition(b"@")
    return head, at + tail


def _unless_dash(text: str) -> bytes:
    return b"" if text == "-" else text.encode()


def _digits(value: int | str) -> bytes:
    """Return a number that is not negative, of at most 18 digits."""
    number = 0 if value in {"", "-"} else int(value)
    return b"%d" % min(max(number, 0), _MOST)


def form_of_json(line: bytes) -> JsonForm | None:
    """Return whose JSON a line is, None for nobody's."""
    if not line.lstrip().startswith(b"{"):
        return None
    kinds: Sequence[tuple[JsonForm, type[msgspec.Struct]]] = (
        (JsonForm.GOSYNC, _Gosync),
        (JsonForm.CADDY, _Caddy),
        (JsonForm.NGINX, _Nginx),
    )
    return next((form for form, kind in kinds if _is(line, kind)), None)


def _is(line: bytes, kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.json.decode(line, type=kind)
    except ValueError:
        return False
    return True
