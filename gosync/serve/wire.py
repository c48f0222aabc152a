"""Messages between a worker and the owner, over a Unix socket. Pure.

One JSON object a line, at most 8 KiB with its end, both ways. A question says what is
to be brought; a reply has its number, and may come in any order::

    {"v":1,"id":7,"kind":"mod","module":"rsc.io/quote","version":"v1.5.2"}
    {"v":1,"id":7,"fate":"here"}

``kind`` is a proxy request's (``folder.requests``): info, mod, zip, list, latest,
query, lookup, tile, head, supported; or "state", which asks what keeps the owner from
its work. Not answered is which versions were asked for, of some seconds::

    {"v":1,"kind":"used","used":["rsc.io/quote@v1.5.2"]}

Answered like a question is an upload: a file of the runtime folder to take in::

    {"v":1,"id":8,"kind":"upload","module":"corp.example/lib","version":"v1.0.0",
     "file":"0123456789abcdef0123456789abcdef"}

No message holds a URL, a path or a header. Whoever reads one believes
nothing: a question must be the very one that its path in a tree would ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal

import msgspec

from gosync.errors import MalformedError
from gosync.folder.requests import (
    ProxyRequest,
    ProxyRequestKind,
    format_request,
    parse_request,
)
from gosync.gomod.module import ModuleVersion, check
from gosync.serve.origin import OriginAnswer

MAX_BYTES: Final = 8 << 10
_VERSION: Final = 1
_USED_BYTES: Final = 64
_TEXT_CHARACTERS: Final = 1200  # of six bytes at most
_REASONS: Final = 8
_REASON_CHARACTERS: Final = 150
STATE: Final = "state"
UPLOAD_NAME: Final = "[0-9a-f]{32}"


class OwnerQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question; see the module."""

    v: Literal[1]
    id: int
    kind: str
    module: str = ""
    version: str = ""
    database: str = ""
    tile: str = ""


class UploadMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An upload; see the module."""

    v: Literal[1]
    id: int
    kind: Literal["upload"]
    module: str
    version: str
    file: Annotated[str, msgspec.Meta(pattern=f"^{UPLOAD_NAME}$")]


class UsedVersions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Versions that were asked for; see the module."""

    v: Literal[1]
    kind: Literal["used"]
    used: list[str]


class OwnerReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reply; see the module.

    Attributes:
        v: The version of the format.
        id: The question's number.
        answer: What became of what was asked for.
        reasons: What keeps the owner from its work.
    """

    v: Literal[1]
    id: int
    answer: OriginAnswer | None = None
    reasons: tuple[str, ...] = ()


_question = msgspec.json.Decoder(OwnerQuestion)
_used = msgspec.json.Decoder(UsedVersions)
_upload = msgspec.json.Decoder(UploadMessage)
_reply = msgspec.json.Decoder(OwnerReply)


def format_question(number: int, request: ProxyRequest | None) -> bytes:
    """Return a question's line; None asks for the owner's state."""
    fields = {
        "v": _VERSION,
        "id": number,
        "kind": STATE if request is None else request.kind.value,
    }
    if request is not None:
        for name in ("module", "version", "database", "tile"):
            if value := getattr(request, name):
                fields[name] = value
    return msgspec.json.encode(fields) + b"\n"


def parse_question(line: bytes) -> tuple[int, ProxyRequest | None]:
    """Return a question's number, and what it asks for; None for the state.

    Raises:
        MalformedError: it is none.
    """
    try:
        found = _question.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise MalformedError("question", "", str(exc)) from exc
    if found.kind == STATE:
        return found.id, None
    try:
        request = ProxyRequest(
            kind=ProxyRequestKind(found.kind),
            module=found.module,
            version=found.version,
            database=found.database,
            tile=found.tile,
        )
        is_plain = parse_request(format_request(request)) == request
    except (ValueError, KeyError, StopIteration) as exc:
        raise MalformedError("question", found.kind, "no such kind") from exc
    if not is_plain:
        raise MalformedError("question", found.kind, "no path of a tree asks so")
    return found.id, request


def format_upload(number: int, mv: ModuleVersion, file: str) -> bytes:
    """Return the line that asks to take in an upload."""
    found = UploadMessage(_VERSION, number, "upload", mv.path, mv.version, file)
    return msgspec.json.encode(found) + b"\n"


def parse_upload(line: bytes) -> tuple[int, ModuleVersion, str] | None:
    """Return an upload's number, version and file; None for another message.

    Raises:
        MalformedError: its version is none.
    """
    try:
        found = _upload.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    check(found.module, found.version)
    return found.id, ModuleVersion(found.module, found.version), found.file


def format_used(versions: Iterable[ModuleVersion]) -> Iterator[bytes]:
    """Yield the lines that tell which versions were asked for."""
    names: list[str] = []
    size = 0
    for mv in versions:
        name = str(mv)
        if names and size + len(name) + 3 > MAX_BYTES - _USED_BYTES:
            yield _format_used(names)
            names, size = [], 0
        names.append(name)
        size += len(name) + 3
    if names:
        yield _format_used(names)


def _format_used(names: list[str]) -> bytes:
    return msgspec.json.encode(UsedVersions(_VERSION, "used", names)) + b"\n"


def parse_used(line: bytes) -> list[ModuleVersion] | None:
    """Return which versions were asked for, None where a line is another message.

    Raises:
        MalformedError: a version is none.
    """
    try:
        names = _used.decode(line).used
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    found = []
    for name in names:
        path, _, version = name.partition("@")
        check(path, version)
        found.append(ModuleVersion(path, version))
    return found


def format_reply(
    number: int, answer: OriginAnswer | None = None, reasons: tuple[str, ...] = ()
) -> bytes:
    """Return a reply's line; a text that is too long is cut."""
    if answer is not None and len(answer.text) > _TEXT_CHARACTERS:
        answer = msgspec.structs.replace(answer, text=answer.text[:_TEXT_CHARACTERS])
    told = tuple(each[:_REASON_CHARACTERS] for each in reasons[:_REASONS])
    return msgspec.json.encode(OwnerReply(_VERSION, number, answer, told)) + b"\n"


def parse_reply(line: bytes) -> OwnerReply:
    """Return a reply.

    Raises:
        MalformedError: it is none.
    """
    try:
        return _reply.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise MalformedError("reply", "", str(exc)) from exc
