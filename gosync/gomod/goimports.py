r"""The import declarations at the head of a Go file, as ``go`` reads them. Pure.

The head of a file is its package clause and its import declarations, with the
comments before and between them::

    (space | comment)* "package" name (import-declaration)*
    import-declaration = "import" (spec | "(" spec* ")")
    spec = ("." | name)? ("..." | `...`)

Semicolons count as space, a byte order mark at the beginning is ignored. What
follows the head is not looked at. Where a head breaks off with a syntax error, what
was read so far counts, unless the file has a NUL byte before that, or after.

Which files are left out whatever tags are set, :mod:`gosync.gomod.buildtags` says.
Paths without a dot in their first element are not kept: they name the standard
library (``fmt``, ``C``, ``internal/x``), and no module of a proxy has such a path.

A head is read in one pass; nothing in it is looked at more than a few times,
whatever it has. Of a file no more than MAX_HEAD_BYTES are read, where ``go`` has no
limit: heads have at most some hundred kilobytes, in files that generators wrote.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from gosync.errors import MalformedError
from gosync.gomod.buildtags import may_build
from gosync.gomod.modquote import unquote
from gosync.gomod.pathcheck import check_import_path
from gosync.gomod.synopsis import read_synopsis
from gosync.pattern import compile_on_use

if TYPE_CHECKING:
    Literals: TypeAlias = tuple[bytes, ...]
    """The string literals of a file's imports as written; of a program, after MAIN."""

MAIN = b"main"
MAX_HEAD_BYTES = 4 << 20
MAX_LITERAL_BYTES = 1 << 10

_BOM = b"\xef\xbb\xbf"
_BLANK = rb"[ \f\t\r\n;]"
_BLOCK = rb"/\*[^*\0]*+(?:\*(?!/)[^*\0]*+)*+\*/"
_SPACE = rb"(?:" + _BLANK + rb"++|//[^\n\0]*+(?:\n|\Z)|" + _BLOCK + rb")*+"
_NAME = rb"[0-9A-Za-z_\x80-\xff]++"
_END = rb"(?![0-9A-Za-z_\x80-\xff])"
_STRING = rb'(?:"(?:[^"\\\n\0]|\\[^\0])*+"|`[^`\0]*+`)'
_SPEC = rb"(?:\.|" + _NAME + rb")?+" + _SPACE + _STRING
_IMPORT = rb"import" + _END + _SPACE
_GROUP = rb"\(" + _SPACE + rb"(?:" + _SPEC + _SPACE + rb")*+\)"
_DECLARATION = _IMPORT + rb"(?:" + _GROUP + rb"|" + _SPEC + rb")" + _SPACE

_COMMENTS = compile_on_use(_SPACE)
_CLAUSE = compile_on_use(rb"package" + _END + _SPACE + rb"(" + _NAME + rb")" + _SPACE)
_DECLARATIONS = compile_on_use(rb"(?:" + _DECLARATION + rb")*+")
_BROKEN = compile_on_use(_IMPORT + rb"(?:\(" + _SPACE + rb")?")
_NEXT_SPEC = compile_on_use(_SPEC + _SPACE)
_LITERAL = compile_on_use(
    rb'//[^\n]*+|/\*(?s:.*?)\*/|("(?:[^"\\]|\\(?s:.))*+"|`[^`]*+`)'
)
_CONSTRAINT = b"build"


def read_imports(data: bytes, *, whole: bool = True) -> Literals | None:
    """Return the imports of a Go file, None if no tags build it.

    Args:
        data: The file, or its beginning.
        whole: Whether it is the file; if not, the answer for what may go on
            behind ``data`` is an error.

    Raises:
        MalformedError: The head may not end where the data does.
    """
    if data.startswith(_BOM):
        data = data[3:]
    clause_at = _end_of(_COMMENTS, data, 0)
    clause = _CLAUSE.match(data, clause_at)
    imports_at = clause.end() if clause else clause_at
    end = _end_of(_DECLARATIONS, data, imports_at) if imports_at > clause_at else 0
    is_broken = not end or data[end : end + 1] in {b"i", b"/", b"\0"}
    if not whole and (is_broken or end == len(data)):
        raise MalformedError("Go file", "its head", "longer than what was read of it")
    if is_broken or clause is None:
        return _read_broken(data, imports_at, end)
    if _CONSTRAINT in data[:clause_at] and not may_build(data[:imports_at]):
        return None
    kept = _kept(data[imports_at:end])
    return (MAIN, *kept) if clause[1] == MAIN else kept


class HeadReader:
    """Reads the imports of a file that comes in chunks, and keeps only its head.

    Attributes:
        synopsis: Of its package comment, as far as its first chunk has it.
    """

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._left_bytes = MAX_HEAD_BYTES
        self._found: Literals | None = None
        self._is_done = False
        self.synopsis = ""

    def add(self, chunk: bytes | memoryview) -> None:
        """Take the next chunk."""
        if self._is_done or self._left_bytes <= 0:
            return
        data = bytes(chunk[: self._left_bytes])
        self._left_bytes -= len(data)
        if not self._chunks:
            self.synopsis = read_synopsis(data)
            try:
                self._found = read_imports(data, whole=False)
            except MalformedError:
                pass
            else:
                self._is_done = True
                return
        self._chunks.append(data)

    def imports(self) -> Literals | None:
        """Return what ``read_imports`` returns of what came."""
        if self._is_done:
            return self._found
        return read_imports(b"".join(self._chunks))


def path_of(literal: bytes) -> str | None:
    """Return the path that an import's literal names, None if no module may have it."""
    try:
        text = literal.decode()
        if text[0] == "`":
            path = text[1:-1].replace("\r", "")
        else:
            path = unquote(text) if "\\" in text else text[1:-1]
        check_import_path(path)
    except (UnicodeDecodeError, MalformedError):
        return None
    host = path.partition("/")[0]
    return path if "." in host and not path.startswith(("./", "../")) else None


def _end_of(pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
    match = pattern.match(data, start)
    return match.end() if match else start


def _read_broken(data: bytes, imports_at: int, end: int) -> Literals | None:
    """Return the imports before a syntax error."""
    if b"\0" in data:
        return ()
    if _CONSTRAINT in data and not may_build(data):
        return None
    if not end:
        return ()
    kept = _kept(data[imports_at:end])
    match = _BROKEN.match(data, end)
    at = last = match.end() if match else end
    while match := _NEXT_SPEC.match(data, last):
        last = match.end()
    return kept + _kept(data[at:last])


def _kept(declarations: bytes) -> Literals:
    """Return the literals that may be paths of modules' packages."""
    if b"." not in declarations and b"\\" not in declarations:
        return ()
    found: list[bytes] = _LITERAL.findall(declarations)
    return tuple(
        each
        for each in found
        if (b"." in each or b"\\" in each) and len(each) <= MAX_LITERAL_BYTES
    )
