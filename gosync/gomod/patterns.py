r"""GOPRIVATE-style patterns over the prefixes of a path.

A pattern with N slashes is matched against the first N+1 elements of a path
and so covers everything below: ``corp.com/*`` matches ``corp.com/a`` and
``corp.com/a/b`` but not ``corp.com``. A slash at the end is dropped; an empty
or malformed pattern matches nothing.

Within an element the syntax is that of Go's ``path.Match``::

    *        any characters but "/"
    ?        one character but "/"
    [a-z^]   one of these characters; [^...] one of none of these
    \c       the character c
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import TypeAlias

# Returns which of some paths are meant, each a line of a text.
PathFilter: TypeAlias = Callable[[str], AbstractSet[str]]
# Returns where in the text each of them begins, in its order, and the path.
PathFinder: TypeAlias = Callable[[str], Iterable[tuple[int, str]]]

_META = frozenset("*?[\\")
_CLASS_END = "]"
_FEW_RUNS = 4  # each is looked for by itself, a regular expression for all at once
_FEW_CHARACTERS = 1000  # few are one line that is found in so many, or less


def is_literal(glob: str) -> bool:
    """Tell whether a pattern has no wildcard: it names one path and those below."""
    return _META.isdisjoint(glob)


def literal_prefix(glob: str) -> str:
    """Return what each path that a pattern matches begins with, "" for anything."""
    at = next((at for at, char in enumerate(glob) if char in _META), len(glob))
    return glob[:at].removesuffix("/") if at == len(glob) else glob[:at]


def match_prefix_patterns(globs: str, target: str) -> bool:
    """Match a path against a comma-separated list; spaces are not trimmed."""
    return PatternSet(globs.split(",")).match(target)


class PatternSet:
    """Patterns compiled once, to match many paths."""

    __slots__ = ("_globs", "_in_lines", "_levels", "_runs")

    def __init__(self, globs: Iterable[str]) -> None:
        self._globs = tuple(globs)
        self._levels = _compile(self._globs)
        self._in_lines: re.Pattern[str] | None = None  # made when it is needed
        self._runs = _runs_of(self._globs)

    def __bool__(self) -> bool:
        """Tell whether any path at all can match."""
        return bool(self._levels)

    def __repr__(self) -> str:
        return f"PatternSet({self._globs!r})"

    def match(self, path: str) -> bool:
        """Tell whether a prefix of the path matches one of the patterns."""
        end = -1
        slashes = 0
        for level, literals, wildcards in self._levels:
            while slashes <= level:
                if end == len(path):
                    return False
                end = path.find("/", end + 1)
                end = len(path) if end < 0 else end
                slashes += 1
            prefix = path[:end]
            if prefix in literals or (wildcards and wildcards.fullmatch(prefix)):
                return True
        return False

    def matching_lines(self, lines: str) -> set[str]:
        """Return which of many paths match, each a line of a text.

        It takes a tenth of looking at one after the other.
        """
        return {path for _, path in self.places_in(lines)}

    def places_in(self, lines: str) -> Iterator[tuple[int, str]]:
        """Yield where a path that matches begins, and the path; see matching_lines."""
        starts = _starts_of_few(lines, self._runs)
        if starts is None:
            yield from self._places_in_many(lines)
            return
        for at in starts:
            end = lines.find("\n", at)
            path = lines[at : end if end >= 0 else None]
            if self.match(path):
                yield at, path

    def _places_in_many(self, lines: str) -> Iterator[tuple[int, str]]:
        if self._in_lines is None:
            self._in_lines = _compile_for_lines(self._globs)
        for found in self._in_lines.finditer(f"\n{lines}\n"):
            at = found.start()
            for path in found[0][1:].split("\n"):  # more than one, perhaps: of "[^a]"
                if self.match(path):
                    yield at, path
                at += len(path) + 1


_Level = tuple[int, frozenset[str], re.Pattern[str] | None]


def _compile(globs: Iterable[str]) -> tuple[_Level, ...]:
    """Sort patterns by their number of slashes, and wildcards from literals."""
    literals: dict[int, set[str]] = {}
    wildcards: dict[int, list[str]] = {}
    for glob in dict.fromkeys(each.removesuffix("/") for each in globs):
        level = glob.count("/")
        if glob and is_literal(glob):
            literals.setdefault(level, set()).add(glob)
        elif glob and (regex := _translate(glob)) is not None:
            wildcards.setdefault(level, []).append(regex)
    return tuple(
        (level, frozenset(literals.get(level, ())), _any_of(wildcards.get(level)))
        for level in sorted(literals.keys() | wildcards.keys())
    )


def _any_of(regexes: list[str] | None) -> re.Pattern[str] | None:
    return re.compile("|".join(regexes), re.DOTALL) if regexes else None


def _runs_of(globs: Iterable[str]) -> frozenset[str]:
    """Return characters of which each path that matches has some, one after the other.

    Nothing where a pattern has no such, or where they are too many to look for each.
    """
    runs = frozenset(
        max(re.split(r"[*?]", re.split(r"[\[\\]", glob)[0]), key=len)
        for glob in (each.removesuffix("/") for each in globs)
        if glob
    )
    return frozenset() if len(runs) > _FEW_RUNS or "" in runs else runs


def _starts_of_few(lines: str, runs: Iterable[str]) -> list[int] | None:
    """Return where lines begin that have one of the runs; None where many do."""
    starts: set[int] = set()
    most = len(lines) // _FEW_CHARACTERS if runs else -1
    for run in runs:
        at = lines.find(run)
        while at >= 0 and len(starts) <= most:
            starts.add(lines.rfind("\n", 0, at) + 1)
            end = lines.find("\n", at + len(run))
            at = lines.find(run, end) if end >= 0 else -1
    return sorted(starts) if len(starts) <= most else None


def _compile_for_lines(globs: Iterable[str]) -> re.Pattern[str]:
    """Return what finds each line that begins like a pattern, and perhaps others.

    Patterns of one host are put together: its name is compared once for all of them.
    """
    below: dict[str, list[str]] = {}
    others = []
    for glob in dict.fromkeys(each.removesuffix("/") for each in globs):
        host, _, rest = glob.partition("/")
        if not is_literal(host):
            others.append(_translate(glob))
        elif host and (regex := _translate(rest)) is not None:
            below.setdefault(host, []).append(regex)
    hosts = [
        re.escape(host) + (f"/(?:{'|'.join(rests)})" if all(rests) else "")
        for host, rests in below.items()
    ]
    any_of = "|".join([*hosts, *filter(None, others)]) or "(?!)"
    within_line = any_of.replace("[^/]", r"[^/\n]")
    return re.compile(rf"\n(?:{within_line})(?=[/\n])[^\n]*", re.DOTALL)


def _translate(glob: str) -> str | None:
    """Return the glob as a regular expression, or None when it is malformed."""
    parts = []
    at = 0
    while at < len(glob):
        part, at = _translate_one(glob, at)
        if part is None:
            return None
        parts.append(part)
    return "".join(parts)


def _translate_one(glob: str, at: int) -> tuple[str | None, int]:
    match glob[at]:
        case "*":
            while glob[at : at + 1] == "*":
                at += 1
            return "[^/]*", at
        case "?":
            return "[^/]", at + 1
        case "[":
            return _translate_class(glob, at + 1)
        case "\\":
            escaped = glob[at + 1 : at + 2]
            return re.escape(escaped) if escaped else None, at + 2
        case character:
            return re.escape(character), at + 1


def _translate_class(glob: str, at: int) -> tuple[str | None, int]:
    """Translate a character class whose "[" is behind us."""
    negated = glob[at : at + 1] == "^"
    at += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and glob[at : at + 1] == _CLASS_END):
        low, at = _class_character(glob, at)
        high = low
        if glob[at : at + 1] == "-":
            high, at = _class_character(glob, at + 1)
        if not (low and high):
            return None, at
        ranges.append((low, high))
    return _class_regex(ranges, negated=negated), at + 1


def _class_regex(ranges: list[tuple[str, str]], *, negated: bool) -> str:
    """Write the class; a range whose ends are swapped holds nothing."""
    inside = "".join(
        f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges if low <= high
    )
    if not inside:
        return "." if negated else "(?!)"
    return f"[{'^' * negated}{inside}]"


def _class_character(glob: str, at: int) -> tuple[str, int]:
    """Read one character of a class; "" where none may stand."""
    character = glob[at : at + 1]
    if character in ("", "-", _CLASS_END):
        return "", at
    if character == "\\":
        at += 1
        character = glob[at : at + 1]
    return character, at + 1
