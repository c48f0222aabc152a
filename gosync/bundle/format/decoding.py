"""Decoders of JSON, JSON lines and times, with one error for any bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TypeVar

import msgspec

from gosync.bundle.format.names import MAX_LINE_BYTES
from gosync.errors import MalformedError
from gosync.gomod.info import parse_time

T = TypeVar("T")


def decode_json(decode: Callable[[bytes], T], data: bytes, what: str) -> T:
    """Return what the bytes say.

    Args:
        decode: A msgspec decoder's method.
        data: The bytes.
        what: What messages call them.

    Raises:
        MalformedError: they are no such JSON, or nested too deeply.
    """
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(what, "", str(error)) from error


def decode_lines(
    decode: Callable[[bytes], list[T]], pieces: Iterable[bytes], what: str
) -> Iterator[T]:
    """Yield what each line says, before what comes later is read.

    Args:
        decode: A msgspec decoder's method that takes several lines.
        pieces: The bytes, in pieces of any size.
        what: What messages call them.

    Raises:
        MalformedError: a line is no such JSON, or longer than MAX_LINE_BYTES.
    """
    rest = b""
    for piece in pieces:
        whole, newline, begun = piece.rpartition(b"\n")
        if newline:
            yield from decode_json(decode, rest + whole, what)
            rest = begun
        else:
            rest += piece
        if len(rest) > MAX_LINE_BYTES:
            raise MalformedError(what, "", f"a line of over {MAX_LINE_BYTES} bytes")
    if rest:
        yield from decode_json(decode, rest, what)


def decode_time(text: str, what: str) -> datetime:
    """Return a time that is written as RFC 3339 has it.

    Args:
        text: The time.
        what: What messages call that which names it.

    Raises:
        MalformedError: it is none, or not of the years 1 to 9999 in UTC.
    """
    try:
        return parse_time(text)
    except MalformedError as error:
        raise MalformedError(what, text, f"no time ({error.reason})") from error
