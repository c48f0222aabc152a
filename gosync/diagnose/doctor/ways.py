"""Ways to a module: whom ``go`` asks for it, in which order, and whom it must not.

GOPROXY is a list: what follows ``,`` is asked after a definite no (404, 410), what
follows ``|`` after any error; ``direct`` and ``off`` end it. A name that GONOPROXY
covers goes to no proxy but straight to its repository.

Doctor sends a name where ``go`` would, and to fewer places still: to no checksum
database if GOPRIVATE covers it, whatever GONOSUMDB says, and to no proxy or database of
the public at large if GOPRIVATE, GONOPROXY or GONOSUMDB covers it, or almost does.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import msgspec

from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.saying import say
from gosync.errors import GosyncError, MalformedError
from gosync.gomod.module import check_path
from gosync.gomod.patterns import match_prefix_patterns
from gosync.sumdb.names import GOLANG_SUMDB, Database, parse_gosumdb
from gosync.upstream.credentials import Credentials, credentials_of_user_info

# Who answers to everybody, and so must not hear of private names.
PUBLIC_HOSTS: Final = frozenset(
    {
        "proxy.golang.org",
        "goproxy.cn",
        "goproxy.io",
        "proxy.golang.com.cn",
        "mirrors.aliyun.com",
        "athens.azurefd.net",
        "gocenter.io",
        "sum.golang.org",
        "sum.golang.google.cn",
        "gosum.io",
    }
)
_PRIVATE_NAMES: Final = ("GOPRIVATE", "GONOPROXY", "GONOSUMDB")


class WayKind(StrEnum):
    """What kind of place is asked."""

    PROXY = "proxy"
    DIRECT = "direct"
    OFF = "off"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the list.

    Attributes:
        kind: What it is.
        url: A proxy's base URL, without login.
        login: Who we are there.
        any_error: Whether the next is asked after any error.
    """

    kind: WayKind
    url: str = ""
    login: Credentials | None = None
    any_error: bool = False

    @property
    def shown(self) -> str:
        """The URL, or ``direct`` or ``off``."""
        return self.url or self.kind.value

    @property
    def is_public(self) -> bool:
        """Whether it answers to everybody."""
        return (urlsplit(self.url).hostname or "") in PUBLIC_HOSTS


def parse_ways(goproxy: str) -> tuple[Way, ...]:
    """Return the ways of a GOPROXY.

    Raises:
        FaultFoundError: ``go`` refuses the list.
    """
    ways: list[Way] = []
    for match in re.finditer(r"([^,|]*)([,|]|\Z)", goproxy):
        entry = match[1].strip()
        if entry in ("direct", "off"):
            ways.append(Way(kind=WayKind(entry)))
            break
        if entry:
            ways.append(_proxy_way(entry, any_error=match[2] == "|"))
    if not ways:
        raise fault(
            "env.goproxy_empty",
            say("GOPROXY={goproxy!r} has no entries", goproxy=goproxy),
            "go env -u GOPROXY brings back the default; or set it to your mirror",
        )
    return tuple(ways)


def ways_of(settings: GoSettings, path: str) -> tuple[Way, ...]:
    """Return the ways to one module.

    Raises:
        FaultFoundError: ``go`` refuses the list.
    """
    ways = parse_ways(settings["GOPROXY"])
    if ways[0].kind is not WayKind.DIRECT and is_covered(settings, "GONOPROXY", path):
        return (Way(kind=WayKind.DIRECT),)
    return ways


def database_of(settings: GoSettings) -> Database | None:
    """Return the checksum database, None where it is off.

    Raises:
        FaultFoundError: ``go`` refuses the value.
    """
    try:
        return parse_gosumdb(settings["GOSUMDB"])
    except MalformedError as exc:
        raise fault(
            "env.gosumdb",
            f"GOSUMDB={settings['GOSUMDB']!r}: {exc.reason}",
            say(
                "go env -w GOSUMDB={golang_sumdb}, or NAME+HASH+KEY as its "
                "operator publishes it",
                golang_sumdb=GOLANG_SUMDB,
            ),
        ) from exc


def is_covered(settings: GoSettings, name: str, path: str) -> bool:
    """Whether the patterns of a setting cover a module."""
    return match_prefix_patterns(settings[name], path)


def is_private(settings: GoSettings, path: str) -> bool:
    """Whether GOPRIVATE, GONOPROXY or GONOSUMDB covers a module."""
    return any(is_covered(settings, name, path) for name in _PRIVATE_NAMES)


