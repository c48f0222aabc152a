"""URLs: taking them apart, joining them, and keeping their secrets.

A URL may hold a secret in its user info (``https://user:word@host``) or, when a
redirect made it, in its query (signed links). Whatever is shown or kept as
evidence goes through :func:`strip_secrets` first.

Paths of modules go over the wire the way ``go`` sends them: the escaped form's
"!" as ``%21`` in requests for modules, but bare in those to a checksum database.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from gosync.errors import ConfigError, MalformedError

# Go's url.PathEscape leaves these bare within a segment; "/" divides segments.
_PATH_SAFE: Final = "/$&+=:@~"
# What a checksum database's client sends: also "!" (and "," which paths lack).
_RAW_SAFE: Final = _PATH_SAFE + "!,"
_USER_INFO: Final = re.compile(r"(//)[^/?#\s]*@")


def split_url(text: str) -> SplitResult:
    """Split an absolute http, https or file URL.

    Raises:
        MalformedError: It is no such URL.
    """
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError:
        raise MalformedError("URL", strip_secrets(text), "does not parse") from None
    if parts.scheme not in ("http", "https", "file"):
        raise MalformedError(
            "URL", strip_secrets(text), "must start with https://, http:// or file://"
        )
    if parts.scheme != "file" and not parts.hostname:
        raise MalformedError("URL", strip_secrets(text), "names no host")
    return parts


def check_base_url(text: str) -> None:
    """Check a URL that paths will be added to.

    Raises:
        ConfigError: It is no http, https or file URL, has a query or fragment,
            would send a password over plain http, or is a file URL with more
            than a path.
    """
    try:
        parts = split_url(text)
    except MalformedError as exc:
        raise ConfigError(str(exc)) from None
    shown = strip_secrets(text)
    if parts.query or parts.fragment:
        raise ConfigError(f"{shown}: may have neither query nor fragment")
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise ConfigError(f"{shown}: a file URL is file:// and an absolute path")
    if parts.scheme == "http" and "@" in parts.netloc:
        raise ConfigError(
            f"{shown}: refusing to send a password over plain http",
            hint="use https, or leave out the user name and password",
        )


def join(base: str, path: str) -> str:
    """Return the base URL with a path, as is, below it."""
    return f"{base.rstrip('/')}/{path}"


def module_path_on_wire(path: str) -> str:
    """Return a proxy path, percent-encoded as ``go`` does for modules."""
    return quote(path, safe=_PATH_SAFE)


def sumdb_path_on_wire(path: str) -> str:
    """Return a checksum database path, where "!" stays as it is."""
    return quote(path, safe=_RAW_SAFE)


def strip_secrets(text: str) -> str:
    """Return the URL without user info, query and fragment."""
    return re.split("[?#]", strip_user_info(text), maxsplit=1)[0]


def strip_user_info(text: str) -> str:
    """Return any text with the user info of the URLs in it left out."""
    return _USER_INFO.sub(r"\1", text)


def file_path(url: str) -> str:
    """Return the local path that a file URL names.

    Raises:
        MalformedError: The path holds a NUL byte.
    """
    path = unquote(urlsplit(url).path, errors="surrogateescape")
    if "\0" in path:
        raise MalformedError("URL", strip_secrets(url), "holds a NUL byte")
    return path
