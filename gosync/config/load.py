"""Loading the configuration: found, read and checked.

Order: ``--config``, ``./gosync.toml``, ``/etc/gosync/gosync.toml``. Then each
``GOSYNC_SECTION_KEY`` variable replaces one key of a section; lists are split
at commas. Relative paths count from the file's folder.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from gosync.bundle.options import InsideSpec, TargetSpec
from gosync.config.access import make_access, make_requests
from gosync.config.config import Config
from gosync.config.convert import Toml, convert_file, field_names, suggest
from gosync.config.daemon import make_hooks, make_jobs
from gosync.config.files import read_text
from gosync.config.lines import KeyLines, line_of_error
from gosync.config.mistakes import Key, Mistake, Mistakes
from gosync.config.oldheads import make_old_heads
from gosync.config.places import ConfigPaths
from gosync.config.policy import make_rules
from gosync.config.schema import (
    AccessSection,
    AuditSection,
    BundleSection,
    DaemonSection,
    HooksSection,
    PolicySection,
    ProjectSection,
    PruneSection,
    PublishSection,
    RequestsSection,
    ServeSection,
    StoreSection,
    TargetSection,
    ToolchainsSection,
    UpstreamSection,
    VulndbSection,
)
from gosync.config.selects import make_policy
from gosync.config.serving import make_serve
from gosync.config.sizes import parse_size
from gosync.config.toolchains import make_toolchains
from gosync.config.upstreams import make_upstreams, masked_sections
from gosync.errors import ConfigError, NoConfigError
from gosync.hint import Hint, advise, command
from gosync.site.options import ProjectSpec, ToolchainSpec

DEFAULT_FILES = (Path("gosync.toml"), Path("/etc/gosync/gosync.toml"))
_TABLES: dict[str, type[msgspec.Struct]] = {
    "store": StoreSection,
    "upstream": UpstreamSection,
    "toolchains": ToolchainsSection,
    "policy": PolicySection,
    "prune": PruneSection,
    "audit": AuditSection,
    "publish": PublishSection,
    "serve": ServeSection,
    "vulndb": VulndbSection,
    "access": AccessSection,
    "requests": RequestsSection,
    "daemon": DaemonSection,
    "hooks": HooksSection,
    "bundle": BundleSection,
}
_LISTS = frozenset(
    {
        *(
            "private",
            "private_proxies",
            "resolve",
            "versions",
            "platforms",
            "accept",
            "git_hosts",
        ),
        *("on_success", "on_failure", "on_finding", "on_alert", "on_upstream"),
        "heads",
        *("logs", "inside"),
        *("allow", "deny", "exclude", "trusted_proxies"),
    }
)


def find_config(named: Path | None) -> Path:
    """Return the configuration file to read.

    Raises:
        ConfigError: if there is none.
    """
    candidates = DEFAULT_FILES if named is None else (named,)
    for path in candidates:
        try:
            if path.is_file():
                return path
        except OSError as exc:
            raise ConfigError(f"{path}: {exc.strerror}") from exc
    if named is not None and os.path.lexists(named):
        raise ConfigError(f"{named}: not a file", hint="name the gosync.toml itself")
    raise NoConfigError(
        f"no configuration: {', '.join(str(path) for path in candidates)} not found",
        hint=advise(
            "run {} to write one, or name it with --config FILE", command("init")
        ),
    )


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Read, override and check one configuration file.

    Raises:
        ConfigError: if anything in it is wrong; the message names file, line and key
            of the first mistake, the hint how many more there are.
    """
    config, found = examine_config(path, environ)
    if config is not None and not found:
        return config
    raise ConfigError(found[0].sentence, hint=_hint(found))


def _hint(found: Sequence[Mistake]) -> Hint | str | None:
    more = len(found) - 1
    if not more:
        return found[0].hint
    rest = advise("{} more: {}", str(more), command("config check"))
    return advise("{}; {}", found[0].hint, rest) if found[0].hint else rest


