"""Finding, reading and checking the configuration.

Order: ``--config``, ``./gosync.toml``, ``/etc/gosync/gosync.toml``. Then each
``GOSYNC_SECTION_KEY`` variable replaces one key of a section; lists are split
at commas. Relative paths count from the file's folder.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TypeAlias

import msgspec

from gosync.bundle.options import InsideSpec, TargetSpec
from gosync.catalog.findings import Kind
from gosync.config.daemon import make_hooks, make_jobs
from gosync.config.files import read_text
from gosync.config.schema import (
    AuditSection,
    BundleSection,
    Config,
    DaemonSection,
    FileSchema,
    HooksSection,
    ProjectSection,
    PruneSection,
    PublishSection,
    SelectSection,
    StoreSection,
    TargetSection,
    ToolchainsSection,
    UpstreamSection,
)
from gosync.config.selects import make_policy
from gosync.config.sizes import parse_size
from gosync.config.toolchains import make_toolchains
from gosync.errors import ConfigError, GosyncError, MalformedError
from gosync.gomod.deps import Deps
from gosync.sumdb.names import parse_gosumdb
from gosync.sync.options import ProjectSpec
from gosync.upstream.goproxy import parse_goproxy

DEFAULT_FILES = (Path("gosync.toml"), Path("/etc/gosync/gosync.toml"))
_TABLES: dict[str, type[msgspec.Struct]] = {
    "store": StoreSection,
    "upstream": UpstreamSection,
    "toolchains": ToolchainsSection,
    "prune": PruneSection,
    "audit": AuditSection,
    "publish": PublishSection,
    "daemon": DaemonSection,
    "hooks": HooksSection,
    "bundle": BundleSection,
}
_ARRAYS: dict[str, type[msgspec.Struct]] = {
    "select": SelectSection,
    "project": ProjectSection,
    "target": TargetSection,
}
_LISTS = frozenset(
    {
        *("private", "versions", "platforms", "accept", "git_hosts"),
        *("on_success", "on_failure", "on_finding"),
    }
)
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
        values = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as exc:
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
    parse_size(sections.audit.bytes_per_hour)
    return Config(
        file=file,
        sections=sections,
        store_path=base / Path(sections.store.path).expanduser(),
        min_free_bytes=parse_size(sections.store.min_free),
        tree_path=base / Path(sections.publish.tree).expanduser(),
        policy=make_policy(sections, base),
        projects=_projects(sections.project, base),
        toolchains=make_toolchains(sections.toolchains),
        jobs=make_jobs(sections.daemon.jobs),
        hooks=make_hooks(sections.hooks),
        metrics_path=_optional(base, sections.daemon.metrics_file),
        targets=_targets(sections.target, base),
        inside=InsideSpec(
            trust=base / Path(sections.bundle.trust).expanduser(),
            target=sections.bundle.target,
        ),
    )


def _suggest(key: str, known: list[str]) -> str | None:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"


def _fields(section: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(section)]


def _check_keys(values: Toml) -> None:
    known = _fields(FileSchema)
    for key, value in values.items():
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
    if key in _LISTS:
        return [part for part in text.split(",") if part]
    return text


def _convert(values: Toml) -> FileSchema:
    try:
        return msgspec.convert(_dates_as_text(values), FileSchema, strict=False)
    except msgspec.ValidationError as exc:
        choices = Kind if "audit.accept" in str(exc) else Deps
        hint = f"known: {', '.join(choices)}" if "enum" in str(exc) else None
        raise ConfigError(str(exc).replace("`$.", "`"), hint=hint) from exc


def _dates_as_text(value: object) -> object:
    """Write TOML's own dates, as in ``since = 2026-01-31``, like quoted ones."""
    if isinstance(value, dict):
        return {key: _dates_as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def _check_upstream(upstream: UpstreamSection) -> None:
    """Parse what other rooms will parse again, so that errors come early."""
    try:
        parse_goproxy(upstream.proxies)
        parse_gosumdb(upstream.sumdb)
    except GosyncError as exc:
        raise ConfigError(f"upstream: {exc}", hint=exc.hint) from exc
    if upstream.index and not upstream.index.startswith(("http://", "https://")):
        raise ConfigError(f"upstream.index: {upstream.index!r} is no http(s) URL")


def _optional(base: Path, text: str) -> Path | None:
    return base / Path(text).expanduser() if text else None


def _projects(sections: list[ProjectSection], base: Path) -> tuple[ProjectSpec, ...]:
    specs: dict[Path, ProjectSpec] = {}
    for section in sections:
        path = base / Path(section.path).expanduser()
        if path in specs:
            raise ConfigError(
                f"project {section.path!r} is named twice",
                hint="keep one [[project]] of it, with the wider deps",
            )
        specs[path] = ProjectSpec(path, section.deps)
    return tuple(specs.values())


def _targets(sections: list[TargetSection], base: Path) -> dict[str, TargetSpec]:
    targets: dict[str, TargetSpec] = {}
    for section in sections:
        if section.name in targets:
            raise ConfigError(f"target {section.name!r} is named twice")
        targets[section.name] = TargetSpec(
            name=section.name,
            volume_bytes=parse_size(section.volume_size),
            keys=tuple(base / Path(key).expanduser() for key in section.keys),
            sealed_base=section.base == "sealed",
        )
    return targets
