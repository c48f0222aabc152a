"""Text that any terminal and any encoder takes.

What is quoted from elsewhere may hold control characters. A file's name may be bytes
that are no UTF-8, which Python keeps as lone surrogates: JSON, SQLite and UTF-8 files
refuse those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, TypeAlias

import msgspec

Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def shown(text: str) -> str:
    r"""Return text that any encoder takes: bytes that are no UTF-8 become ``\xf6``."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogateescape" if _is_name(text) else "replace")
        return data.decode("utf-8", "backslashreplace")
    return text


def _is_name(text: str) -> bool:
    """Whether all surrogates stand for bytes, as in a file's name."""
    return all("\udc80" <= c <= "\udcff" for c in text if "\ud800" <= c <= "\udfff")


def printable(text: str) -> str:
    """Escape control characters: a line may quote what an upstream sent."""
    if text.isprintable():  # nearly all are
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown(text))


# The version of what commands print with --json and hooks are told: keys are added
# under one, and what a key means is never changed.
DOCUMENT_SCHEMA = 1

_AT_ONCE: Final = 2_000  # elements of a list that are encoded together


def encode_json(document: object) -> bytes:
    """Return a document as JSON, its strings as :func:`shown` where that is needed."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return msgspec.json.encode(_shown_within(msgspec.to_builtins(document)))


def indented_json(document: Mapping[str, object]) -> Iterator[bytes]:
    """Yield a document as indented JSON, its long lists by parts.

    What is yielded, joined, is ``msgspec.json.format`` of the whole, which for some
    documents would take hundreds of megabytes. A list may be an iterator, too.
    """
    before = b"{"
    for key, value in document.items():
        yield before + b"\n  " + encode_json(key) + b": "
        if isinstance(value, list) and len(value) > _AT_ONCE:
            yield from _long_list(iter(value))
        elif isinstance(value, Iterator):
            yield from _long_list(value)
        else:
            yield _indented(value)
        before = b","
    yield b"\n}" if document else b"{}"


def _long_list(values: Iterator[object]) -> Iterator[bytes]:
    before = b"["
    while part := list(islice(values, _AT_ONCE)):
        yield before + _indented(part).removeprefix(b"[").removesuffix(b"\n  ]")
        before = b","
    yield b"[]" if before == b"[" else b"\n  ]"


def _indented(value: object) -> bytes:
    """Return a value as indented JSON, as it stands in a document."""
    text = msgspec.json.format(encode_json(value), indent=2)
    return text.replace(b"\n", b"\n  ")  # within strings a line's end is escaped


def _shown_within(value: Json) -> Json:
    if isinstance(value, dict):
        return {shown(key): _shown_within(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shown_within(inner) for inner in value]
    return shown(value) if isinstance(value, str) else value
