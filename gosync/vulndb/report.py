"""Which carried versions are affected, by the entries that the store has."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

import msgspec

from gosync.catalog.versions import Need, VersionRow
from gosync.gomod.module import ModuleVersion
from gosync.gomod.semver import version_key
from gosync.osv.affected import fixes_after, is_affected, modules_of
from gosync.osv.entry import AffectedModule, VulnEntry, parse_entry


class VulnerableVersion(msgspec.Struct, frozen=True):
    """A carried version that an entry affects.

    Attributes:
        module: Its path.
        version: Its version.
        id: The entry's.
        aliases: Its numbers elsewhere.
        summary: One line.
        fixed: The first version above it that is not affected, "" for none.
        fixed_is_carried: Whether a later version that is not affected is here.
    """

    module: str
    version: str
    id: str
    aliases: tuple[str, ...]
    summary: str
    fixed: str
    fixed_is_carried: bool


class Vulnerabilities:
    """The entries, by the modules that they affect."""

    def __init__(self, entries: Mapping[str, bytes]) -> None:
        """Parse the entries.

        Raises:
            MalformedError: One is none.
        """
        self._by_module: dict[str, list[tuple[VulnEntry, AffectedModule]]] = {}
        self.count = 0
        for data in entries.values():
            entry = parse_entry(data)
            self.count += 1
            if entry.withdrawn is None:
                for each in modules_of(entry):
                    name = each.package.name
                    self._by_module.setdefault(name, []).append((entry, each))

    def of(
        self, rows: Iterable[VersionRow], asked: Container[ModuleVersion] | None = None
    ) -> Iterator[VulnerableVersion]:
        """Yield what affects the versions of one module.

        Args:
            rows: The module's versions that are carried whole.
            asked: Which of them are meant; None for all.
        """
        rows = sorted(rows, key=lambda row: version_key(row.version))
        for row in rows:
            if asked is not None and row.mv not in asked:
                continue
            for entry, module in self._by_module.get(row.path, ()):
                if is_affected(module, row.version):
                    yield _vulnerable(row, entry, module, rows)

    def sound_above(self, path: str, version: str) -> str:
        """Return the lowest fix above a version that no entry affects, or ""."""
        while True:
            affecting = [
                module
                for _, module in self._by_module.get(path, ())
                if is_affected(module, version)
            ]
            if not affecting:
                return version
            fixes = [fixes_after(module, version) for module in affecting]
            if not all(fixes):
                return ""
            version = max(fixes, key=version_key)


def _vulnerable(
    row: VersionRow, entry: VulnEntry, module: AffectedModule, rows: list[VersionRow]
) -> VulnerableVersion:
    fixed = fixes_after(module, row.version)
    above = (e for e in rows if version_key(e.version) > version_key(row.version))
    return VulnerableVersion(
        module=row.path,
        version=row.version,
        id=entry.id,
        aliases=entry.aliases,
        summary=entry.summary,
        fixed=fixed,
        fixed_is_carried=any(not is_affected(module, each.version) for each in above),
    )


def is_asked(row: VersionRow) -> bool:
    """Return whether a version can be built with here."""
    return row.carried is Need.ZIP and not row.withdrawn
