r"""Strings in go.mod: when they need quotes, and what quotes hold.

A quoted string is Go's: ``\a \b \f \n \r \t \v \\ \"``, ``\ooo`` and ``\xhh`` for
bytes, ``\uhhhh`` and ``\Uhhhhhhhh`` for code points. go.mod reserves single
quotes and back quotes, so an unquoted string has none of the three. Nothing that
a go.mod names (paths, versions, folders, settings) has more than MAX_STRING
characters.
"""

from __future__ import annotations

import re

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

MAX_STRING = 16 << 10

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
}
_SIMPLE_ESCAPES = {ord(text): f"\\{letter}" for letter, text in _SIMPLE.items()}
_ESCAPE = compile_on_use(
    r"""\\(?: ([abfnrtv\\"])                            # 1 simple
        | ([0-3][0-7]{2}) | x([0-9A-Fa-f]{2})           # 2, 3 byte
        | u([0-9A-Fa-f]{4}) | U([0-9A-Fa-f]{8}) )       # 4, 5 code point
    """,
    re.VERBOSE,
)
_QUOTED = compile_on_use(rf'"[^"\\\n]*+(?:{_ESCAPE.pattern} [^"\\\n]*+)*"', re.VERBOSE)
_NEEDS_QUOTES = compile_on_use(r"""[ "'`]|//|/\*""")
_BYTES = compile_on_use("[\udc80-\udcff]")
_PUNCTUATION = compile_on_use(r"[()\[\]{},]")
_MAX_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_ESCAPED_BYTES = range(0xDC80, 0xDD00)  # where surrogateescape puts 0x80-0xFF


def auto_quote(text: str) -> str:
    """Return the text as one token of go.mod, in quotes only if it must be."""
    return _quote(text) if _must_quote(text) else text


def unquote(token: str) -> str:
    """Return the text of a token; the inverse of auto_quote.

    Raises:
        MalformedError: Broken quotes, or quotes of a reserved kind; or it is too long.
    """
    if len(token) > MAX_STRING:
        raise MalformedError("string", token, f"longer than {MAX_STRING} characters")
    if not token.startswith('"'):
        if any(quote in token for quote in "\"'`"):
            raise MalformedError("string", token, "only double quotes, around all")
        return token
    if _QUOTED.fullmatch(token) is None:
        raise MalformedError("string", token, "no such escape")
    try:
        data = _ESCAPE.sub(_unescape, token[1:-1])
        return data.encode("utf-8", "surrogateescape").decode(
            "utf-8", "surrogateescape"
        )
    except (ValueError, OverflowError) as error:
        raise MalformedError("string", token, "no such character") from error


def _must_quote(text: str) -> bool:
    if not text or _NEEDS_QUOTES.search(text) or not _printable(text):
        return True
    return len(text) > 1 and _PUNCTUATION.search(text) is not None


def _printable(text: str) -> bool:
    """Tell whether Go prints it as it is; it does so with bytes, too."""
    return _BYTES.sub("", text).isprintable()


def _quote(text: str) -> str:
    return f'"{"".join(map(_quote_one, text))}"'


def _quote_one(character: str) -> str:
    point = ord(character)
    if point in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[point]
    if character.isprintable():
        return character
    if point in _ESCAPED_BYTES:
        return f"\\x{point & 0xFF:02x}"
    if point < ord(" ") or point == 0x7F:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"


def _unescape(match: re.Match[str]) -> str:
    simple, octal, byte, short, long = match.groups()
    if simple:
        return _SIMPLE[simple]
    if octal or byte:
        value = int(octal, 8) if octal else int(byte, 16)
        return bytes([value]).decode("ascii", "surrogateescape")
    point = int(short or long, 16)
    if point in _SURROGATES or point > _MAX_CODE_POINT:
        raise ValueError(point)
    return chr(point)
