"""systemd units: those of contrib/systemd, for other paths than the ones in them.

They are files that work as they are; for another site a few values are replaced:
the command, the configuration, the user, and what may be written. ProtectSystem makes
of each folder in ReadWritePaths a mount of its own, and between mounts nothing can be
linked: then each blob would be on the disk twice, in the store and in the tree. So
where store and tree have a folder of their own in common, that folder is named.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gosync.errors import UsageError

_COMMAND = "/usr/local/bin/gosync"
_CONFIG = "/etc/gosync/gosync.toml"
_HOME = "/var/lib/gosync"
_USER = "gosync"
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - the sandbox hides these
_PLACES = {
    ".service": "etc/systemd/system",
    ".timer": "etc/systemd/system",
    ".path": "etc/systemd/system",
    ".sysusers": "etc/sysusers.d",
    ".tmpfiles": "etc/tmpfiles.d",
}


class Paths(msgspec.Struct, frozen=True):
    """Where things are on a machine; all absolute.

    Attributes:
        command: The gosync command.
        config: The configuration.
        store: The store.
        tree: The tree's folder; None where it is in a bucket.
        metrics: The file of metrics, or None.
        user: Whom all of it runs as.
        inbox: Where bundles are delivered, or None.
        outboxes: Where replies and bundles are put, and where replies come.
    """

    command: Path
    config: Path
    store: Path
    tree: Path | None
    metrics: Path | None
    user: str
    inbox: Path | None = None
    outboxes: tuple[Path, ...] = ()

    @property
    def written(self) -> tuple[Path, ...]:
        """The folders that must be writable, in the fewest mounts that make sense."""
        own = self._own
        others = [*self.outboxes, *([self.inbox] if self.inbox else [])]
        if self.metrics is not None:
            others.append(self.metrics.parent)
        more = {each for each in others if not any(map(each.is_relative_to, own))}
        return (*own, *sorted(more))

    @property
    def _own(self) -> tuple[Path, ...]:
        if self.tree is None:
            return (self.store,)
        common = Path(os.path.commonpath([self.store, self.tree]))
        # /srv or /var are not gosync's own: two mounts then, and copies.
        return (common,) if len(common.parts) > 3 else (self.store, self.tree)

    @property
    def hidden(self) -> tuple[Path, ...]:
        """Which of these the sandbox hides from gosync."""
        folders = (self.store, self.tree or self.store)
        paths = dict.fromkeys((self.command, self.config, *folders))
        return tuple(path for path in paths if any(map(path.is_relative_to, _HIDDEN)))


class UnitsReport(msgspec.Struct, frozen=True):
    """Units as they were made; its field is the JSON document's.

    Attributes:
        files: The text of each file, by its path from the root.
    """

    files: dict[str, str]


def make_units(paths: Paths) -> Iterator[tuple[str, str]]:
    """Yield each file's path below the root, and its text.

    Raises:
        UsageError: if a path cannot stand in a unit.
    """
    for path in (paths.command, paths.config, *paths.written):
        if not str(path).isprintable() or set(str(path)) & set(" %\"'\\$"):
            raise UsageError(f"{path}: such a path cannot stand in a unit")
    for file in sorted(_folder().iterdir()):
        place = _PLACES.get(file.suffix)
        if place is not None:
            is_unit = file.suffix in (".service", ".timer", ".path")
            suffix = file.suffix if is_unit else ".conf"
            text = file.read_text(encoding="utf-8")
            yield f"{place}/{file.stem}{suffix}", _adapt(text, paths)


def _adapt(text: str, paths: Paths) -> str:
    written = " ".join(str(path) for path in paths.written)
    folder_line = f"d {_HOME} 0751 {_USER} {_USER} -"
    folder_lines = "\n".join(
        f"d {path} 0751 {paths.user} {paths.user} -"
        for path in paths.written
        if paths.metrics is None or path != paths.metrics.parent
    )
    inbox = paths.inbox or paths.written[0] / "inbox"
    for old, new in (
        (folder_line, folder_lines),
        (f"ReadWritePaths={_HOME}", f"ReadWritePaths={written}"),
        (f"WorkingDirectory={_HOME}", f"WorkingDirectory={paths.written[0]}"),
        (f"RequiresMountsFor={_HOME}", f"RequiresMountsFor={written}"),
        (f'"Go module mirror" {_HOME}', f'"Go module mirror" {paths.written[0]}'),
        (f"ExecStart={_COMMAND} ", f"ExecStart={paths.command} "),
        (f"--config {_CONFIG}", f"--config {paths.config}"),
        (f"PathChanged={_HOME}/inbox", f"PathChanged={inbox}"),
        (f"User={_USER}\n", f"User={paths.user}\n"),
        (f"Group={_USER}\n", f"Group={paths.user}\n"),
        (f"u {_USER} ", f"u {paths.user} "),
    ):
        text = text.replace(old, new)
    return text


def _folder() -> Path:
    """Return where the units are: in the package, or beside a checkout's."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "contrib" / "systemd"
    return packed if packed.is_dir() else package.parent / "contrib" / "systemd"