def near_miss(settings: GoSettings, name: str, path: str) -> str | None:
    """Return the pattern of a setting that misses a module by little.

    The same domain with more or fewer parts in front, as ``*.corp.example`` and
    ``corp.example`` or ``corp.example`` and ``git.corp.example``; other letters in
    upper or lower case; or a pattern with a scheme, port or blank that go never
    matches.
    """
    if is_covered(settings, name, path):
        return None
    host = path.split("/", maxsplit=1)[0].lower()
    for pattern in filter(None, settings[name].split(",")):
        bare = re.sub(r"^\s*[a-z]+://", "", pattern).strip().lower()
        folded = re.sub(r":\d+", "", bare).rstrip("/")
        if match_prefix_patterns(folded, path.lower()):
            return pattern
        domain = folded.split("/")[0].removeprefix("*.")
        is_name = "." in domain and "*" not in domain and "/" not in folded
        if is_name and (host == domain or host.endswith(f".{domain}")):
            return pattern
    return None


def near_private(settings: GoSettings, path: str) -> str | None:
    """Return the setting and pattern that almost cover a module, as NAME=PATTERN."""
    for name in _PRIVATE_NAMES:
        pattern = near_miss(settings, name, path)
        if pattern is not None:
            return f"{name}={pattern}"
    return None


def may_ask(settings: GoSettings, way: Way, path: str) -> bool:
    """Whether a module's name may be sent along a way."""
    if way.kind is not WayKind.PROXY:
        return True
    if is_covered(settings, "GONOPROXY", path):
        return False
    hidden = is_private(settings, path) or near_private(settings, path)
    return not (hidden and way.is_public)


def may_look_up(settings: GoSettings, path: str) -> bool:
    """Whether a module's name may be sent to the checksum database."""
    covered = is_covered(settings, "GONOSUMDB", path) or is_private(settings, path)
    return not covered and near_private(settings, path) is None


def leaks(settings: GoSettings, path: str) -> bool:
    """Whether ``go`` would send a module's name where doctor does not."""
    try:
        ways = ways_of(settings, path)
    except FaultFoundError:
        return False
    asks = any(not may_ask(settings, way, path) for way in ways)
    return asks or (looks_up(settings, path) and not may_look_up(settings, path))


def looks_up(settings: GoSettings, path: str) -> bool:
    """Whether ``go`` would ask the checksum database for a module."""
    off = settings["GOSUMDB"].strip() == "off"
    return not off and not is_covered(settings, "GONOSUMDB", path)


def _proxy_way(entry: str, *, any_error: bool) -> Way:
    """Return the way of one URL; no text quotes its login."""
    url = entry
    if re.search("[.:/]", url) and ":/" not in url and not url.startswith("/"):
        url = f"https://{url}"
    scheme, separator, rest = url.partition(":")
    shown = re.sub(r"//[^/]*@", "//***@", url)
    if not separator or scheme not in ("http", "https", "file"):
        raise fault(
            "env.goproxy_scheme",
            say(
                "GOPROXY has the entry {shown!r}, whose scheme is not http, "
                "https or file",
                shown=shown,
            ),
            "begin each entry of GOPROXY with https://, http:// or file:///",
        )
    if scheme == "file":
        return _file_way(url, rest, any_error=any_error)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host:
        raise fault(
            "env.goproxy_scheme",
            say("GOPROXY has the entry {shown!r}, which names no host", shown=shown),
            "write it as https://HOST/PATH",
        )
    user_info, at, server = parts.netloc.rpartition("@")
    if at and scheme == "http":
        raise fault(
            "http.credentials_insecure",
            say("{shown}: go refuses to send a password over http", shown=shown),
            "use https for this entry, or take the login out of the URL",
        )
    login = credentials_of_user_info(user_info.encode()) if at else None
    base = f"{scheme}://{server}{parts.path}".rstrip("/")
    return Way(kind=WayKind.PROXY, url=base, login=login, any_error=any_error)


def _file_way(url: str, rest: str, *, any_error: bool) -> Way:
    if not rest.startswith("///"):
        raise fault(
            "env.goproxy_file",
            say("GOPROXY has the entry {url!r}, whose path is not absolute", url=url),
            "a file URL has three slashes: file:///srv/goproxy",
        )
    return Way(kind=WayKind.PROXY, url=url.rstrip("/"), any_error=any_error)


def parse_subject(text: str) -> tuple[str, str]:
    """Return the path and version of MODULE[@VERSION]; the version may be "".

    Raises:
        FaultFoundError: ``go`` refuses the path.
    """
    path, _, version = text.partition("@")
    try:
        check_path(path)
    except GosyncError as exc:
        raise fault(
            "module.malformed_path",
            str(exc),
            "a module path begins with a host name with a dot: github.com/OWNER/NAME",
        ) from exc
    return path, version
