"""The longest text that whatever a regular expression matches must contain. Pure.

Looking for a plain text is many times quicker than trying an expression, so each is
tried only where its text is. Understood are literals, escapes, classes and groups with
quantifiers; an expression with ``|`` outside of groups has no such text.
"""

from __future__ import annotations

_QUANTIFIERS = frozenset("?*+{")
_ESCAPED_LITERALS = frozenset(".\\()[]{}*+?|^$/\"'-")
_IN_JSON = frozenset('"<>&\\')  # JSON writes them in another way


def needle_of(pattern: str) -> str:
    """Return the text, "" for none."""
    runs, at = [""], 0
    while at < len(pattern):
        literal, after = _token(pattern, at)
        if literal == "|":
            return ""
        if after < len(pattern) and pattern[after] in _QUANTIFIERS:
            after = _end_of_quantifier(pattern, after)
            literal = ""
        if literal and literal not in _IN_JSON:
            runs[-1] += literal
        else:
            runs.append("")
        at = after
    return max(runs, key=len)


def _token(pattern: str, at: int) -> tuple[str, int]:
    """Return the literal at a place, "" for something else, and where it ends."""
    char = pattern[at]
    if char == "\\":
        escaped = pattern[at + 1]
        return (escaped if escaped in _ESCAPED_LITERALS else "", at + 2)
    if char == "[":
        return "", _end_of_class(pattern, at)
    if char == "(":
        return "", _end_of_group(pattern, at)
    if char == "|":
        return "|", at + 1
    return ("" if char in ".^$" else char), at + 1


def _end_of_class(pattern: str, at: int) -> int:
    at += 2 if pattern[at + 1] == "^" else 1
    at += 1  # a bracket that comes first is a literal
    while pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _end_of_group(pattern: str, at: int) -> int:
    depth = 0
    while True:
        char = pattern[at]
        if char == "\\":
            at += 2
            continue
        if char == "[":
            at = _end_of_class(pattern, at)
            continue
        depth += (char == "(") - (char == ")")
        at += 1
        if depth == 0:
            return at


def _end_of_quantifier(pattern: str, at: int) -> int:
    at = pattern.index("}", at) + 1 if pattern[at] == "{" else at + 1
    return at + 1 if pattern[at : at + 1] in {"?", "+"} else at
