"""References of the configuration: folders, projects, keys and programs, looked for.

Only ``gosync config check`` looks. Other verbs take what they need when they need it:
a project's disk may be away while a bundle is made.
"""

from __future__ import annotations

import os
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path

from gosync.config.bundles import takes_bundles
from gosync.config.config import Config
from gosync.config.mistakes import Key, Mistakes
from gosync.errors import ConfigError, GosyncError
from gosync.project import read_project
from gosync.signing.files import read_keys, read_public_keys, read_trust
from gosync.sync.recorded import read_record
from gosync.upstream.goproxy import DIRECT


def _takes_bundles(config: Config) -> bool:
    return takes_bundles(config.sections.bundle, config.inside)


def check_references(config: Config, mistakes: Mistakes) -> None:
    """Note what is not there, or is not what it should be."""
    references = _References(mistakes)
    if any(each.url == DIRECT for each in config.upstreams.proxies.entries):
        mistakes.add(("upstream", "proxies"), _direct())
    key = "path" if config.store_bucket is None else "local"
    references.folder(("store", key), config.store_path)
    if isinstance(config.tree_path, Path):
        references.folder(("publish", "tree"), config.tree_path)
    if config.buckets.ca_path:
        references.certificates(("s3", "ca_file"), Path(config.buckets.ca_path))
    if config.metrics_path is not None:
        references.folder_of(("daemon", "metrics_file"), config.metrics_path)
    if config.ca_path is not None:
        references.certificates(("upstream", "ca_file"), config.ca_path)
    if config.sweep_tls.ca_file:
        references.certificates(("scale", "ca_file"), Path(config.sweep_tls.ca_file))
    for path in config.old_heads.notes:
        references.reads(("publish", "heads"), Path.read_bytes, path)
    _check_projects(config, references)
    _check_keys(config, references)
    if config.rules.vulnerabilities and not (config.vulndb or _takes_bundles(config)):
        mistakes.add(("policy", "vulnerabilities"), _no_database())
    if _takes_bundles(config):
        references.reads(("bundle", "trust"), read_trust, config.inside.trust)
    references.programs(config)


def _check_keys(config: Config, references: _References) -> None:
    for each in config.attest_keys:
        references.reads(("publish", "attest"), read_keys, each)
    for number, target in enumerate(config.targets.values(), start=1):
        for at, key in enumerate(target.keys, start=1):
            references.reads(("target", number, "keys", at), read_keys, key)
    for number, rule in enumerate(config.rules.signatures, start=1):
        for file in rule.keys:
            key_of_rule = ("policy", "require_signature", number, "keys")
            references.reads(key_of_rule, _read_public, Path(file))


def _read_public(path: Path) -> object:
    return read_public_keys([path])


def _direct() -> ConfigError:
    return ConfigError(
        '"direct" asks repositories, which gosync never does',
        hint="leave it out; for modules that no public proxy has, list a proxy that"
        " has them, and name their paths in upstream.private",
    )


def _no_database() -> ConfigError:
    return ConfigError(
        "nothing is known of vulnerabilities",
        hint='set vulndb.source: "https://vuln.go.dev", "module", or a folder',
    )


def _check_projects(config: Config, references: _References) -> None:
    sections = list(enumerate(config.sections.project, start=1))
    folders = [number for number, each in sections if each.path]
    for number, project in zip(folders, config.projects, strict=False):
        references.reads(("project", number, "path"), read_project, project.path)
    files = [number for number, each in sections if each.record]
    for number, path in zip(files, config.recorded, strict=True):
        references.reads(("project", number, "record"), read_record, path)


class _References:
    """Looks for things, and notes what is wrong with them."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes

    def reads(self, key: Key, read: Callable[[Path], object], path: Path) -> None:
        try:
            read(path)
        except GosyncError as exc:
            self._mistakes.add(key, exc)
        except OSError as exc:
            self._mistakes.add(key, ConfigError(f"{path}: {exc.strerror}"))

    def folder(self, key: Key, path: Path) -> None:
        """Note a folder that is none, or could not be made."""
        for each in (path, *path.parents):
            if os.path.lexists(each):
                if not each.is_dir():
                    self._mistakes.add(key, ConfigError(f"{each}: not a folder"))
                return

    def folder_of(self, key: Key, path: Path) -> None:
        if path.is_dir() or not path.parent.is_dir():
            error = ConfigError(
                f"{path}: must be a file in a folder that is there",
                hint=f"make the folder {path.parent}",
            )
            self._mistakes.add(key, error)

    def certificates(self, key: Key, path: Path) -> None:
        try:
            ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as exc:
            reason = exc.strerror or "no certificates in it"
            error = ConfigError(
                f"{path}: {reason}", hint="it must be a PEM file of certificates"
            )
            self._mistakes.add(key, error)

    def programs(self, config: Config) -> None:
        """Note hooks whose program cannot be found; it may be all that is shown."""
        for name in ("success", "failure", "finding", "alert", "upstream", "publish"):
            for number, hook in enumerate(getattr(config.hooks, name), start=1):
                if hook.command and shutil.which(hook.command[0]) is None:
                    error = ConfigError(f"{hook.command[0]}: no such program")
                    self._mistakes.add(("hooks", f"on_{name}", number), error)
