"""Variables of the environment that override keys: ``GOSYNC_SECTION_KEY``.

Each replaces one key of a table, as text. Where a key is an array, the text is split at
commas; ``upstream.proxies`` is not, since a GOPROXY string has commas of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gosync.config.convert import (
    Toml,
    field_names,
    field_type,
    is_array,
    is_section,
    suggest,
)
from gosync.config.mistakes import Mistakes
from gosync.config.schema import FileSchema, Section
from gosync.errors import ConfigError

TABLES: Final[Mapping[str, type[Section]]] = {
    name: kind
    for name in field_names(FileSchema)
    if is_section(kind := field_type(FileSchema, name))
}


def override(values: Toml, environ: Mapping[str, str], mistakes: Mistakes) -> Toml:
    """Return a document's values with what the environment says in their place."""
    merged: Toml = dict(values)
    for variable, (section, key) in variables(environ):
        known = field_names(TABLES[section])
        if key not in known:
            error = ConfigError("an unknown variable", hint=suggest(key, known))
            mistakes.add((section, key), error)
            continue
        table = merged.get(section)
        old = table if isinstance(table, dict) else {}
        merged[section] = {**old, key: _value(section, key, environ[variable])}
    return merged


def variables(environ: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the variables that override keys, and the section and key of each."""
    ours = sorted(name for name in environ if name.startswith("GOSYNC_"))
    for section in TABLES:
        prefix = f"GOSYNC_{section.upper()}_"
        for variable in ours:
            if variable.startswith(prefix):
                yield variable, (section, variable.removeprefix(prefix).lower())


def _value(section: str, key: str, text: str) -> object:
    if is_array(field_type(TABLES[section], key)):
        return [part for part in text.split(",") if part]
    return text
