"""The way to one module: everything that ``go mod download MODULE@VERSION`` asks.

The ways of GOPROXY are taken in turn, and left as go leaves them: after ``,`` for a
definite no, after ``|`` for any fault. What a way that was left did not have is then a
warning. Where all went well, the other proxies are asked for the same once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from gosync.diagnose.doctor.absence import why_absent
from gosync.diagnose.doctor.checksums import (
    DatabaseAnswer,
    SumStages,
    compare_h1,
    read_state,
)
from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.forensics import Alteration, judge
from gosync.diagnose.doctor.gosettings import GoSettings, go_path, module_cache
from gosync.diagnose.doctor.localcaches import (
    look_at_cache,
    look_at_memory,
    look_at_version,
)
from gosync.diagnose.doctor.moduleproxy import ModuleProxy, ServedZip
from gosync.diagnose.doctor.queries import is_range, pick
from gosync.diagnose.doctor.repository import ask_repository
from gosync.diagnose.doctor.stagelog import StageDraft, StageLog
from gosync.diagnose.doctor.ways import (
    Way,
    WayKind,
    database_of,
    looks_up,
    may_ask,
    may_look_up,
    ways_of,
)
from gosync.diagnose.doctor.web import Web
from gosync.gomod import gover
from gosync.gomod.info import VersionInfo
from gosync.gomod.latest import GoModFacts
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.module import ModuleVersion, escape_version

_DEFINITE_NO: Final = frozenset(
    {
        "http.404",
        "http.404_timeout",
        "http.410",
        "version.unknown",
        "version.unknown_revision",
        "version.no_match",
        "version.no_package",
        "version.major_suffix",
    }
)


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


class ModuleWalk:
    """Walks the way to modules with one machine's settings.

    Attributes:
        evidence: What shows misbehaviour, by file name.
        alterations: Versions whose bytes are not the proven ones.
    """

    def __init__(
        self,
        settings: GoSettings,
        web: Web,
        log: StageLog,
        *,
        go_version: str = "",
        zip_limit_bytes: int,
        sums: Mapping[tuple[str, str, bool], str] | None = None,
        compared: tuple[Way, ...] = (),
    ) -> None:
        """Prepare to walk.

        Args:
            settings: The machine's settings.
            web: Who asks.
            log: Where the stages go.
            go_version: The machine's go, "" for none.
            zip_limit_bytes: Larger zips are not read whole.
            sums: The h1 of the project's go.sum files.
            compared: Further proxies, asked where bytes are not the proven ones.
        """
        self._compared = compared
        self._settings = settings
        self._web = web
        self._log = log
        self._go_version = go_version
        self._zip_limit_bytes = zip_limit_bytes
        self._sums = sums or {}
        self.evidence: dict[str, bytes] = {}
        self.alterations: list[Alteration] = []

    def walk(self, path: str, version: str) -> None:
        """Walk the way to one module.

        Raises:
            FaultFoundError: ``go`` does not get it; the log has the stage.
        """
        ways = ways_of(self._settings, path)
        for number, way in enumerate(ways):
            since = len(self._log.stages)
            self._log.prefix = f"{number + 1}:" if number else ""
            try:
                found = self._along(way, path, version)
            except FaultFoundError as exc:
                goes_on = way.any_error or exc.finding.cause in _DEFINITE_NO
                if not goes_on or number + 1 == len(ways):
                    raise
                if ways[number + 1].kind is WayKind.OFF:
                    raise
                self._log.demote(since)
                continue
            finally:
                self._log.prefix = ""
            if found is not None:
                self._prove(found, ways, way)
                self._others(found, ways[number + 1 :])
            return

    def _along(self, way: Way, path: str, version: str) -> ModuleFound | None:
        """Take one way; None where the repository itself was asked."""
        if way.kind is WayKind.OFF:
            with self._log.stage("ways"):
                raise fault(
                    "env.goproxy_off",
                    "GOPROXY has off here: go asks nobody",
                    "set GOPROXY to your mirror",
                )
        if way.kind is WayKind.DIRECT:
            ask_repository(self._settings, path, self._web, self._log)
            return None
        if not may_ask(self._settings, way, path):
            with self._log.stage("ways"):
                raise fault(
                    "http.404",
                    f"{way.url} was not asked for {path}: the name is private, and"
                    " the proxy public",
                    "go env -w GONOPROXY=PATTERN, so that go does not ask it either",
                )
        return self._at_proxy(way, path, version)

    def _at_proxy(self, way: Way, path: str, version: str) -> ModuleFound:
        proxy = ModuleProxy(way, self._web, self._log)
        if not way.url.startswith("file:"):
            self._web.open(way.url, self._log)
        answer = proxy.http(path, self._log.clock.now())
        versions: tuple[str, ...] | None = None
        broken: FaultFoundError | None = None
        try:
            versions = proxy.list(path, answer)
        except FaultFoundError as exc:  # a page in its place; what else is there?
            broken = exc
        latest = None
        try:
            latest = proxy.latest(path)
        except FaultFoundError as exc:
            broken = broken or exc
        is_one = not is_range(version)
        query = version if is_one else self._picked(version, versions, latest)
        if query is None:
            raise broken or self._nothing(proxy, path, versions)
        if broken is not None and not is_one:
            raise broken
        found = self._files(proxy, path, query, versions)
        self._newer(proxy, found, versions)
        return found

    def _picked(
        self,
        query: str,
        versions: tuple[str, ...] | None,
        latest: VersionInfo | None,
    ) -> str | None:
        """Return the version that a range means, None for none."""
        try:
            found = pick(query, versions or ())
        except ValueError:
            with self._log.stage("versions"):
                raise fault(
                    "version.query_syntax",
                    f"@{query} compares with what is no version",
                    "write it like @v1, @<v1.2.3 or @latest",
                ) from None
        if found is None and latest is not None and query in ("", "latest"):
            return latest.version
        return found

    def _nothing(
        self, proxy: ModuleProxy, path: str, versions: tuple[str, ...] | None
    ) -> FaultFoundError:
        with self._log.stage("versions"):
            if versions is None and not self._is_alive(proxy):
                raise fault(
                    "http.404",
                    f"{proxy.url(path, 'list')}: 404, and @latest too",
                    "check the path in GOPROXY, and the module's spelling",
                )
            raise fault(
                "version.no_match",
                f"{path}: the mirror knows no version of it",
                "check the spelling, upper and lower case too; is it private, or not"
                " mirrored yet?",
            )

    def _is_alive(self, proxy: ModuleProxy) -> bool:
        """Whether a proxy that knows nothing of a module answers as one."""
        database = database_of(self._settings)
        if database is None:
            return False
        try:
            answer = proxy.fetch(proxy.beside(f"sumdb/{database.name}/supported"))
        except FaultFoundError:
            return False
        return answer.status == 200 and not answer.is_page

    def _files(
        self,
        proxy: ModuleProxy,
        path: str,
        query: str,
        versions: tuple[str, ...] | None,
    ) -> ModuleFound:
        try:
            info = proxy.info(path, query)
        except FaultFoundError as exc:
            if exc.finding.cause not in ("http.404", "http.410"):
                raise
            with self._log.stage("versions") as stage:
                found = why_absent(proxy, path, query, versions, stage)
                if found is not None:
                    raise found from exc
            raise
        mv = ModuleVersion(path, info.version)
        gomod, h1 = proxy.mod(mv)
        self._too_new(mv, gomod)
        zipped = proxy.zip(mv, self._zip_limit_bytes)
        return ModuleFound(mv=mv, gomod=gomod, mod_h1=h1, zip=zipped)

    def _too_new(self, mv: ModuleVersion, gomod: GoMod) -> None:
        local = gover.from_toolchain(self._go_version) if self._go_version else ""
        if local and gomod.go and gover.compare(local, gomod.go) < 0:
            with self._log.stage("toolchain") as stage:
                stage.warn(
                    "toolchain.dep_too_new",
                    f"{mv} wants go {gomod.go}, this is {self._go_version}",
                    "install it, or GOTOOLCHAIN=auto with a mirror that carries it, or"
                    f" an older version of {mv.path}",
                )

    def _newer(
        self, proxy: ModuleProxy, found: ModuleFound, versions: tuple[str, ...] | None
    ) -> None:
        """Note what the newest version's go.mod says of the module and this version."""
        mv, newest, gomod = found.mv, pick("latest", versions or ()), found.gomod
        with self._log.stage("newest") as stage:
            if newest is not None and newest != mv.version:
                url = proxy.url(mv.path, f"{escape_version(newest)}.mod")
                gomod = parse_lax(proxy.good(url).body)
            stage.saw(newest or "none is listed")
            if not GoModFacts(is_own=True, retracted=gomod.retract).allow(mv.version):
                stage.warn(
                    "version.retracted",
                    f"{mv} is retracted by its author, as {newest} says",
                    f"go get {mv.path}@latest",
                )
            if gomod.deprecated:
                stage.warn(
                    "version.deprecated",
                    f"{mv.path} is deprecated: {gomod.deprecated}",
                    "take what its author names instead",
                )

    def _prove(self, found: ModuleFound, ways: tuple[Way, ...], way: Way) -> None:
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
                stage.saw(f"not asked: {off}")
            return None
        if not may_look_up(self._settings, mv.path):
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
        """Ask the other proxies for the same zip, and say what that tells."""
        served: dict[str, str] = {}
        for other in (*ways, *self._compared):
            is_other = other.kind is WayKind.PROXY and other.url != way.url
            if is_other and may_ask(self._settings, other, found.mv.path):
                quiet = StageLog(self._log.clock)
                try:
                    zipped = ModuleProxy(other, self._web, quiet).zip(
                        found.mv, self._zip_limit_bytes
                    )
                except FaultFoundError:
                    continue
                if zipped is not None:
                    served[other.url] = zipped.h1
        alteration = judge(
            str(found.mv), way.url, came=found.h1s, proven=proven, others=served
        )
        self.alterations.append(alteration)
        stage.saw(f"{alteration.kind}: {alteration.text}")

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

    def _others(self, found: ModuleFound, ways: tuple[Way, ...]) -> None:
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
                    stage.warn(exc.finding.cause, exc.finding.text, exc.finding.remedy)
                else:
                    stage.saw(f"{way.url} has it")
