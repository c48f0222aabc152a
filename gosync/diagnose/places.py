"""What a failure is about: host, module, version and URL, read from its lines. Pure.

They are put into the catalogue's texts and commands. A log is anybody's: a value goes
into a command line only when a shell takes it as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_URL = re.compile(r"(?:https?|file)://[^\s\"'<>)]{1,800}")
_HOST = re.compile(
    r"https?://(\[[0-9a-fA-F:]{2,45}\]|[^/:?#\s\"]{1,255})(?::(\d{1,5}))?"
)
_PATH = r"[A-Za-z0-9][A-Za-z0-9._~!/-]{0,300}"
_AT_VERSION = re.compile(rf"({_PATH})@([A-Za-z0-9<>=v][\w.+~<>=/-]{{0,200}})")
_PLAIN_VERSION = re.compile(rf"({_PATH}\.[a-z]{_PATH}) (v\d[\w.+-]{{0,200}})")
_IN_URL = re.compile(r"(?<=[^:/])/([^\s\"@]{1,300})/@(?:v/([^\s\"/]{1,200})|latest)")
_FOLDERS = re.compile(r"\A(?:[^/.]{1,100}/){1,10}")  # of the proxy: no host has no dot
_QUOTED = re.compile(r'(?:path|package|module) "?([\w.~-]+\.[\w~-]+/[\w./~-]+)"?')
_MAJOR = re.compile(r"v(\d{1,6})\.")
_SAFE = re.compile(r"[\w./:@%+,=~!\[\]-]{1,1000}")
_SUFFIXES = (".info", ".mod", ".zip", ".ziphash")

_FILL = re.compile(r"\{(\w+)\}")
# Where a place, \0 here, is a part of a command line or of a path.
_IN_COMMAND = re.compile(r"(?:hosts |get |[/='])\0|\0[/@]|/v\0")
_MODULE_VERSION = "{module}@{version}"


def places_of(text: str) -> dict[str, str]:
    """Return what a failure's lines name: url, host, hostport, goproxy, module ..."""
    found: dict[str, str] = {}
    if match := _URL.search(text):
        found["url"] = match[0].rstrip(":.,").replace("%21", "!")
        _read_url(found)
    for pattern in (_AT_VERSION, _PLAIN_VERSION):
        for match in pattern.finditer(text[:2000]):
            if "." in match[1] and "//" not in match[1] and "module" not in found:
                found["module"] = match[1]
                found["version"] = match[2].rstrip(":").removesuffix("/go.mod")
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
        module, version = _FOLDERS.sub("", match[1]), match[2] or ""
        found["goproxy"] = url[: match.end(1) - len(module) - 1]
        for suffix in _SUFFIXES:
            version = version.removesuffix(suffix)
        found["module"] = re.sub(r"!([a-z])", lambda each: each[1].upper(), module)
        if version and version != "list":
            found["version"] = re.sub("!([a-z])", lambda each: each[1].upper(), version)


def fill_text(text: str, places: Mapping[str, str], words: Mapping[str, str]) -> str:
    """Return a text of the catalogue with the places filled in.

    Args:
        text: The text.
        places: What the failure's lines name.
        words: What stands where they name nothing.
    """
    if "version" not in places:
        text = text.replace(_MODULE_VERSION, "{module}")

    def put(match: re.Match[str]) -> str:
        if value := places.get(match[1], ""):
            return value[:120]
        word = words.get(match[1], match[0])
        if _IN_COMMAND.search(text[: match.start()] + "\0" + text[match.end() :]):
            return _placeholder(match)
        return word if match.start() else word[:1].upper() + word[1:]

    return _FILL.sub(put, text)


def _placeholder(match: re.Match[str]) -> str:
    """Return what stands in a command line for a place that is not known."""
    return "HOST:PORT" if match[1] == "hostport" else match[1].upper()


def fill_command(text: str, places: Mapping[str, str]) -> str:
    """Return a command line with the places filled in, in capitals where unknown."""

    def put(match: re.Match[str]) -> str:
        value = places.get(match[1], "")
        return value if _SAFE.fullmatch(value) else _placeholder(match)

    return _FILL.sub(put, text)
