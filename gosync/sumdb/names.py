"""Which checksum database to believe: the values of GOSUMDB (``go help environment``).

A value is one or two words, or ``off``::

    NAME                    a database whose key is built in: sum.golang.org
    NAME+HASH+KEY           any other, by its verifier key (``note``)
    NAME URL, KEY URL       the same, reached at URL and nowhere else
    off                     none

``sum.golang.google.cn`` is the same log as sum.golang.org at another address. Not
naming a URL means: through a module proxy's ``/sumdb/NAME`` where it answers for
the name, else ``https://NAME``.

NAME is ``host[:port][/path]``. It becomes part of URLs and of file paths, so it has
letters, digits and ``-._~`` only, no empty part and none that begins with a dot.
A URL is http, https or file, without query and fragment.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from gosync.errors import MalformedError
from gosync.sumdb.note import Ed25519Verifier, parse_verifier_key

GOLANG_SUMDB: Final = "sum.golang.org"

# Published in Go's own source (cmd/go/internal/modfetch); part of every go command.
_KNOWN_KEYS: Final = {
    GOLANG_SUMDB: f"{GOLANG_SUMDB}+033de0ae"
    "+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
}
_ALIASES: Final = {
    "sum.golang.google.cn": f"{GOLANG_SUMDB} https://sum.golang.google.cn",
}
_OFF: Final = "off"
_MAX_NAME_LENGTH: Final = 200
_NAME_RE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*",
    re.ASCII,
)
_URL_RE: Final = re.compile(r"[!-~]+", re.ASCII)


class Database(msgspec.Struct, frozen=True):
    """A checksum database that is believed.

    Attributes:
        name: Its name, ``host[/path]``: also that of its key.
        verifier_key: The verifier key, as text.
        url: Where it is, without a final slash; None to find out.
    """

    name: str
    verifier_key: str
    url: str | None

    def verifier(self) -> Ed25519Verifier:
        """Return the verifier of its key."""
        return parse_verifier_key(self.verifier_key)


def parse_gosumdb(value: str) -> Database | None:
    """Return the database that a GOSUMDB value names; None for ``off``.

    Raises:
        MalformedError: The value is empty, has too many words, names a database
            whose key is not known, or has a wrong key, name or URL.
    """
    words = _ALIASES.get(value.strip(), value).split()
    if words == [_OFF]:
        return None
    if not 1 <= len(words) <= 2:
        raise MalformedError("GOSUMDB", value, "is not NAME or KEY, and perhaps a URL")
    key = _KNOWN_KEYS.get(words[0], words[0])
    if "+" not in key:
        raise MalformedError("GOSUMDB", value, "no key is known for this name")
    verifier = parse_verifier_key(key)
    if len(verifier.name) > _MAX_NAME_LENGTH or not _NAME_RE.fullmatch(verifier.name):
        raise MalformedError("GOSUMDB", value, "the name is not host[/path]")
    url = _parse_url(words[1]) if len(words) == 2 else None
    return Database(verifier.name, key, url)


def _parse_url(url: str) -> str:
    """Return a database's address without its final slash."""
    what = "GOSUMDB URL"
    if "@" in url:  # before any message could show a password
        raise MalformedError(what, "", "has a user name; credentials come from netrc")
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname)
        _ = parts.port
    except ValueError as error:
        raise MalformedError(what, url, str(error)) from None
    if not _URL_RE.fullmatch(url) or "?" in url or "#" in url:
        raise MalformedError(what, url, "has a query, a fragment or odd characters")
    if parts.scheme == "file":
        if has_host or not parts.path.startswith("/"):
            raise MalformedError(what, url, "is not file:///path")
    elif parts.scheme not in {"http", "https"} or not has_host:
        raise MalformedError(what, url, "is not an http, https or file URL")
    return url.rstrip("/")
