"""URLs: joined for requests, and stripped of secrets before they are shown.

A configuration's secrets are parted from its URLs before (``address``). A redirect
may bring others, in the query as a rule (signed links). Whatever is shown or kept as
evidence goes through :func:`strip_secrets` first.

Paths of modules go over the wire the way ``go`` sends them: the escaped form's
"!" as ``%21`` in requests for modules, but bare in those to a checksum database.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

# Go's url.PathEscape leaves these bare within a segment; "/" divides segments.
_PATH_SAFE: Final = "/$&+=:@~"
# What a checksum database's client sends: also "!" (and "," which paths lack).
_RAW_SAFE: Final = _PATH_SAFE + "!,"
_USER_INFO: Final = compile_on_use(r"(//)[^/?#\s]*@")


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
