r"""The synopsis of a package: the first sentence of its package comment. Pure.

The package comment is the group of comments that ends on the line before the package
clause. Its text and its first sentence follow the rules of Go's ``go/ast`` and
``go/doc`` (https://pkg.go.dev/go/doc#Package.Synopsis): directives (``//go:build``) are
no text; a sentence ends after the first period that a space follows and that does not
follow a single capital; what begins with ``Copyright``, ``All rights`` or ``Author`` is
none, nor a heading or code. Two things are otherwise: a list is none (licences in
comments with a star a line are one), and square brackets around names and import
paths, which are links there, are left out.

Of a package's files the first by name counts that has a synopsis: ``go`` joins all
their comments, so that a copyright line of another file would hide it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Final

from gosync.pattern import compile_on_use

MAX_SYNOPSIS: Final = 400  # characters; longer ones are cut at a word
_MAX_COMMENT_BYTES: Final = 64 << 10

_BOM: Final = b"\xef\xbb\xbf"
_CLAUSE: Final = b"\npackage"
_COMMENT = compile_on_use(rb"//[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/")
_BETWEEN = compile_on_use(rb"[ \f\t\r\n;]*+")
_DIRECTIVE = compile_on_use(r"(?:line |extern |export |[a-z0-9]+:[a-z0-9])")
_SENTENCE_END = compile_on_use(r"[.][ \n\t\r]|[\u3002\uff0e]")
_LIST = compile_on_use(r"(?:[•*+-]|[0-9]+[.)])[ \t]+\S")
_HEADING = compile_on_use(r"#[ \t]+\S")
_LINK_DEFINITION = compile_on_use(r"\[[^\]]+\]:[ \t]*\S+\Z")
_LINK = compile_on_use(r"(?<![\w\]])\[(\*?[\w./-]*[\w])\](?![\w\[(])")
_NO_TEXT: Final = ("copyright", "all rights", "author")


def read_synopsis(data: bytes) -> str:
    """Return the synopsis of a Go file's package comment, "" for none.

    Args:
        data: The file, or its beginning.
    """
    data = data.removeprefix(_BOM)
    at = data.find(_CLAUSE, 0, _MAX_COMMENT_BYTES)
    if at <= 0:
        return ""
    if data.find(b"/*", 0, at) >= 0:
        return _synopsis_of(_text(_last_group(data)))
    line = data[data.rfind(b"\n", 0, at) + 1 : at].strip()
    if not line.startswith(b"//"):
        return ""
    return _synopsis_of(_text(_last_lines(data, at)))


def _synopsis_of(text: str) -> str:
    """Return the first sentence of a paragraph, "" for none."""
    sentence = _first_sentence(text)
    if sentence.lower().startswith(_NO_TEXT):
        return ""
    plain = " ".join(_first_paragraph(_unindented(sentence.split("\n"))))
    plain = _LINK.sub(r"\1", plain.replace("``", "“").replace("''", "”"))
    words = " ".join(plain.split())
    if len(words) <= MAX_SYNOPSIS:
        return words
    return f"{words[:MAX_SYNOPSIS].rpartition(' ')[0] or words[:MAX_SYNOPSIS]} ..."


def _last_lines(data: bytes, end: int) -> list[bytes]:
    """Return the lines with ``//`` that end at an offset, without a gap."""
    lines: list[bytes] = []
    while end > 0:
        start = data.rfind(b"\n", 0, end) + 1
        line = data[start:end].strip()
        if not line.startswith(b"//"):
            break
        lines.append(line)
        end = start - 1
    return lines[::-1]


def _last_group(data: bytes) -> list[bytes]:
    """Return the comments that end on the line before the package clause."""
    group: list[bytes] = []
    at = _after_blanks(data, 0)
    while comment := _COMMENT.match(data, at, _MAX_COMMENT_BYTES):
        group.append(comment[0])
        at = _after_blanks(data, comment.end())
        newlines = data.count(b"\n", comment.end(), at)
        if newlines > 1 or (newlines == 0 and data[at : at + 1] != b"/"):
            group = []
    return group if data.startswith(_CLAUSE[1:], at) else []


def _after_blanks(data: bytes, at: int) -> int:
    found = _BETWEEN.match(data, at)
    return found.end() if found else at


def _text(comments: Iterable[bytes]) -> str:
    """Return the first paragraph of comments, without marks and directives.

    What follows says nothing of the first sentence; definitions of links are none.
    """
    found: list[str] = []
    for line in (line.rstrip() for comment in comments for line in _lines(comment)):
        if line:
            found.append(line)
        elif found and not all(map(_LINK_DEFINITION.match, found)):
            break
        else:
            found = []
    return "\n".join(found)


def _lines(comment: bytes) -> Iterator[str]:
    text = comment.decode("utf-8", "replace").replace("\r", "")
    if text.startswith("/*"):
        yield from text[2:-2].split("\n")
        return
    line = text[2:]
    if not _DIRECTIVE.match(line):
        yield line.removeprefix(" ")


def _first_sentence(text: str) -> str:
    for found in _SENTENCE_END.finditer(text):
        at = found.start()
        if text[at] != ".":
            return text[: at + 1]
        is_initial = text[at - 1 : at].isupper() and not text[at - 2 : at - 1].isupper()
        if at == 0 or not is_initial:
            return text[: at + 1]
    return text


def _unindented(lines: list[str]) -> list[str]:
    """Return lines without the space that all of them begin with."""
    full = [line for line in lines if line.strip()]
    if not full:
        return []
    common = min(len(line) - len(line.lstrip(" \t")) for line in full)
    return [line[common:].rstrip() for line in lines]


def _first_paragraph(lines: Iterable[str]) -> list[str]:
    """Return the lines up to code; none where something else is first."""
    found = list(takewhile(lambda line: not line.startswith((" ", "\t")), lines))
    if len(found) == 1 and _HEADING.match(found[0]):
        return []
    return [] if found and _LIST.match(found[0]) else found
