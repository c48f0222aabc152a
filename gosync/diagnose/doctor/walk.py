"""Doctor's walk: environment, project, then the way to each module."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from gosync.clock import Clock
from gosync.diagnose.doctor.answers import class_of
from gosync.diagnose.doctor.comparing import GoComparison
from gosync.diagnose.doctor.diagnosis import (
    EXIT_SECURITY,
    ComparedTrait,
    Conclusion,
    Diagnosis,
    FaultFoundError,
    fault,
)
from gosync.diagnose.doctor.dialling import Resolver, SystemResolver
from gosync.diagnose.doctor.environmentstage import look_at_environment
from gosync.diagnose.doctor.forensics import Alteration
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.lines import LineOpener
from gosync.diagnose.doctor.moduleproofs import ModuleProofs
from gosync.diagnose.doctor.moduleproxy import ModuleProxy
from gosync.diagnose.doctor.moduleway import ModuleWalk
from gosync.diagnose.doctor.projectstage import (
    ProjectNeeds,
    check_membership,
    look_at_project,
    project_folder,
)
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.settingsfiles import find_local_go, load_settings
from gosync.diagnose.doctor.stagelog import StageDraft, StageLog
from gosync.diagnose.doctor.toolchains import (
    toolchain_module,
    wanted_go,
    without_database,
)
from gosync.diagnose.doctor.ways import (
    Way,
    WayKind,
    is_private,
    leaks,
    may_ask,
    near_private,
    parse_subject,
    ways_of,
)
from gosync.diagnose.doctor.web import Web
from gosync.diagnose.doctor.withgo import GoAnswer
from gosync.errors import ConfigError
from gosync.gomod.module import ModuleVersion, escape_version
from gosync.hint import advise, command
from gosync.project.folder import read_project
from gosync.upstream.credentials import load_netrc

_MODULES_WALKED: Final = 2
_MODULES_ASKED: Final = 300
_SHOWN: Final = 5


class DoctorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be looked into.

    Attributes:
        subject: ``MODULE`` or ``MODULE@VERSION``; "" for the project.
        environment: The process's environment.
        folder: Where one stands.
        timeout_seconds: How long to wait for a connection or the next bytes.
        zip_limit_bytes: Larger zips are not read whole.
        ask: Whom to ask beside what is configured, or in spite of a pattern that almost
            covers a name: addresses of name servers, URLs of proxies, names of
            checksum databases.
        with_go: Whether the real go is asked too.
    """

    subject: str
    environment: Mapping[str, str]
    folder: Path
    timeout_seconds: float = 10.0
    zip_limit_bytes: int = 128 << 20
    ask: tuple[str, ...] = ()
    with_go: bool = False


