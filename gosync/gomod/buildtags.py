"""Build constraints of Go files, where every tag may be true or false.

``go mod tidy`` and all else that follows imports on every platform at once hold a
constraint against all tags together (Go's ``imports.AnyTags``): a tag is true where
it is asked for and false where its absence is. Only ``ignore`` is always false, as
is a constraint that does not parse.

A ``//go:build`` line counts anywhere before the package clause, and alone; two of
them exclude the file. Without one all ``// +build`` lines must hold, of those that
stand among the ``//`` comments that begin the file and before a blank line. A
``+build`` line with more than 100 operators does not count.
"""

from __future__ import annotations

from typing import NamedTuple

from gosync.gomod.unicode import is_letter
from gosync.pattern import compile_on_use

_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_FIELDS = compile_on_use(f"[{_SPACE}]+")
_TOKEN = compile_on_use(r"[ \t]*(&&|\|\||[()!]|[^ \t()!&|]+|$)")
_GO_BUILD = "//go:build"
_PLUS_BUILD = "+build"
_IGNORE = "ignore"
_MAX_OPERANDS = 1000
_MAX_PLUS_OPERATORS = 100


class _Value(NamedTuple):
    """An expression: its value, and the one it has below a "!"."""

    wanted: bool
    unwanted: bool

    def negated(self) -> _Value:
        return _Value(wanted=not self.unwanted, unwanted=not self.wanted)

    def both(self, other: _Value) -> _Value:
        return _Value(
            wanted=self.wanted and other.wanted,
            unwanted=self.unwanted and other.unwanted,
        )

    def either(self, other: _Value) -> _Value:
        return _Value(
            wanted=self.wanted or other.wanted,
            unwanted=self.unwanted or other.unwanted,
        )


_ANY = _Value(wanted=True, unwanted=False)
_NEVER = _Value(wanted=False, unwanted=False)


def may_build(header: bytes) -> bool:
    """Return whether some set of tags builds a file.

    Args:
        header: The file from its beginning to its package clause, or more of it.
    """
    lines = header.decode("utf-8", "surrogateescape").split("\n")
    go_build, plus_build = _constraints(lines)
    if len(go_build) > 1:
        return False
    if go_build:
        return _holds(go_build[0])
    return all(_plus_holds(text) for text in plus_build)


def _constraints(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the expressions of both kinds of lines that count."""
    go_build: list[str] = []
    plus_build: list[str] = []
    pending: list[str] = []  # count if a blank line follows
    only_comments, in_block = True, False
    if not lines[-1]:
        del lines[-1]
    for each in lines:
        line = each.strip(_SPACE)
        if not line and only_comments:
            plus_build.extend(pending)
            pending.clear()
            continue
        only_comments = only_comments and line.startswith("//")
        if not in_block:
            go_build.extend(_expression(line, _GO_BUILD))
        if only_comments:
            comment = line[2:].strip(_SPACE)
            pending.extend(_expression(comment, _PLUS_BUILD))
        has_text, in_block = _after_comments(line, in_block=in_block)
        if has_text:
            break
    return go_build, plus_build


def _expression(line: str, keyword: str) -> list[str]:
    """Return what follows a keyword, if a line begins with it."""
    if not line.startswith(keyword):
        return []
    rest = line[len(keyword) :]
    return [] if rest and rest[0] not in _SPACE else [rest.strip(_SPACE)]


def _after_comments(line: str, *, in_block: bool) -> tuple[bool, bool]:
    """Return whether a line has text besides comments, and is left in a block."""
    while line:
        if in_block:
            _, end, line = line.partition("*/")
            if not end:
                return False, True
            in_block = False
            line = line.strip(_SPACE)
        elif line.startswith("//"):
            return False, False
        elif line.startswith("/*"):
            in_block = True
            line = line[2:].strip(_SPACE)
        else:
            return True, False
    return False, in_block


class _SyntaxError(Exception):
    pass


class _Level:
    """What is between two parentheses, so far.

    Attributes:
        negates: Whether a "!" stands before the operand that comes.
    """

    def __init__(self) -> None:
        self.negates = False
        self._any: _Value | None = None
        self._all: _Value | None = None

    def operand(self, value: _Value) -> None:
        value = value.negated() if self.negates else value
        self.negates = False
        self._all = value if self._all is None else self._all.both(value)

    def alternative(self) -> None:
        self._any = self.value()
        self._all = None

    def value(self) -> _Value:
        assert self._all is not None
        return self._all if self._any is None else self._any.either(self._all)


def _holds(text: str) -> bool:
    """Return what a ``//go:build`` expression comes to; False if it is none."""
    try:
        return _evaluate(text).wanted
    except _SyntaxError:
        return False


def _evaluate(text: str) -> _Value:
    levels = [_Level()]
    at, operands, expects_operand = 0, 0, True
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _SyntaxError
        at, word = match.end(), match[1]
        if expects_operand:
            operands += not levels[-1].negates
            if operands > _MAX_OPERANDS:
                raise _SyntaxError
            expects_operand = _begin(levels, word)
        elif not word:
            break
        else:
            expects_operand = _go_on(levels, word)
    if len(levels) > 1:
        raise _SyntaxError
    return levels[0].value()


def _begin(levels: list[_Level], word: str) -> bool:
    """Take a word where an operand must be; return whether one still must."""
    if word == "(":
        levels.append(_Level())
        return True
    if word == "!":
        if levels[-1].negates:
            raise _SyntaxError
        levels[-1].negates = True
        return True
    if not _is_tag(word):
        raise _SyntaxError
    levels[-1].operand(_value_of(word))
    return False


def _go_on(levels: list[_Level], word: str) -> bool:
    """Take a word behind an operand; return whether another one must follow."""
    if word == ")":
        inner = levels.pop()
        if not levels:
            raise _SyntaxError
        levels[-1].operand(inner.value())
        return False
    if word == "||":
        levels[-1].alternative()
    elif word != "&&":
        raise _SyntaxError
    return True


def _plus_holds(text: str) -> bool:
    """Return what a ``+build`` line comes to; True if it has too many operators."""
    clauses = [each for each in _FIELDS.split(text) if each]
    literals = [clause.split(",") for clause in clauses]
    if sum(map(len, literals)) - 1 > _MAX_PLUS_OPERATORS:
        return True
    return any(all(_literal(each) for each in clause) for clause in literals)


def _literal(text: str) -> bool:
    if text.startswith("!!") or text == "!":
        return False
    tag = text.removeprefix("!")
    value = _value_of(tag) if _is_tag(tag) else _NEVER
    return (value.negated() if tag is not text else value).wanted


def _value_of(tag: str) -> _Value:
    return _NEVER if tag == _IGNORE else _ANY


def _is_tag(word: str) -> bool:
    """Return whether all of it are letters, digits, underscores and dots."""
    return bool(word) and all(
        each in "_." or is_letter(each) or each.isdecimal() for each in word
    )
