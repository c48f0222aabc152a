"""What a build or a fleet asked for, gathered for a record. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gosync.access.asked import KINDS, request_of
from gosync.access.rows import MISSING, SERVED, AskedRequest
from gosync.access.watch import Watch
from gosync.folder.requests import ProxyRequest, ProxyRequestKind
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.gomod.semver import version_key
from gosync.project.record import BuildRecord, RecordedModule, RecordedVersion

_FILES = {kind.value: kind for kind in FileKind}


class AskedFor:
    """Gathers requests, by module version."""

    def __init__(self, prefix: str = "") -> None:
        """Begin.

        Args:
            prefix: What the tree is served below, in logs; "" for the root.
        """
        self._prefix = prefix
        self._files: dict[ModuleVersion, set[FileKind]] = {}
        self._counts: Counter[ModuleVersion] = Counter()
        self._modules: dict[str, set[str]] = {}
        self._absent: dict[str, set[str]] = {}

    def watch(self) -> Watch:
        """Return which requests of a log it must see: all."""
        return Watch(self.see, kinds=frozenset(KINDS))

    def see(self, asked: AskedRequest) -> None:
        """Take a request of a log."""
        if asked.status in SERVED or asked.status in MISSING:
            request = request_of(asked.path, self._prefix)
            if request is not None:
                self.add(request, found=asked.status in SERVED)

    def add(self, request: ProxyRequest, *, found: bool) -> None:
        """Take a request, and whether it was answered with what it asked for."""
        if not request.module or request.kind is ProxyRequestKind.LOOKUP:
            return
        kind = _FILES.get(request.kind.value)
        if kind is not None and found:
            mv = ModuleVersion(request.module, request.version)
            self._files.setdefault(mv, set()).add(kind)
            self._counts[mv] += 1
            return
        asked = request.version or request.kind.value
        table = self._modules if found else self._absent
        table.setdefault(request.module, set()).add(asked)

    def record(self, *, made_at: str, made_of: str, at_least: int = 1) -> BuildRecord:
        """Return the record.

        Args:
            made_at: When it is made.
            made_of: The command, or the logs.
            at_least: How often a version must have been asked for to be in it.
        """
        versions = [
            RecordedVersion(
                path=mv.path,
                version=mv.version,
                files=sorted(files),
                count=self._counts[mv],
            )
            for mv, files in self._files.items()
            if self._counts[mv] >= at_least
        ]
        versions.sort(key=lambda each: (each.path, version_key(each.version)))
        return BuildRecord(
            made_at=made_at,
            made_of=made_of,
            version=versions,
            module=_modules(self._modules),
            absent=_modules(self._absent),
        )


def _modules(table: dict[str, set[str]]) -> Sequence[RecordedModule]:
    return [
        RecordedModule(path=path, asked=sorted(asked))
        for path, asked in sorted(table.items())
    ]