class DoctorRun:
    """One run, and what it leaves for reports and evidence.

    Attributes:
        settings: The settings of go.
        log: The stages.
        opener: Who opened connections, and saw certificates.
        web: Who asked.
        evidence: What shows misbehaviour of a checksum database, by file name.
        alterations: Versions whose bytes are not the proven ones.
    """

    def __init__(
        self,
        request: DoctorRequest,
        clock: Clock,
        resolver: Resolver | None = None,
        watch: Callable[[str], object] | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            request: What is asked.
            clock: Times the stages.
            resolver: Turns names into addresses; the system's by default.
            watch: Is told the name of each stage as it begins.
        """
        self._request = request
        self.go = find_local_go(request.environment)
        self.settings: GoSettings = load_settings(request.environment, self.go)
        self.log = StageLog(clock, watch)
        seconds = request.timeout_seconds
        self.opener = LineOpener(
            request.environment,
            resolver or SystemResolver(timeout_seconds=seconds),
            timeout_seconds=seconds,
            name_servers=[each for each in request.ask if _is_address(each)],
        )
        words = [each.strip() for each in self.settings["GOAUTH"].split(";")]
        netrc = load_netrc(request.environment) if "netrc" in words else {}
        self.web = Web(self.opener, netrc)
        self.evidence: dict[str, bytes] = {}
        self.alterations: list[Alteration] = []
        self._compared: tuple[ComparedTrait, ...] = ()

    def diagnose(self) -> Diagnosis:
        """Walk, and return what was found."""
        with suppress(FaultFoundError):
            self._walk()
        if self._request.with_go and self._request.subject:
            self._with_go()
        self.web.close()
        subject = self._request.subject or "the modules of this project"
        return Diagnosis(
            subject=subject, stages=tuple(self.log.stages), compared=self._compared
        )

    def _with_go(self) -> None:
        """Ask the real go too, and note where it says otherwise."""
        with self.log.stage("go") as stage:
            path = self._request.subject.partition("@")[0]
            if self.go is None:
                stage.saw("no go on PATH")
                return
            if leaks(self.settings, path):
                stage.saw("not run: it would send a private name where it must not go")
                return
            so_far = Diagnosis(subject="", stages=tuple(self.log.stages)).conclusion
            comparison = GoComparison(
                self.go.command, self.settings, self.opener, self.web
            )
            answer = comparison.compare(self._request.subject, stage, so_far)
            self._compared = comparison.traits
            if answer is not None:
                self._disagree(stage, answer, so_far)

    def _disagree(
        self, stage: StageDraft, answer: GoAnswer, so_far: Conclusion
    ) -> None:
        """Note that go and doctor do not agree."""
        ours = f"doctor: {so_far.cause}"
        if answer.ok:
            if so_far.exit_code != EXIT_SECURITY:
                self.log.demote(0)
            stage.warn(so_far.cause, say("go gets it all the same; {ours}", ours=ours))
        else:
            stage.blame(
                (answer.causes or ("http.other",))[0],
                say("go does not get it: {line}; {ours}", line=answer.line, ours=ours),
                "something tells the two apart: the User-Agent, how TLS begins, HTTP/2,"
                " or a setting of this shell; see where the table of both differs",
            )

    def _is_well(self) -> bool:
        return all(each.ok for each in self.log.stages)

    @property
    def private_names(self) -> tuple[str, ...]:
        """The patterns of private modules, and the subject if they cover it."""
        names = ("GOPRIVATE", "GONOPROXY", "GONOSUMDB")
        patterns = [each for name in names for each in self.settings[name].split(",")]
        path = self._request.subject.partition("@")[0]
        hidden = is_private(self.settings, path) or near_private(self.settings, path)
        return (*filter(None, patterns), *((path,) if hidden else ()))

    def _walk(self) -> None:
        if not self._request.subject:
            self._walk_project()
            return
        with self.log.stage("environment") as stage:
            path, version = parse_subject(self._request.subject)
            look_at_environment(
                stage, self.settings, self.go, (path,), self._request.ask
            )
        if self._is_well():
            self._toolchain("")
        if self._is_well():
            self._module(path, version, self._sums(path, version))

    def _walk_project(self) -> None:
        with self.log.stage("environment") as stage:
            look_at_environment(stage, self.settings, self.go, ())
        if self._is_well():
            self._toolchain("")
        if not self._is_well():
            return
        with self.log.stage("project") as stage:
            needs = self._project(stage)
        if self._is_well():
            self._toolchain(needs.go)
        if not self._is_well():
            return
        for mv in needs.modules[:_MODULES_WALKED]:
            self._module(mv.path, mv.version, needs.sums)
            if not self._is_well():
                return
        self._shallowly(needs.modules[_MODULES_WALKED:_MODULES_ASKED])

    def _project(self, stage: StageDraft) -> ProjectNeeds:
        folder = project_folder(self._request.folder, self.settings)
        if folder is None:
            raise fault(
                "env.no_gomod",
                say("no go.mod in {folder} or above", folder=self._request.folder),
                say(
                    "go to the project's folder, or name a module: {line}",
                    line=advise("{}", command("doctor", "MODULE")),
                ),
            )
        check_membership(self._request.folder, folder)
        return look_at_project(stage, folder, self.settings, self._go_version)

    @property
    def _go_version(self) -> str:
        return self.go.version if self.go else ""

    def _toolchain(self, project_go: str) -> None:
        """Look whether go can get the go that is wanted, if it is another one."""
        version = wanted_go(self.settings, self._go_version, project_go)
        if not version:
            return
        with self.log.stage("toolchain") as stage:
            finding = without_database(self.settings, version)
            if finding is not None:
                stage.add(finding)
                return
            mv = toolchain_module(version)
            cause = self._shallow(mv)
            stage.saw(say("{mv}: {cause}", mv=mv, cause=cause or "is there"))
            if cause:
                stage.blame(
                    "toolchain.not_available",
                    say(
                        "go{version} is wanted, this is {go_version}, and no proxy "
                        "has {mv} ({cause})",
                        version=version,
                        go_version=self._go_version,
                        mv=mv,
                        cause=cause,
                    ),
                    say(
                        "install go{version}; or have golang.org/toolchain mirrored",
                        version=version,
                    ),
                )

    def _sums(self, path: str, version: str) -> Mapping[tuple[str, str, bool], str]:
        """Return the project's sums, where one stands in a project, of a module."""
        folder = project_folder(self._request.folder, self.settings)
        if folder is None:
            return {}
        try:
            project = read_project(folder)
        except ConfigError:
            return {}
        with self.log.stage("project") as stage:
            stage.saw(str(folder))
            for main in project.mains.modules:
                for each in main.gomod.replace:
                    if each.path == path and each.version in ("", version):
                        stage.saw(
                            say(
                                "go.mod replaces it by {new_path}",
                                new_path=each.new_path,
                            )
                        )
            if project.mains.excludes(ModuleVersion(path, version)):
                stage.warn(
                    "version.unknown",
                    say(
                        "go.mod excludes {path}@{version}: this project never uses it",
                        path=path,
                        version=version,
                    ),
                    "drop the exclude line, or take another version",
                )
        return {
            (line.path, line.version, line.is_mod): line.hash
            for line in project.sum_lines()
        }

    def _module(
        self, path: str, version: str, sums: Mapping[tuple[str, str, bool], str]
    ) -> None:
        proofs = ModuleProofs(
            self.settings,
            self.web,
            self.log,
            zip_limit_bytes=self._request.zip_limit_bytes,
            sums=sums,
            compared=tuple(
                Way(kind=WayKind.PROXY, url=each.rstrip("/"))
                for each in self._request.ask
                if "://" in each
            ),
            asked=self._request.ask,
        )
        walk = ModuleWalk(
            self.settings, self.web, self.log, proofs, go_version=self._go_version
        )
        try:
            walk.walk(path, version)
        finally:
            self.evidence |= proofs.evidence
            self.alterations += proofs.alterations

    def _shallowly(self, modules: tuple[ModuleVersion, ...]) -> None:
        """Ask for the .info of each module, at the first proxy of its ways."""
        if not modules:
            return
        lacking: list[tuple[str, str]] = []
        with self.log.stage("modules") as stage:
            for mv in modules:
                cause = self._shallow(mv)
                if cause:
                    lacking.append((cause, str(mv)))
            stage.saw(
                say(
                    "{there} of {modules} more are there",
                    there=len(modules) - len(lacking),
                    modules=len(modules),
                )
            )
            for cause, name in lacking[:_SHOWN]:
                stage.blame(
                    cause,
                    say(
                        "{name}: its .info is not there; {lacking} of {modules} "
                        "modules are like that",
                        name=name,
                        lacking=len(lacking),
                        modules=len(modules),
                    ),
                    str(advise("{}", command("doctor", name))),
                )

    def _shallow(self, mv: ModuleVersion) -> str:
        """Return the class of failure of a version's .info, "" for none."""
        first = "http.404"
        for way in ways_of(self.settings, mv.path):
            if way.kind is not WayKind.PROXY:
                return "" if way.kind is WayKind.DIRECT else first
            if not may_ask(self.settings, way, mv.path):
                continue
            proxy = ModuleProxy(way, self.web, StageLog(self.log.clock))
            try:
                url = proxy.url(mv.path, f"{escape_version(mv.version)}.info")
                answer = proxy.fetch(url)
            except FaultFoundError as exc:
                first = exc.finding.cause
                if way.any_error:
                    continue
                return first
            cause = class_of(answer)
            if not cause:
                return "http.captive_portal" if answer.is_page else ""
            first = cause
            if cause not in ("http.404", "http.410") and not way.any_error:
                return cause
        return first


def _is_address(text: str) -> bool:
    with suppress(ValueError):
        return bool(ipaddress.ip_address(text))
    return False
