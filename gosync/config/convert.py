"""Conversion of a TOML document to the file's sections, key by key.

A key that is unknown, of a wrong type or out of its bounds is noted, and has its
default. A URL that may hold a password is refused unquoted, except where one belongs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import cache
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeAlias,
    TypeGuard,
    get_args,
    get_origin,
)

import msgspec

from gosync.config.mistakes import Key, Mistakes
from gosync.config.schema import FileSchema, Section
from gosync.config.wanted import plainly
from gosync.errors import ConfigError
from gosync.pattern import compile_on_use

Toml: TypeAlias = dict[str, object]

# What may hold a password or a token; it is parted from them by who reads it.
SECRET_KEYS: Final = frozenset(
    {
        ("upstream", "proxies"),
        ("upstream", "index"),
        ("upstream", "follow"),
        ("upstream", "sumdb"),
        ("hooks", "on_success"),
        ("hooks", "on_failure"),
        ("hooks", "on_finding"),
        ("hooks", "on_alert"),
        ("hooks", "on_upstream"),
        ("hooks", "on_publish"),
    }
)
_SSH_USER: Final = compile_on_use(r"^ssh://[A-Za-z0-9._-]+@(?=[A-Za-z0-9.-]+[:/])")
_URL_OR_LOGIN: Final = compile_on_use(r"://.*[@?#]|:.*@", re.DOTALL)


def convert_file(values: Toml, mistakes: Mistakes) -> FileSchema:
    """Return the sections of a file; what is wrong is noted and has its default."""
    found = _section(values, FileSchema, (), mistakes)
    assert isinstance(found, FileSchema)
    return found


def suggest(key: str, known: list[str]) -> str:
    """Return what to write instead of an unknown key."""
    import difflib  # noqa: PLC0415 - for a mistake

    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"


def field_names(section: type[msgspec.Struct]) -> list[str]:
    """Return the keys of a section."""
    return [*_fields(section)]


def field_type(section: type[msgspec.Struct], key: str) -> Any:
    """Return what a key's value must be."""
    return _fields(section)[key].type


def is_section(kind: object) -> TypeGuard[type[Section]]:
    """Return whether a value must be a table."""
    return isinstance(kind, type) and issubclass(kind, Section)


def is_array(kind: Any) -> bool:
    """Return whether a value must be an array, and not of tables."""
    return get_origin(kind) is tuple and not is_section(get_args(kind)[0])


@cache
def _fields(section: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """Return what a section's keys are; to read its annotations takes long."""
    return {field.name: field for field in msgspec.structs.fields(section)}


def _section(
    values: Mapping[str, object], kind: type[Section], key: Key, mistakes: Mistakes
) -> Section | None:
    """Return a section, None where it lacks what it must have."""
    fields = _fields(kind)
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if name not in fields:
            what = "an unknown key" if key else "an unknown section"
            error = ConfigError(what, hint=suggest(name, [*fields]))
            mistakes.add((*key, name), error)
            continue
        found = _value(value, fields[name].type, (*key, name), mistakes)
        if found is not None:
            kept[name] = found
    lacking = [f.name for f in fields.values() if f.required and f.name not in values]
    for name in lacking:
        mistakes.add(key, ConfigError(f"lacks its key {name!r}"))
    broken = any(field.required and field.name not in kept for field in fields.values())
    return None if broken else kind(**kept)


def _value(value: object, kind: Any, key: Key, mistakes: Mistakes) -> Any:
    """Return a converted value, None where it is wrong."""
    if is_section(kind):
        if isinstance(value, dict):
            return _section(value, kind, key, mistakes)
        mistakes.add(key, ConfigError(f"must be a table: [{'.'.join(map(str, key))}]"))
        return None
    inner = get_args(kind)
    if get_origin(kind) is tuple and is_section(inner[0]):
        return _sections(value, inner[0], key, mistakes)
    return _leaf(_dates_as_text(value), kind, key, mistakes)


def _sections(
    value: object, kind: type[Section], key: Key, mistakes: Mistakes
) -> tuple[Section, ...] | None:
    if not isinstance(value, list):
        mistakes.add(key, ConfigError(f"must be an array of tables: [[{key[-1]}]]"))
        return None
    found = (
        _value(each, kind, (*key, number), mistakes)
        for number, each in enumerate(value, start=1)
    )
    return tuple(each for each in found if each is not None)


def _leaf(value: object, kind: Any, key: Key, mistakes: Mistakes) -> Any:
    if key not in SECRET_KEYS and _may_hold_secret(value):
        error = ConfigError(
            "a URL that may hold a password or a token does not belong here"
        )
        mistakes.add(key, error)
        return None
    element = _element_kind(kind)
    if isinstance(value, list) and element is not None:
        each = enumerate(value, start=1)
        found = [_converted(one, element, (*key, at), mistakes) for at, one in each]
        if any(one is None for one in found):
            return None
    return _converted(value, kind, key, mistakes)


def _element_kind(kind: Any) -> Any:
    """Return what the elements of an array must be, None where none may stand."""
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    found = (_element_kind(each) for each in get_args(kind))
    return next((each for each in found if each is not None), None)


def _converted(value: object, kind: Any, key: Key, mistakes: Mistakes) -> Any:
    """Return a value or an element converted, None where it is wrong."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as exc:
        error = ConfigError(plainly(str(exc), kind))
        known = _choices(kind) if _element_kind(kind) is None else []
        if known and isinstance(value, str):
            hint = f"known: {', '.join(known)}"
            error = ConfigError("is none of those that are known", hint=hint)
        mistakes.add(key, error)
        return None


def _choices(kind: Any) -> list[str]:
    """Return the values of an enumeration, also within an annotation or a union."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(each.value) for each in kind]
    if get_origin(kind) is Literal:
        return [str(each) for each in get_args(kind)]
    inner = get_args(kind)[:1] if get_origin(kind) is Annotated else get_args(kind)
    return [choice for each in inner for choice in _choices(each)]


def _may_hold_secret(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_may_hold_secret, value))
    if not isinstance(value, str):
        return False
    bare = _SSH_USER.sub("ssh://", value, count=1)  # a user's name is no secret
    return _URL_OR_LOGIN.search(bare) is not None


def _dates_as_text(value: object) -> object:
    """Write TOML's own dates, as in ``since = 2026-01-31``, like quoted ones."""
    if isinstance(value, list):
        return [_dates_as_text(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
