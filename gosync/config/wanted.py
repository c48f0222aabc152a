"""What a key's value must be, in plain words. Pure.

msgspec says what is wrong in the words of JSON's types and of regular expressions. A
pattern of the schema says itself what it asks for: ``form``, in the ``extra`` of its
``msgspec.Meta``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from gosync.pattern import compile_on_use

FORM: Final = "form"

_TYPES: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": 'a list, like ["..."]',
    "object": "a table",
}
_GOT: Final = {**_TYPES, "array": "a list"}
_BOUNDS: Final = {
    ">=": "must be {} or more",
    ">": "must be more than {}",
    "<=": "must be {} at most",
    "<": "must be less than {}",
}
_LENGTHS: Final = {
    ">=": "must have {} characters or more",
    "<=": "must have {} characters at most",
}
_MESSAGE: Final = compile_on_use(
    r"Expected `(?P<type>[^`]+)`"
    r"(?:, got `(?P<got>[^`]+)`| (?P<bound>[<>]=?) (?P<at>\S+)"
    r"| of length (?P<length>[<>]=) (?P<count>[0-9]+)| (?P<regex>matching regex) .*)"
    r"(?: - at `[^`]*`)?",
    re.DOTALL,
)


def plainly(message: str, kind: Any) -> str:
    """Return msgspec's message about a value in plain words.

    Args:
        message: What it says; returned as it is where it is of none of its known forms.
        kind: The type that the value was to have.
    """
    found = _MESSAGE.fullmatch(message)
    if found is None:
        return message
    if got := found["got"]:
        wanted = (each for each in found["type"].split(" | ") if each != "null")
        types = " or ".join(_TYPES.get(each, each) for each in wanted)
        return f"must be {types}, not {_GOT.get(got, got)}"
    if bound := found["bound"]:
        return _BOUNDS[bound].format(found["at"])
    if (found["length"], found["count"]) == (">=", "1"):
        return "must not be empty"
    if length := found["length"]:
        return _LENGTHS[length].format(found["count"])
    return f"must be {next(forms(kind), 'of another form')}"


def forms(kind: Any) -> Iterator[str]:
    """Yield what the patterns of a type ask for, in words."""
    for each in get_args(kind):
        if isinstance(each, msgspec.Meta):
            if each.extra is not None and FORM in each.extra:
                yield str(each.extra[FORM])
        else:
            yield from forms(each)
