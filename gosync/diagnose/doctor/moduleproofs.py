"""Proving what came of a module: the database, go.sum, other ways, the caches."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from gosync.diagnose.doctor.absence import DEFINITE_NO
from gosync.diagnose.doctor.checksums import (
    DatabaseAnswer,
    SumStages,
    read_state,
)
from gosync.diagnose.doctor.comparingh1 import compare_h1
from gosync.diagnose.doctor.diagnosis import FaultFoundError
from gosync.diagnose.doctor.forensics import Alteration, judge
from gosync.diagnose.doctor.gosettings import GoSettings, go_path, module_cache
from gosync.diagnose.doctor.localcaches import (
    look_at_cache,
    look_at_memory,
    look_at_version,
)
from gosync.diagnose.doctor.moduleproxy import ModuleProxy, ServedZip
from gosync.diagnose.doctor.origins import ask_origin
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageDraft, StageLog
from gosync.diagnose.doctor.ways import (
    Way,
    WayKind,
    database_of,
    is_private,
    looks_up,
    may_ask,
    may_look_up,
)
from gosync.diagnose.doctor.web import Web
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion, escape_version


class ModuleFound(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a module version.

    Attributes:
        mv: The version.
        gomod: Its go.mod.
        mod_h1: The h1 of its go.mod.
        zip: Its zip; None where it was not read.
    """

    mv: ModuleVersion
    gomod: GoMod
    mod_h1: str
    zip: ServedZip | None

    @property
    def h1s(self) -> dict[str, str]:
        """The h1 of what came, by kind."""
        zipped = {"zip": self.zip.h1} if self.zip is not None else {}
        return {"mod": self.mod_h1, **zipped}


