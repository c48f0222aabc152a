"""The way to one module: everything that ``go mod download MODULE@VERSION`` asks.

The ways of GOPROXY are taken in turn, and left as go leaves them: after ``,`` for a
definite no, after ``|`` for any fault, which is a warning then. Where all went well,
the other proxies are asked for the same once.
"""

from __future__ import annotations

from typing import Final

from gosync.diagnose.doctor.absence import DEFINITE_NO, why_absent
from gosync.diagnose.doctor.diagnosis import (
    FaultFoundError,
    Severity,
    StageFinding,
    fault,
)
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.moduleproofs import ModuleFound, ModuleProofs
from gosync.diagnose.doctor.moduleproxy import ModuleProxy
from gosync.diagnose.doctor.queries import is_range, pick
from gosync.diagnose.doctor.repository import ask_repository
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageLog
from gosync.diagnose.doctor.ways import Way, WayKind, database_of, may_ask, ways_of
from gosync.diagnose.doctor.web import Web
from gosync.diagnose.doctor.webanswer import WebAnswer
from gosync.gomod import gover
from gosync.gomod.info import VersionInfo
from gosync.gomod.latest import GoModFacts
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.module import ModuleVersion, escape_version

# What module proxies say of a module that they know nothing of.
_NOT_FOUND: Final = b"not found"


class ModuleWalk:
    """Walks the way to modules with one machine's settings."""

    def __init__(
        self,
        settings: GoSettings,
        web: Web,
        log: StageLog,
        proofs: ModuleProofs,
        *,
        go_version: str = "",
    ) -> None:
        """Prepare to walk.

        Args:
            settings: The machine's settings.
            web: Who asks.
            log: Where the stages go.
            proofs: Who proves what came.
            go_version: The machine's go, "" for none.
        """
        self._settings = settings
        self._web = web
        self._log = log
        self._proofs = proofs
        self._go_version = go_version

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
                is_no = exc.finding.cause in DEFINITE_NO
                goes_on = way.any_error or is_no
                if not goes_on or number + 1 == len(ways):
                    raise
                if ways[number + 1].kind is WayKind.OFF:
                    raise
                if is_no:  # what lists are for
                    self._log.excuse(since)
                else:
                    self._log.demote(since)
                continue
            finally:
                self._log.prefix = ""
            if found is not None:
                self._proofs.prove(found, ways, way)
                self._proofs.compare(found, ways[number + 1 :])
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
                    say(
                        "{url} was not asked for {path}: the name is private, and "
                        "the proxy public",
                        url=way.url,
                        path=path,
                    ),
                    "go env -w GONOPROXY=PATTERN, so that go does not ask it either",
                )
        return self._at_proxy(way, path, version)

    def _at_proxy(self, way: Way, path: str, version: str) -> ModuleFound:
        proxy = ModuleProxy(way, self._web, self._log)
        is_one = not is_range(version)
        if not way.url.startswith("file:"):
            url = proxy.first_url(path, version if is_one else "")
            self._web.open_as_go(url, self._log)
        first = proxy.http(path, version if is_one else "", self._log.clock.now())
        versions: tuple[str, ...] | None = None
        broken: FaultFoundError | None = None
        try:
            versions = proxy.list(path, None if is_one else first)
        except FaultFoundError as exc:
            broken = exc
            if is_one and exc.finding.cause != "http.captive_portal":
                self._log.demote(len(self._log.stages) - 1)  # one version needs no list
        latest = self._latest(proxy, path, needed=not (is_one or versions))
        query = version if is_one else self._picked(version, versions, latest)
        if query is None:
            raise broken or self._nothing(proxy, path, versions)
        if broken is not None and not is_one:
            raise broken
        found = self._files(proxy, path, query, versions, first if is_one else None)
        self._newer(proxy, found, versions)
        return found

    def _latest(
        self, proxy: ModuleProxy, path: str, *, needed: bool
    ) -> VersionInfo | None:
        """Return what the proxy says is the latest; none is no fault by itself."""
        try:
            return proxy.latest(path)
        except FaultFoundError as exc:
            if not needed and exc.finding.cause != "http.captive_portal":
                self._log.demote(len(self._log.stages) - 1)
            return None

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
                    say("@{query} compares with what is no version", query=query),
                    "write it like @v1, @<v1.2.3 or @latest",
                ) from None
        if found is None and latest is not None and query in ("", "latest"):
            return latest.version
        return found

    def _nothing(
        self, proxy: ModuleProxy, path: str, versions: tuple[str, ...] | None
    ) -> FaultFoundError:
        with self._log.stage("versions"):
            if versions is None and not self._is_alive(proxy, path):
                raise fault(
                    "http.404",
                    say("{url}: 404, and @latest too", url=proxy.url(path, "list")),
                    "check the path in GOPROXY, and the module's spelling",
                )
            raise fault(
                "version.no_match",
                say("{path}: the mirror knows no version of it", path=path),
                "check the spelling, upper and lower case too; is it private, or not"
                " mirrored yet?",
            )

    def _is_alive(self, proxy: ModuleProxy, path: str) -> bool:
        """Whether a proxy that knows nothing of a module answers as one."""
        try:
            answer = proxy.fetch(proxy.url(path, "list"))
            if answer.body.startswith(_NOT_FOUND):
                return True
            database = database_of(self._settings)
            if database is None:
                return False
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
        first: WebAnswer | None,
    ) -> ModuleFound:
        try:
            info = proxy.info(path, query, first)
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
        zipped = proxy.zip(mv, self._proofs.zip_limit_bytes)
        return ModuleFound(mv=mv, gomod=gomod, mod_h1=h1, zip=zipped)

    def _too_new(self, mv: ModuleVersion, gomod: GoMod) -> None:
        local = gover.from_toolchain(self._go_version) if self._go_version else ""
        if not (local and gomod.go and gover.compare(local, gomod.go) < 0):
            return
        stays = self._settings["GOTOOLCHAIN"].partition("+")[0] == "local"
        with self._log.stage("go line") as stage:
            stage.add(
                StageFinding(
                    cause="toolchain.dep_too_new",
                    text=say(
                        "{mv} wants go {go}, this is {own}{more}",
                        mv=mv,
                        go=gomod.go,
                        own=self._go_version,
                        more=", and GOTOOLCHAIN=local" * stays,
                    ),
                    remedy=say(
                        "install it, or GOTOOLCHAIN=auto with a mirror that carries "
                        "it, or an older version of {path}",
                        path=mv.path,
                    ),
                    severity=Severity.FAULT if stays else Severity.WARNING,
                )
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
                    say(
                        "{mv} is retracted by its author, as {newest} says",
                        mv=mv,
                        newest=newest,
                    ),
                    say("go get {path}@latest", path=mv.path),
                )
            if gomod.deprecated:
                stage.warn(
                    "version.deprecated",
                    say(
                        "{path} is deprecated: {deprecated}",
                        path=mv.path,
                        deprecated=gomod.deprecated,
                    ),
                    "take what its author names instead",
                )
