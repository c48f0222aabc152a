"""The stage environment: each setting with its origin, and what contradicts what."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress

from gosync.diagnose.doctor.contradictions import contradictions
from gosync.diagnose.doctor.diagnosis import FaultFoundError, Severity, StageFinding
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.repository import bypass_note
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.settingsfiles import LocalGo
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.diagnose.doctor.ways import (
    WayKind,
    database_of,
    is_covered,
    is_private,
    looks_up,
    may_ask,
    may_look_up,
    near_private,
    parse_ways,
)
from gosync.upstream.urls import strip_user_info

_GOAUTH_WORDS = frozenset({"off", "netrc", "git"})


def look_at_environment(
    stage: StageDraft,
    settings: GoSettings,
    go: LocalGo | None,
    modules: tuple[str, ...],
    asked: Collection[str] = (),
) -> None:
    """Note the settings and what is wrong with them.

    Args:
        stage: Where it is noted.
        settings: The settings.
        go: The go command, if there is one.
        modules: Modules whose names must not leak.
        asked: Checksum databases that may hear names that are almost private.
    """
    stage.saw(
        say("{go} at {command}", go=go.version or "go", command=go.command)
        if go
        else "no go on PATH"
    )
    for each in settings.changed:
        stage.saw(f"{each.name}={strip_user_info(each.value)} ({each.origin})")
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ):
        value = settings.environment.get(name) or settings.environment.get(name.lower())
        if value:
            stage.saw(f"{name}={strip_user_info(value)}")
    with suppress(FaultFoundError):
        if parse_ways(settings["GOPROXY"])[-1].kind is WayKind.PROXY:
            stage.saw(
                "GOPROXY has no direct: what its proxies lack, nobody is asked for"
            )
    for finding in contradictions(settings):
        stage.add(finding)
    for finding in _helpers(settings):
        stage.add(finding)
    for path in modules:
        for finding in privacy(settings, path, asked):
            stage.add(finding)


def privacy(
    settings: GoSettings, path: str, asked: Collection[str] = ()
) -> Iterator[StageFinding]:
    """Yield which settings would leak a module's name, or go around a proxy."""
    try:
        ways = parse_ways(settings["GOPROXY"])
    except FaultFoundError:
        return
    proxies = [way for way in ways if way.kind is WayKind.PROXY]
    if is_covered(settings, "GONOPROXY", path) and proxies:
        yield bypass_note(path, ", ".join(each.url for each in proxies), "GONOPROXY")
    near = near_private(settings, path)
    is_meant = _database_name(settings) in asked and not is_private(settings, path)
    if looks_up(settings, path) and not (may_look_up(settings, path) or is_meant):
        why = near or f"GOPRIVATE={settings['GOPRIVATE']}"
        yield StageFinding(
            cause="sum.private_leak",
            text=say(
                "go would send the name {path} to the checksum database: {why} misses"
                " it, GONOSUMDB does not cover it"
                if near
                else "go would send the name {path} to the checksum database: {why}"
                " covers it, GONOSUMDB does not cover it",
                path=path,
                why=why,
            ),
            remedy=say(
                "go env -w GOPRIVATE={goprivate}; for a public module: --ask "
                "{database}",
                goprivate=_widened(settings["GOPRIVATE"], path),
                database=_database_name(settings),
            ),
        )
    for way in proxies:
        if not may_ask(settings, way, path) and not is_covered(
            settings, "GONOPROXY", path
        ):
            yield StageFinding(
                cause="env.private_pattern",
                text=say(
                    "go would send the name {path} to {url}, which is public: "
                    "{near}, GONOPROXY does not cover it",
                    path=path,
                    url=way.url,
                    near=near or "it is private",
                ),
                remedy=say(
                    "go env -w GONOPROXY={gonoproxy}",
                    gonoproxy=_widened(settings["GONOPROXY"], path),
                ),
                severity=Severity.WARNING,
            )


def _database_name(settings: GoSettings) -> str:
    try:
        database = database_of(settings)
    except FaultFoundError:
        return ""
    return database.name if database is not None else ""


def _widened(patterns: str, path: str) -> str:
    """Return patterns that cover a module's host too."""
    return ",".join(filter(None, [patterns, path.split("/", maxsplit=1)[0]]))


def _helpers(settings: GoSettings) -> Iterator[StageFinding]:
    """Yield the commands of GOAUTH that are not there; go says nothing of them."""
    for each in settings["GOAUTH"].split(";"):
        try:
            words = shlex.split(each)
        except ValueError:
            words = each.split()
        if not words or words[0] in _GOAUTH_WORDS:
            continue
        path = settings.environment.get("PATH", "")
        is_there = shutil.which(words[0], path=path) is not None
        yield StageFinding(
            cause="env.goauth",
            text=say(
                "GOAUTH names {words}, which doctor does not run: go may "
                "send a login that doctor has not",
                words=words[0],
            )
            if is_there
            else say(
                "GOAUTH names {words}, which is no command here; go goes on "
                "without it, and says nothing",
                words=words[0],
            ),
            remedy="ask with --with-go too; run the helper by hand"
            if is_there
            else "install it, or go env -u GOAUTH",
            severity=Severity.NOTE if is_there else Severity.WARNING,
            explains=("http.401", "http.403", "http.404"),
        )
