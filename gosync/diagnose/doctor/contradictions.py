"""Settings of ``go`` that contradict each other, or do not mean what they seem to.

What makes ``go`` fail whatever is asked is a fault. What does nothing, or something
else than was likely meant, is a warning. What is right in most worlds is a note, which
explains faults of later stages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from gosync.diagnose.doctor.diagnosis import FaultFoundError, Severity, StageFinding
from gosync.diagnose.doctor.goflags import flag_findings
from gosync.diagnose.doctor.gosettings import GoSettings, SettingOrigin
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.ways import Way, WayKind, database_of, parse_ways
from gosync.diagnose.doctor.webproxy import parse_web_proxy

_LOOPBACK: Final = re.compile(r"localhost|127\.[0-9.]+|::1")
_CERTIFICATES: Final = ("tls.",)
_WHOLE_HOSTS: Final = frozenset(
    {"github.com", "gitlab.com", "bitbucket.org", "golang.org", "gopkg.in", "*"}
)


def contradictions(settings: GoSettings) -> Iterator[StageFinding]:
    """Yield what is wrong with the settings by themselves."""
    yield from _layers(settings)
    yield from _goproxy(settings)
    yield from _gosumdb(settings)
    yield from _patterns(settings)
    yield from flag_findings(settings["GOFLAGS"])
    yield from _web_proxies(settings)
    yield from _folklore(settings)


def _warning(
    cause: str, text: str, remedy: str, explains: tuple[str, ...] = ()
) -> StageFinding:
    return StageFinding(
        cause=cause,
        text=text,
        remedy=remedy,
        severity=Severity.WARNING,
        explains=explains,
    )


def _layers(settings: GoSettings) -> Iterator[StageFinding]:
    for each in settings.settings.values():
        for origin, value in each.hidden:
            if each.origin is SettingOrigin.PROCESS:
                yield _warning(
                    "env.layering",
                    say(
                        "{name}={value} of {origin} has no effect: the environment "
                        "says {told}",
                        name=each.name,
                        value=_masked(value),
                        origin=origin,
                        told=_masked(each.value),
                    ),
                    say(
                        "unset {name} in the environment, or go env -u {name}",
                        name=each.name,
                    ),
                )


def _goproxy(settings: GoSettings) -> Iterator[StageFinding]:
    value = settings["GOPROXY"]
    try:
        ways = parse_ways(value)
    except FaultFoundError as exc:
        yield exc.finding
        return
    if ways[0].kind is WayKind.OFF:
        yield StageFinding(
            cause="env.goproxy_off",
            text="GOPROXY=off: go may download nothing",
            remedy=say(
                "set GOPROXY to your mirror; what set it to off: {layer}",
                layer=settings.layer("GOPROXY"),
            ),
        )
    yield from _order(value, ways)
    for way in ways:
        yield from _address(way)
    if ";" in value:
        yield _warning(
            "env.goproxy_scheme",
            "GOPROXY has a semicolon, which divides nothing",
            "divide its entries by , or |",
            ("network.dns", "http."),
        )


def _order(value: str, ways: tuple[Way, ...]) -> Iterator[StageFinding]:
    behind = re.split(r"[,|]", value)[len(ways) :]
    last = ways[-1].kind
    if last is not WayKind.PROXY and any(map(str.strip, behind)):
        yield _warning(
            "env.goproxy_order",
            say(
                "GOPROXY has {last} before its end: what follows is never asked",
                last=last,
            ),
            say("write {last} as the last entry", last=last),
        )
    if any(way.any_error for way in ways[:-1]) and ways[-1].kind is WayKind.DIRECT:
        yield StageFinding(
            cause="env.goproxy_order",
            text="GOPROXY divides by |: after any error, even a time-out, the next is"
            " asked, at last the repository itself",
            remedy="divide by , to go on after 404 and 410 alone",
            severity=Severity.NOTE,
        )
    if re.search(r"\s", value.strip()) and not re.search(r"[,|]\s|\s[,|]", value):
        yield _warning(
            "env.goproxy_scheme",
            "GOPROXY has a blank inside, which divides nothing",
            "divide its entries by , or |",
            ("network.dns", "http."),
        )


def _address(way: Way) -> Iterator[StageFinding]:
    if way.kind is not WayKind.PROXY or way.url.startswith("file:"):
        return
    parts = urlsplit(way.url)
    host = parts.hostname or ""
    if host.endswith("."):
        yield _warning(
            "env.goproxy_scheme",
            say(
                "{url}: its host ends in a dot, which certificates do not have",
                url=way.url,
            ),
            "leave the dot out",
            _CERTIFICATES,
        )
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        yield StageFinding(
            cause="env.goproxy_scheme",
            text=say(
                "{url}: plain http, which anybody on the way can read and "
                "change; the checksum database still proves what comes",
                url=way.url,
            ),
            remedy="use https where the mirror offers it",
            severity=Severity.NOTE,
        )
    if way.login is not None:
        yield _warning(
            "env.goproxy_credentials",
            say(
                "{url}: GOPROXY holds a password, which go env and logs show",
                url=way.url,
            ),
            "put it into ~/.netrc (machine, login, password), mode 600",
        )


def _gosumdb(settings: GoSettings) -> Iterator[StageFinding]:
    try:
        database_of(settings)
    except FaultFoundError as exc:
        yield exc.finding


def _patterns(settings: GoSettings) -> Iterator[StageFinding]:
    seen: set[str] = set()
    for name in ("GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE"):
        for pattern in settings[name].split(","):
            if pattern and pattern not in seen:
                seen.add(pattern)
                yield from _pattern(name, pattern)


def _pattern(name: str, pattern: str) -> Iterator[StageFinding]:
    """Yield why a pattern matches nothing, or more than it seems to."""
    reason = ""
    if "://" in pattern:
        reason = "has a scheme, so it matches nothing"
    elif pattern != pattern.strip():
        reason = "has a blank, so it matches nothing"
    elif re.search(r":\d+", pattern):
        reason = "has a port, which module paths do not have"
    elif "**" in pattern:
        reason = "has **, which means no more than * here: not beyond a slash"
    elif pattern.endswith("/..."):
        reason = "ends in ..., which matches itself alone; below is covered anyway"
    elif pattern.startswith("."):
        reason = "begins with a dot, so it matches nothing; write *.DOMAIN"
    if reason:
        yield _warning(
            "env.private_pattern",
            say(
                "{name}: the pattern {given!r} {reason}",
                name=name,
                given=pattern,
                reason=reason,
            ),
            "a pattern is a prefix of whole path elements: corp.example,*.corp.example",
            ("sum.private_leak",),
        )
    elif name in ("GOPRIVATE", "GONOSUMDB") and pattern in _WHOLE_HOSTS:
        what = "everything" if pattern == "*" else say("all of {given}", given=pattern)
        yield _warning(
            "env.private_pattern",
            say(
                "{name}={given} covers {what}: none of it is checked against "
                "the checksum database",
                name=name,
                given=pattern,
                what=what,
            ),
            say(
                "name what is yours alone: {which}/OWNER",
                which="corp.example" if pattern == "*" else pattern,
            ),
        )


def _web_proxies(settings: GoSettings) -> Iterator[StageFinding]:
    environment = settings.environment
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        value = environment.get(name, "")
        proxy = parse_web_proxy(value.strip(), name) if value else None
        if value and proxy is None:
            yield _warning(
                "proxy.scheme",
                say("{name} is no URL of a proxy", name=name),
                say("export {name}=http://HOST:PORT", name=name),
                ("proxy.", "network."),
            )
        elif proxy is not None and not proxy.is_known:
            yield _warning(
                "proxy.scheme",
                say(
                    "{name}={shown}: go takes the scheme {scheme!r} for http",
                    name=name,
                    shown=proxy.shown,
                    scheme=proxy.scheme,
                ),
                say(
                    "export {name}=http://{host}:{port}",
                    name=name,
                    host=proxy.host,
                    port=proxy.port,
                ),
                ("proxy.", "network."),
            )
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        upper, lower = environment.get(name), environment.get(name.lower())
        if upper and lower and upper != lower:
            yield _warning(
                "env.layering",
                say(
                    "{name} and {lower} differ; go takes {name}, git the other",
                    name=name,
                    lower=name.lower(),
                ),
                say("set {lower} to the same, or unset one", lower=name.lower()),
                ("proxy.",),
            )


def _folklore(settings: GoSettings) -> Iterator[StageFinding]:
    """Yield what is set because somebody wrote so, and does nothing."""
    environment = settings.environment
    if settings["GOINSECURE"]:
        yield StageFinding(
            cause="env.folklore",
            text=say(
                "GOINSECURE={goinsecure} concerns repositories asked "
                "directly; it changes nothing for proxies and the checksum "
                "database",
                goinsecure=settings["GOINSECURE"],
            ),
            remedy="put the authority's certificate, its fingerprint checked, into the"
            " system's trust store or SSL_CERT_FILE",
            severity=Severity.NOTE,
            explains=_CERTIFICATES,
        )
    for name, why in (
        ("GONOSUMCHECK", "no go since 1.13 reads it; GONOSUMDB takes patterns"),
        ("GOSUMCHECK", "no go ever read it"),
        ("GOPROXY_DISABLE", "no go ever read it"),
    ):
        if environment.get(name):
            yield _warning(
                "env.folklore",
                say("{name} is set and has no effect: {why}", name=name, why=why),
                say("unset {name}", name=name),
                ("sum.private_leak",),
            )
    debug = environment.get("GODEBUG", "")
    if "goproxylookup" in debug:
        yield _warning(
            "env.folklore",
            "GODEBUG=goproxylookup prints nothing: there is no such setting",
            "go mod download -x shows what is asked",
        )
    if settings["GO111MODULE"] == "off":
        yield StageFinding(
            cause="env.goflags",
            text="GO111MODULE=off: go knows no modules",
            remedy="go env -u GO111MODULE, or unset it in the environment",
        )


def _masked(value: str) -> str:
    return re.sub(r"//[^/@,|]*@", "//***@", value)
