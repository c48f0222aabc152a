"""Finding, reading and checking the configuration.

Order: ``--config``, ``./gosync.toml``, ``/etc/gosync/gosync.toml``. Then each
``GOSYNC_SECTION_KEY`` variable replaces one key of a section; lists are split
at commas. Relative paths count from the file's folder.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from gosync.config.schema import (
    Config,
    FileSchema,
    PublishSection,
    SelectSection,
    StoreSection,
    TargetSection,
    UpstreamSection,
)
from gosync.config.sizes import parse_size
from gosync.errors import ConfigError, GosyncError, MalformedError
from gosync.gomod.patterns import match_prefix_patterns
from gosync.sumdb.names import parse_gosumdb
from gosync.sync.policy import (
    Policy,
    Select,
    Selector,
    VersionRule,
    parse_selector,
    parse_selectors,
)
from gosync.upstream.goproxy import parse_goproxy

DEFAULT_FILES = (Path("gosync.toml"), Path("/etc/gosync/gosync.toml"))
_MAX_FILE_BYTES = 16 * 1024 * 1024
_TABLES: dict[str, type[msgspec.Struct]] = {
    "store": StoreSection,
    "upstream": UpstreamSection,
    "publish": PublishSection,
}
_ARRAYS: dict[str, type[msgspec.Struct]] = {
    "select": SelectSection,
    "target": TargetSection,
}
Toml: TypeAlias = dict[str, object]


def find_config(named: Path | None) -> Path:
    """Return the configuration file to read.

    Raises:
        ConfigError: if there is none.
    """
    candidates = DEFAULT_FILES if named is None else (named,)
    for path in candidates:
        if path.is_file():
            return path
    raise ConfigError(
        f"no configuration: {', '.join(str(path) for path in candidates)} not found",
        hint="run `gosync init` to write one, or name it with --config FILE",
    )


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Read, override and check one configuration file.

    Raises:
        ConfigError: if anything in it is wrong; the message names file and key.
    """
    try:
        values = tomllib.loads(_read_text(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path}: not TOML: {exc}") from exc
    try:
        return parse_config(values, environ, base=path.parent.resolve(), file=path)
    except MalformedError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc}", hint=exc.hint) from exc


def parse_config(
    values: Toml, environ: Mapping[str, str], *, base: Path, file: Path | None = None
) -> Config:
    """Make a configuration of a TOML document's values.

    Raises:
        ConfigError: if a key or a value is wrong.
        MalformedError: if a module path, pattern or size is wrong.
    """
    _check_keys(values)
    sections = _convert(_override(values, environ))
    _check_upstream(sections.upstream)
    for target in sections.target:
        parse_size(target.volume_size)
    return Config(
        file=file,
        sections=sections,
        store_path=base / Path(sections.store.path).expanduser(),
        min_free_bytes=parse_size(sections.store.min_free),
        tree_path=base / Path(sections.publish.tree).expanduser(),
        policy=_policy(sections, base),
    )


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise ConfigError(f"{path}: {exc.strerror}") from exc
    if len(data) > _MAX_FILE_BYTES:
        raise ConfigError(f"{path}: larger than {_MAX_FILE_BYTES} bytes")
    return data.decode()


def _suggest(key: str, known: list[str]) -> str | None:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"


def _fields(section: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(section)]


def _check_keys(values: Toml) -> None:
    known = _fields(FileSchema)
    for key, value in values.items():
        if key == "project":
            raise ConfigError(
                "[[project]] is not supported by this version",
                hint="name the modules in [[select]]",
            )
        if key not in known:
            raise ConfigError(f"unknown section [{key}]", hint=_suggest(key, known))
        section = _TABLES.get(key) or _ARRAYS[key]
        for table in value if isinstance(value, list) else [value]:
            if isinstance(table, dict):
                _check_table(key, table, _fields(section))


def _check_table(name: str, table: Toml, known: list[str]) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(f"unknown key {name}.{key}", hint=_suggest(key, known))


def _override(values: Toml, environ: Mapping[str, str]) -> Toml:
    merged: Toml = dict(values)
    for name, section in _TABLES.items():
        prefix = f"GOSYNC_{name.upper()}_"
        for variable in sorted(environ):
            if variable.startswith(prefix):
                key = variable.removeprefix(prefix).lower()
                _check_variable(variable, key, _fields(section))
                table = merged.get(name)
                old = table if isinstance(table, dict) else {}
                merged[name] = {**old, key: _from_text(key, environ[variable])}
    return merged


def _check_variable(variable: str, key: str, known: list[str]) -> None:
    if key not in known:
        raise ConfigError(
            f"unknown environment variable {variable}", hint=_suggest(key, known)
        )


def _from_text(key: str, text: str) -> object:
    if key == "private":
        return [part for part in text.split(",") if part]
    return text


def _convert(values: Toml) -> FileSchema:
    try:
        return msgspec.convert(values, FileSchema, strict=False)
    except msgspec.ValidationError as exc:
        raise ConfigError(str(exc).replace("`$.", "`")) from exc


def _check_upstream(upstream: UpstreamSection) -> None:
    """Parse what other rooms will parse again, so that errors come early."""
    try:
        parse_goproxy(upstream.proxies)
        parse_gosumdb(upstream.sumdb)
    except GosyncError as exc:
        raise ConfigError(f"upstream: {exc}", hint=exc.hint) from exc
    if upstream.index and not upstream.index.startswith(("http://", "https://")):
        raise ConfigError(f"upstream.index: {upstream.index!r} is no http(s) URL")


def _policy(sections: FileSchema, base: Path) -> Policy:
    selects = [
        _select(section, number, base)
        for number, section in enumerate(sections.select, start=1)
    ]
    policy = Policy(selects, sections.upstream.private)
    private = ",".join(policy.private)
    for glob in policy.patterns:
        if not sections.upstream.index:
            raise ConfigError(
                f"pattern {glob!r} needs upstream.index to find its modules",
                hint="set upstream.index, or name the module paths themselves",
            )
        if match_prefix_patterns(private, glob):
            raise ConfigError(
                f"pattern {glob!r} is private, and private names are never"
                " asked of the index",
                hint="name the module paths themselves",
            )
    return policy


def _select(section: SelectSection, number: int, base: Path) -> Select:
    where = f"select {number}"
    if section.versions not in list(VersionRule):
        raise ConfigError(
            f'{where}: versions = {section.versions!r} is neither "all" nor "latest"'
        )
    if section.deps != "none":
        raise ConfigError(
            f"{where}: deps = {section.deps!r} is not supported by this version",
            hint='use deps = "none" and name the dependencies',
        )
    selectors = tuple(_selectors(section, base))
    if not selectors:
        raise ConfigError(f"{where} names no module", hint="set modules, modules_file")
    return Select(selectors, VersionRule(section.versions))


def _selectors(section: SelectSection, base: Path) -> Iterator[Selector]:
    for text in section.modules:
        yield parse_selector(text)
    if section.modules_file:
        path = base / Path(section.modules_file).expanduser()
        try:
            yield from parse_selectors(_read_text(path).splitlines())
        except MalformedError as exc:
            raise ConfigError(f"{path}: {exc}") from exc