def examine_config(
    path: Path, environ: Mapping[str, str], *, look: bool = False
) -> tuple[Config | None, list[Mistake]]:
    """Read a configuration file and find everything that is wrong with it.

    Args:
        path: The file.
        environ: Where variables override keys.
        look: Whether to look for the files and folders that it names, too.

    Returns:
        The configuration, with defaults in the place of what is wrong, or None where
        the file is no TOML; and the mistakes in the order of the keys.

    Raises:
        ConfigError: if the file cannot be read.
    """
    text = read_text(path)
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        reason = f"not TOML: {exc}"
        line = line_of_error(exc)
        return None, [Mistake("", "", reason, file=str(path), line=line)]
    mistakes = Mistakes()
    base = path.parent.resolve()
    config = parse_config(values, environ, base=base, file=path, mistakes=mistakes)
    if look:
        from gosync.config.references import check_references  # noqa: PLC0415 - of one verb

        check_references(config, mistakes)
    lines = KeyLines(text) if mistakes.found else None
    variables: dict[Key, str] = {key: name for name, key in _variables(environ)}
    return config, [
        _placed(key, each, path, lines, variables) for key, each in mistakes.found
    ]


def _placed(
    key: Key,
    mistake: Mistake,
    path: Path,
    lines: KeyLines | None,
    variables: Mapping[Key, str],
) -> Mistake:
    """Return a mistake with its file and line, or the name of its variable."""
    if mistake.file:
        return mistake
    variable = variables.get(key[:2])
    if variable is not None:
        return replace(mistake, key=variable, name=variable)
    line = None if lines is None else lines.of(key)
    return replace(mistake, file=str(path), line=line)


def parse_config(
    values: Toml,
    environ: Mapping[str, str],
    *,
    base: Path,
    file: Path | None = None,
    mistakes: Mistakes | None = None,
) -> Config:
    """Make a configuration of a TOML document's values.

    Args:
        values: The document.
        environ: Where variables override keys.
        base: The folder that relative paths count from.
        file: Where the document comes from.
        mistakes: Takes what is wrong; without it, the first mistake is raised.

    Raises:
        ConfigError: if a key or a value is wrong.
    """
    found = Mistakes() if mistakes is None else mistakes
    config = _make(values, environ, base, file, found)
    if mistakes is None:
        found.raise_first()
    return config


def _make(
    values: Toml,
    environ: Mapping[str, str],
    base: Path,
    file: Path | None,
    mistakes: Mistakes,
) -> Config:
    sections = convert_file(_override(values, environ, mistakes), mistakes)
    upstreams = make_upstreams(sections.upstream, mistakes)
    places = ConfigPaths(base, mistakes)

    def size(key: Key, text: str) -> int:
        return mistakes.attempt(key, lambda: parse_size(text), 0)

    size(("audit", "bytes_per_hour"), sections.audit.bytes_per_hour)
    for name in ("max_rate", "monthly_volume"):
        size(("upstream", name), getattr(sections.upstream, name) or "0")
    return Config(
        file=file,
        sections=masked_sections(sections, upstreams),
        upstreams=upstreams,
        store_path=places.path(("store", "path"), sections.store.path),
        min_free_bytes=size(("store", "min_free"), sections.store.min_free),
        confirm_above_bytes=size(
            ("plan", "confirm_above"), sections.plan.confirm_above
        ),
        tree_path=places.path(("publish", "tree"), sections.publish.tree),
        policy=make_policy(sections, places, mistakes),
        rules=make_rules(sections.policy, mistakes),
        projects=_projects(sections.project, places, mistakes),
        recorded=tuple(
            places.path(("project", number, "record"), each.record)
            for number, each in enumerate(sections.project, start=1)
            if each.record
        ),
        toolchains=mistakes.attempt(
            ("toolchains",),
            lambda: make_toolchains(
                sections.toolchains, has_tools=any(s.tools for s in sections.select)
            ),
            ToolchainSpec(),
        ),
        serve=make_serve(
            sections.serve, places, mistakes, contact=sections.publish.contact
        ),
        access=make_access(
            sections.access, places, mistakes, anonymous=sections.serve.anonymous
        ),
        requests=make_requests(sections.requests, places),
        jobs=make_jobs(sections.daemon, mistakes),
        hooks=make_hooks(sections.hooks, mistakes),
        old_heads=make_old_heads(
            sections.publish, places, mistakes, has_index=bool(sections.upstream.index)
        ),
        vulndb=_vulndb(sections.vulndb.source, places),
        ca_path=places.optional(("upstream", "ca_file"), sections.upstream.ca_file),
        client_cert_path=places.optional(
            ("upstream", "client_cert"), sections.upstream.client_cert
        ),
        client_key_path=places.optional(
            ("upstream", "client_key"), sections.upstream.client_key
        ),
        metrics_path=places.optional(
            ("daemon", "metrics_file"), sections.daemon.metrics_file
        ),
        targets=_targets(sections.target, places, mistakes),
        inside=InsideSpec(
            trust=places.path(("bundle", "trust"), sections.bundle.trust),
            target=sections.bundle.target,
        ),
    )


