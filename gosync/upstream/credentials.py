"""Credentials: names and passwords, where they come from and who may see them.

They stand in a URL's user info or in netrc (``$NETRC``, else ``~/.netrc``), and
are sent as Basic authentication, over https only, to the host they are for.
They never follow a redirect to another origin.

netrc is read as ``go`` reads it: white space divides tokens; ``machine NAME``
begins an entry, ``login`` and ``password`` complete it; a ``macdef`` runs to the
next empty line; ``default`` ends the file. At most 1 MiB is read.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

_log = logging.getLogger(__name__)
_LIMIT_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login and its password; neither shows in a repr.

    Attributes:
        login: The user's name.
        password: The password.
    """

    login: str = field(repr=False)
    password: str = field(repr=False)

    def authorization(self) -> str:
        """Return the value of the Authorization header (RFC 7617)."""
        return f"Basic {self._token()}"

    def scrub(self, text: str) -> str:
        """Return a text that the other side sent, without these secrets."""
        text = text.replace(self._token(), "***")
        return text.replace(self.password, "***") if self.password else text

    def _token(self) -> str:
        pair = f"{self.login}:{self.password}".encode("utf-8", "surrogateescape")
        return base64.b64encode(pair).decode("ascii")


def credentials_of_user_info(user_info: bytes) -> Credentials | None:
    """Return what a URL's ``user:password`` says, or None for an empty one."""
    login, _, password = user_info.decode("utf-8", "surrogateescape").partition(":")
    if not login and not password:
        return None
    return Credentials(unquote(login), unquote(password))


def parse_netrc(text: str) -> dict[str, Credentials]:
    """Return the complete entries by machine; the first of a machine counts."""
    found: dict[str, Credentials] = {}
    entry: dict[str, str] = {}
    in_macro = False
    for line in text.split("\n"):
        if in_macro:
            in_macro = bool(line.strip("\r"))
            continue
        tokens = line.split()
        for key, value in zip(tokens[::2], tokens[1::2], strict=False):
            in_macro = in_macro or key == "macdef"
            entry = {key: value} if key == "machine" else entry | {key: value}
            if entry.keys() >= {"machine", "login", "password"}:
                made = Credentials(entry["login"], entry["password"])
                found.setdefault(entry["machine"], made)
                entry = {}
        if tokens and len(tokens) % 2 and tokens[-1] == "default":
            break
    return found


def load_netrc(environment: Mapping[str, str]) -> dict[str, Credentials]:
    """Read the netrc file, if there is one that can be read."""
    named = environment.get("NETRC")
    home = environment.get("HOME")
    if not named and not home:
        return {}
    path = Path(named) if named else Path(str(home)) / ".netrc"
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES)
    except FileNotFoundError:
        return {}
    except OSError as exc:
        _log.warning("netrc cannot be read, going on without: %s", exc.strerror)
        return {}
    return parse_netrc(data.decode("utf-8", "surrogateescape"))