class ModuleProofs:
    """Proves what came, with a stage for each question.

    Attributes:
        zip_limit_bytes: Larger zips are not read whole.
        evidence: What shows misbehaviour, by file name.
        alterations: Versions whose bytes are not the proven ones.
    """

    def __init__(
        self,
        settings: GoSettings,
        web: Web,
        log: StageLog,
        *,
        zip_limit_bytes: int,
        sums: Mapping[tuple[str, str, bool], str],
        compared: tuple[Way, ...] = (),
        asked: Collection[str] = (),
    ) -> None:
        """Prepare to prove.

        Args:
            settings: The machine's settings.
            web: Who asks.
            log: Where the stages go.
            zip_limit_bytes: Larger zips are not read whole.
            sums: The h1 of the project's go.sum files.
            compared: Further proxies, asked where bytes are not the proven ones.
            asked: Checksum databases that the user wants asked all the same.
        """
        self._asked = asked
        self._settings = settings
        self._web = web
        self._log = log
        self._sums = sums
        self._compared = compared
        self.zip_limit_bytes = zip_limit_bytes
        self.evidence: dict[str, bytes] = {}
        self.alterations: list[Alteration] = []

    def prove(self, found: ModuleFound, ways: tuple[Way, ...], way: Way) -> None:
        """Hold what came against the database, go.sum and the caches."""
        answer = self._record(found.mv, ways)
        proven: dict[str, str] = {}
        if answer is not None:
            proven = {"zip": answer.record.zip_h1, "mod": answer.record.mod_h1}
        path, version = found.mv.path, found.mv.version
        said = {"zip": (path, version, False), "mod": (path, version, True)}
        stated = {
            kind: self._sums[key] for kind, key in said.items() if key in self._sums
        }
        with self._log.stage("h1") as stage:
            compare_h1(stage, found.mv, proven=proven, came=found.h1s, stated=stated)
            if any(proven.get(kind, h1) != h1 for kind, h1 in found.h1s.items()):
                self._compare_ways(stage, found, ways, way, proven)
        self._caches(found, proven.get("zip", ""))

    def _record(
        self, mv: ModuleVersion, ways: tuple[Way, ...]
    ) -> DatabaseAnswer | None:
        database = database_of(self._settings)
        if database is None or not looks_up(self._settings, mv.path):
            off = "GOSUMDB=off" if database is None else "GONOSUMDB covers it"
            with self._log.stage("sumdb") as stage:
                stage.saw(say("not asked: {off}", off=off))
            return None
        asked = database.name in self._asked and not is_private(self._settings, mv.path)
        if not asked and not may_look_up(self._settings, mv.path):
            with self._log.stage("sumdb") as stage:
                stage.saw("not asked: the name is private; go would ask")
            return None
        gopath, cache = go_path(self._settings), module_cache(self._settings)
        state = read_state(gopath, cache, database)
        sums = SumStages(database, ways, self._web, self._log)
        try:
            return sums.prove(mv, state)
        finally:
            self.evidence |= sums.evidence

    def _compare_ways(
        self,
        stage: StageDraft,
        found: ModuleFound,
        ways: tuple[Way, ...],
        way: Way,
        proven: Mapping[str, str],
    ) -> None:
        """Ask the other ways for the same zip, and say what that tells."""
        served: dict[str, str] = {}
        for other in (*ways, *self._compared):
            is_other = other.kind is WayKind.PROXY and other.url != way.url
            if is_other and may_ask(self._settings, other, found.mv.path):
                quiet = StageLog(self._log.clock)
                try:
                    zipped = ModuleProxy(other, self._web, quiet).zip(
                        found.mv, self.zip_limit_bytes
                    )
                except FaultFoundError:
                    continue
                if zipped is not None:
                    served[other.url] = zipped.h1
        alteration = judge(
            str(found.mv),
            way.url,
            came=found.h1s,
            proven=proven,
            others=served,
            repository=self._at_origin(stage, found.mv, ways),
        )
        first = found.zip.first_bytes if found.zip is not None else b""
        alteration = msgspec.structs.replace(alteration, first_bytes=first)
        self.alterations.append(alteration)
        stage.saw(
            say("{kind}: {text}", kind=alteration.kind.value, text=alteration.text)
        )

    def _at_origin(
        self, stage: StageDraft, mv: ModuleVersion, ways: tuple[Way, ...]
    ) -> str:
        """Return the h1 of what the repository has, "" where it is not to be told."""
        if all(each.kind is not WayKind.DIRECT for each in ways):
            return ""
        told = ask_origin(self._settings, mv, self._web, StageLog(self._log.clock))
        if isinstance(told, str):
            stage.saw(say("not compared with the repository: {told}", told=told))
            return ""
        stage.saw(f"{told.url}: {told.h1}")
        return told.h1

    def _caches(self, found: ModuleFound, proven_h1: str) -> None:
        cache = module_cache(self._settings)
        with self._log.stage("caches") as stage:
            size = found.zip.size_bytes if found.zip is not None else 0
            look_at_cache(stage, cache, 2 * size)
            if cache:
                look_at_version(stage, cache, found.mv, proven_h1)
            database = database_of(self._settings)
            if database is not None:
                state = read_state(go_path(self._settings), cache, database)
                look_at_memory(stage, state.head, database)

    def compare(self, found: ModuleFound, ways: tuple[Way, ...]) -> None:
        """Ask the proxies behind the first for the same .info."""
        name = f"{escape_version(found.mv.version)}.info"
        for way in ways:
            if way.kind is not WayKind.PROXY or not may_ask(
                self._settings, way, found.mv.path
            ):
                continue
            with self._log.stage("other ways") as stage:
                proxy = ModuleProxy(way, self._web, StageLog(self._log.clock))
                try:
                    proxy.good(proxy.url(found.mv.path, name))
                except FaultFoundError as exc:
                    told = exc.finding
                    if told.cause in DEFINITE_NO:
                        stage.saw(told.text)
                    else:
                        stage.warn(told.cause, told.text, told.remedy)
                else:
                    stage.saw(say("{url} has it", url=way.url))
