"""Records: what a checksum database answers to a lookup (design/25530-sumdb).

An answer is at most 1 MiB::

    ID          the record's number, canonical decimal, below 2**63
    text        one or more lines, no blank one among them
    <blank line>
    the signed tree head (``note``) of a tree that has the record

The record hash is over the text, final newline included, and nothing else. The
text is valid UTF-8 without control characters below U+0020 other than the newline.
It holds go.sum lines::

    PATH VERSION h1:BASE64
    PATH VERSION/go.mod h1:BASE64

Hash lines are only ever taken from a text that was proven to be in the log. The
rest of an answer is not covered by the record hash, so a line there proves nothing
(Go's CVE-2026-56864). A proven record that lacks the line asked for proves nothing
either (CVE-2026-42501), so both lines must be there.
"""

from __future__ import annotations

from typing import Final

import msgspec

from gosync.errors import MalformedError, RecordMismatchError
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.tlog import parse_decimal, parse_hash

MAX_LOOKUP_BYTES: Final = 1024 * 1024

_CONTROL_BYTES: Final = bytes(byte for byte in range(0x20) if byte != ord("\n"))
_H1_PREFIX: Final = "h1:"


class Record(msgspec.Struct, frozen=True):
    """A record as an answer has it, not yet proven.

    Attributes:
        id: Its number in the log.
        text: Its text, final newline included.
        rest: What follows the blank line: the signed tree head.
    """

    id: int
    text: bytes
    rest: bytes


class RecordLines(msgspec.Struct, frozen=True):
    """What a record's text says of one module version.

    Attributes:
        lines: Its go.sum lines, of every algorithm, in the record's order.
        zip_h1: The ``h1:`` of the zip.
        mod_h1: The ``h1:`` of the go.mod.
    """

    lines: tuple[str, ...]
    zip_h1: str
    mod_h1: str


def parse_record(data: bytes) -> Record:
    """Return the record at the start of ``data`` and what follows it.

    Raises:
        MalformedError: There is no well-formed record, or too many bytes.
    """
    what = "record"
    if len(data) > MAX_LOOKUP_BYTES:
        raise MalformedError(what, data[:80], f"longer than {MAX_LOOKUP_BYTES} bytes")
    digits, newline, after = data.partition(b"\n")
    if not newline:
        raise MalformedError(what, data[:80], "no line with its number")
    record_id = parse_decimal(what, digits)
    text, blank, rest = after.partition(b"\n\n")
    if not blank:
        raise MalformedError(what, data[:80], "no blank line after its text")
    text += b"\n"
    _check_text(text)
    return Record(record_id, text, rest)


def format_record(record_id: int, text: bytes) -> bytes:
    """Return a record as an answer has it; a signed tree head follows.

    Raises:
        MalformedError: The text is not one for a record.
    """
    _check_text(text)
    return b"%d\n%s\n" % (record_id, text)


def parse_record_lines(text: bytes, mv: ModuleVersion) -> RecordLines:
    """Return what the proven ``text`` of a record says of ``mv``.

    Raises:
        RecordMismatchError: The zip's or the go.mod's ``h1:`` line is not there,
            malformed, or there twice with different hashes.
    """
    zip_prefix = f"{mv.path} {mv.version} "
    mod_prefix = f"{mv.path} {mv.version}/go.mod "
    lines = tuple(
        line
        for line in text.decode("utf-8", "replace").split("\n")
        if line.startswith((zip_prefix, mod_prefix))
    )
    return RecordLines(
        lines,
        zip_h1=_only_h1(lines, zip_prefix, mv),
        mod_h1=_only_h1(lines, mod_prefix, mv),
    )


def _only_h1(lines: tuple[str, ...], prefix: str, mv: ModuleVersion) -> str:
    """Return the one ``h1:`` among the lines with this prefix."""
    found = {
        line.removeprefix(prefix)
        for line in lines
        if line.startswith(prefix + _H1_PREFIX)
    }
    if not found:
        raise RecordMismatchError(f"{mv}: the record has no line {prefix}{_H1_PREFIX}")
    if len(found) > 1:
        raise RecordMismatchError(f"{mv}: the record has several lines {prefix}h1:")
    (h1,) = found
    try:
        parse_hash("record line", h1.removeprefix(_H1_PREFIX).encode())
    except MalformedError as error:
        raise RecordMismatchError(f"{mv}: {error}") from error
    return h1


def _check_text(text: bytes) -> None:
    """Refuse what cannot be the text of a record."""
    what, shown = "record text", text[:80]
    if not text.endswith(b"\n") or text.startswith(b"\n") or b"\n\n" in text:
        raise MalformedError(what, shown, "not lines without a blank one among them")
    if len(text.translate(None, _CONTROL_BYTES)) != len(text):
        raise MalformedError(what, shown, "has a control character")
    try:
        text.decode()
    except UnicodeDecodeError:
        raise MalformedError(what, shown, "not UTF-8") from None
