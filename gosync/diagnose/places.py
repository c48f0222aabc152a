"""What a failure is about: host, module, version and URL, read from its lines. Pure.

They are put into the catalogue's texts and commands. A log is anybody's: a value goes
into a command line only when a shell takes it as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from gosync.diagnose.language import Language

_URL = re.compile(r"(?:https?|file)://[^\s\"'<>)]{1,800}")
_HOST = re.compile(
    r"https?://(\[[0-9a-fA-F:]{2,45}\]|[^/:?#\s\"]{1,255})(?::(\d{1,5}))?"
)
_PATH = r"[A-Za-z0-9][A-Za-z0-9._~!/-]{0,300}"
_AT_VERSION = re.compile(rf"({_PATH})@([A-Za-z0-9<>=v][\w.+~<>=/-]{{0,200}})")
_PLAIN_VERSION = re.compile(rf"({_PATH}\.[a-z]{_PATH}) (v\d[\w.+-]{{0,200}})")
_IN_URL = re.compile(r"(?<=[^:/])/([^\s\"@]{1,300})/@(?:v/([^\s\"/]{1,200})|latest)")
_QUOTED = re.compile(r'(?:path|package|module) "?([\w.~-]+\.[\w~-]+/[\w./~-]+)"?')
_MAJOR = re.compile(r"v(\d{1,6})\.")
_SAFE = re.compile(r"[\w./:@%+,=~!\[\]-]{1,1000}")
_SUFFIXES = (".info", ".mod", ".zip", ".ziphash")

# What stands where the lines do not tell.
_UNTOLD: Final = {
    Language.ENGLISH: {
        "host": "the server",
        "hostport": "the server",
        "module": "the module",
        "version": "the version",
        "url": "the URL",
        "goproxy": "the proxy",
        "major": "N",
    },
    Language.CHINESE: {
        "host": "服务器",
        "hostport": "服务器",
        "module": "该模块",
        "version": "该版本",
        "url": "该 URL",
        "goproxy": "代理",
        "major": "N",
    },
}
_FILL = re.compile(r"\{(\w+)\}")


def places_of(text: str) -> dict[str, str]:
    """Return what a failure's lines name: url, host, hostport, goproxy, module ..."""
    found: dict[str, str] = {}
    if match := _URL.search(text):
        found["url"] = match[0].rstrip(":.,")
        _read_url(found)
    for pattern in (_AT_VERSION, _PLAIN_VERSION):
        for match in pattern.finditer(text[:2000]):
            if "." in match[1] and "//" not in match[1] and "module" not in found:
                found["module"], found["version"] = match[1], match[2].rstrip(":")
    if "module" not in found and (match := _QUOTED.search(text)):
        found["module"] = match[1]
    if match := _MAJOR.match(found.get("version", "")):
        found["major"] = match[1]
    return found


def _read_url(found: dict[str, str]) -> None:
    url = found["url"]
    if match := _HOST.match(url):
        port = match[2] or ("443" if url.startswith("https") else "80")
        found["host"], found["hostport"] = match[1], f"{match[1]}:{port}"
    if match := _IN_URL.search(url.split("/sumdb/")[0]):
        module, version = match[1], match[2] or ""
        found["goproxy"] = url[: match.start()]
        for suffix in _SUFFIXES:
            version = version.removesuffix(suffix)
        found["module"] = re.sub(r"!([a-z])", lambda each: each[1].upper(), module)
        if version and version != "list":
            found["version"] = re.sub("!([a-z])", lambda each: each[1].upper(), version)


def fill_text(text: str, places: Mapping[str, str], language: Language) -> str:
    """Return a text of the catalogue with the places filled in."""
    untold = _UNTOLD[language]

    def put(match: re.Match[str]) -> str:
        value = places.get(match[1], "")
        return value[:120] if value else untold.get(match[1], match[0])

    return _FILL.sub(put, text)


def fill_command(text: str, places: Mapping[str, str]) -> str:
    """Return a command line with the places filled in, in capitals where unknown."""

    def put(match: re.Match[str]) -> str:
        value = places.get(match[1], "")
        return value if _SAFE.fullmatch(value) else match[1].upper()

    return _FILL.sub(put, text)
