r"""The syntax of go.mod: lines, blocks, tokens and comments.

::

    verb argument ...  // suffix comment
    verb (
        argument ...
    )

- A token is one of ``( ) [ ] { } ,``, a string in double quotes or back quotes,
  or a word: printable characters that are none of those and no white space.
- ``//`` begins a comment wherever a token may begin, and ends a word. ``/*`` is
  an error there.
- "(" at a line's end opens a block, ")" at a line's beginning closes it;
  elsewhere they are tokens. ``verb ()`` is an empty block.
- Whole-line comments belong to the line or block right below. A blank line
  between cuts that tie, but not inside a block.

Bytes that are not UTF-8 become lone surrogates (``surrogateescape``).

Go has no limits but the file's size, 16 MiB. Here a file has at most MAX_LINES
lines and a line MAX_TOKENS tokens, some dozen times what the largest known ones
have, so that each is read in a second; of comments, MAX_COMMENTS and
MAX_COMMENT_CHARACTERS are kept for a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

MAX_LINES = 200_000
MAX_TOKENS = 10_000
MAX_COMMENT_CHARACTERS = 64 << 10
MAX_COMMENTS = 1_000

_SPACES = compile_on_use(r"[ \t\r]*")
_TOKEN = compile_on_use(
    r"""[()\[\]{},]                                 # punctuation
    |   "(?:[^"\\]++|\\.)*+"                        # string
    |   `[^`]*+`                                    # raw string
    |   (?!["`]) (?:[^\ \t\r()\[\]{},/]++|/(?![/*]))++  # word
    """,
    re.VERBOSE,
)
_PLAIN = compile_on_use(r"[!-~]*+")  # all that is printable in ASCII
# Assigned and not printable. What Python's Unicode does not know yet may be
# assigned in Go's, and surrogates are bytes; both pass.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Zs", "Zl", "Zp"})


class Line(msgspec.Struct, frozen=True):
    """One line with tokens.

    Attributes:
        number: Where it is, from 1.
        tokens: At least one.
        comments: What is said about it, without ``//`` and trimmed: its own
            comments, else those above its block.
        suffix: The comment after it on the line, or None.
    """

    number: int
    tokens: tuple[str, ...]
    comments: tuple[str, ...]
    suffix: str | None


class Block(msgspec.Struct, frozen=True):
    """Lines in parentheses, after the tokens they have in common.

    Attributes:
        number: Where it begins, from 1.
        tokens: What stands before the "(".
        lines: Its lines; blank ones and comments do not count.
    """

    number: int
    tokens: tuple[str, ...]
    lines: tuple[Line, ...]


Statement: TypeAlias = Line | Block


def parse_syntax(data: bytes) -> Iterator[Statement]:
    """Parse a file into its statements, one after the other.

    Raises:
        MalformedError: The syntax is broken, whatever the directives, or there are
            more lines than anybody writes.
    """
    if data.count(b"\n") > MAX_LINES:
        raise MalformedError("go.mod", "", f"more than {MAX_LINES} lines")
    return _Source(data.decode("utf-8", "surrogateescape")).statements()


class _Source:
    """A file read line by line, with the comments that await their owner."""

    def __init__(self, text: str) -> None:
        self._rows = enumerate(text.split("\n"), start=1)
        self._pending: list[str] = []

    def statements(self) -> Iterator[Statement]:
        for number, row in self._rows:
            line = self._line(number, row)
            if line is None:
                if _is_blank(row):
                    self._pending.clear()
            elif line.tokens[1:] and line.tokens[-1] == "(":
                yield self._block(line)
            elif line.tokens[2:] and line.tokens[-2:] == ("(", ")"):
                yield Block(line.number, line.tokens[:-2], ())
            else:
                yield line

    def _block(self, opening: Line) -> Block:
        # A comment after the "(" speaks about nothing.
        above = opening.comments[: -1 if opening.suffix is not None else None]
        lines: list[Line] = []
        inherited = above
        for number, row in self._rows:
            line = self._line(number, row, inherited)
            if line is None:
                # As in Go, lines after a blank line are not meant by it.
                inherited = () if lines and _is_blank(row) else inherited
            elif line.tokens[0] != ")":
                lines.append(line)
                inherited = above
            elif line.tokens[1:]:
                raise _malformed(number, 'more tokens after the ")" of a block')
            else:
                return Block(opening.number, opening.tokens[:-1], tuple(lines))
        raise _malformed(opening.number, "the block is not closed")

    def _line(
        self, number: int, row: str, inherited: tuple[str, ...] = ()
    ) -> Line | None:
        """Read a row; None if it has no tokens. Its comment may become pending."""
        tokens, comment = _tokens(number, row)
        if comment is not None:
            self._pending.append(comment)
        if not tokens:
            return None
        comments = _cut(self._pending) or inherited
        self._pending.clear()
        return Line(number, tuple(tokens), comments, comment)


def _cut(comments: list[str]) -> tuple[str, ...]:
    """Return the first comments, as many as are kept."""
    left, kept = MAX_COMMENT_CHARACTERS, []
    for comment in comments[:MAX_COMMENTS]:
        kept.append(comment[:left])
        left -= len(comment) + 1
        if left <= 0:
            break
    return tuple(kept)


def _is_blank(row: str) -> bool:
    return not row.strip(" \t\r")


def _tokens(number: int, row: str) -> tuple[list[str], str | None]:
    tokens: list[str] = []
    at = _end_of(_SPACES, row, 0)
    while at < len(row):
        if row.startswith("//", at):
            return tokens, row[at + 2 :].strip()
        match = _TOKEN.match(row, at)
        if match is None:
            raise _malformed(number, _no_token(row[at:]))
        _check_printable(number, match[0])
        if len(tokens) == MAX_TOKENS:
            raise _malformed(number, f"more than {MAX_TOKENS} words")
        tokens.append(match[0])
        at = _end_of(_SPACES, row, match.end())
    return tokens, None


def _end_of(pattern: re.Pattern[str], row: str, at: int) -> int:
    match = pattern.match(row, at)
    return match.end() if match else at


def _no_token(rest: str) -> str:
    if rest.startswith("/*"):
        return "comments begin with //, not with /*"
    return "a string is not closed"


def _check_printable(number: int, token: str) -> None:
    if token[0] in '"`' or _PLAIN.fullmatch(token):
        return
    for character in token:
        if unicodedata.category(character) in _UNPRINTABLE:
            raise _malformed(number, f"character {character!r} is not allowed")


def _malformed(number: int, reason: str) -> MalformedError:
    return MalformedError("go.mod", f"line {number}", reason)