def _vulndb(source: str, places: ConfigPaths) -> str:
    """Return where the vulnerability database comes from; a path is absolute."""
    if not source or source == "module" or source.startswith(("http://", "https://")):
        return source
    return str(places.path(("vulndb", "source"), source))


def _override(values: Toml, environ: Mapping[str, str], mistakes: Mistakes) -> Toml:
    merged: Toml = dict(values)
    for variable, (section, key) in _variables(environ):
        known = field_names(_TABLES[section])
        if key not in known:
            error = ConfigError("an unknown variable", hint=suggest(key, known))
            mistakes.add((section, key), error)
            continue
        table = merged.get(section)
        old = table if isinstance(table, dict) else {}
        merged[section] = {**old, key: _from_text(key, environ[variable])}
    return merged


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the variables that override keys, and these."""
    ours = sorted(name for name in environ if name.startswith("GOSYNC_"))
    for section in _TABLES:
        prefix = f"GOSYNC_{section.upper()}_"
        for variable in ours:
            if variable.startswith(prefix):
                yield variable, (section, variable.removeprefix(prefix).lower())


def _from_text(key: str, text: str) -> object:
    if key in _LISTS:
        return [part for part in text.split(",") if part]
    return text


def _projects(
    sections: list[ProjectSection], places: ConfigPaths, mistakes: Mistakes
) -> tuple[ProjectSpec, ...]:
    specs: dict[Path, ProjectSpec] = {}
    for number, section in enumerate(sections, start=1):
        key = ("project", number, "path")
        if bool(section.path) == bool(section.record):
            error = ConfigError(
                "needs either path or record",
                hint="path names a folder, record a NAME.record.toml",
            )
            mistakes.add(("project", number), error)
        if not section.path:
            continue
        path = places.path(key, section.path)
        if path in specs:
            error = ConfigError(
                f"project {section.path!r} is named twice",
                hint="keep one [[project]] of it, with the wider deps",
            )
            mistakes.add(key, error)
        specs[path] = ProjectSpec(path, section.deps)
    return tuple(specs.values())


def _targets(
    sections: list[TargetSection], places: ConfigPaths, mistakes: Mistakes
) -> dict[str, TargetSpec]:
    targets: dict[str, TargetSpec] = {}
    for number, section in enumerate(sections, start=1):
        at = ("target", number)
        if section.name in targets:
            error = ConfigError(f"target {section.name!r} is named twice")
            mistakes.add((*at, "name"), error)
        size = partial(parse_size, section.volume_size)
        targets[section.name] = TargetSpec(
            name=section.name,
            volume_bytes=mistakes.attempt((*at, "volume_size"), size, 0),
            keys=tuple(places.path((*at, "keys"), key) for key in section.keys),
            sealed_base=section.base == "sealed",
        )
    return targets
