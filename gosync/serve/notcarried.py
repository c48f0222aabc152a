"""Text of a 404: what is not carried, what is instead, whom to ask. Pure.

``go`` prints the body of an error answer that is text/plain, has at most eight lines
and 648 bytes, behind "server response:" (cmd/go/internal/web).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gosync.folder.requests import ProxyRequest, ProxyRequestKind
from gosync.gomod.semver import compare, is_valid
from gosync.text import printable

MAX_BYTES: Final = 648
_NEAREST: Final = 4
_NAME_CHARACTERS: Final = 200
_SAID_CHARACTERS: Final = 400  # what follows is to fit in, too
_OF_LOG: Final = {
    ProxyRequestKind.LOOKUP,
    ProxyRequestKind.TILE,
    ProxyRequestKind.HEAD,
    ProxyRequestKind.SUPPORTED,
}


def not_carried_text(
    request: ProxyRequest | None,
    carried: Sequence[str],
    contact: str,
    *,
    said: str = "",
) -> bytes:
    """Return the text.

    Args:
        request: What was asked for, None for no file of a module proxy.
        carried: Versions of the module that are carried, ascending.
        contact: Whom to ask, "" for nobody.
        said: What the upstream said of it; "" where none was asked.
    """
    if request is None or not request.module:
        return f"{said.strip() or 'not found: no such file'}\n".encode()
    own = f"not found: {_shown(request)}: this mirror does not carry it"
    lines = [said.strip()[:_SAID_CHARACTERS] or own]
    if carried and request.kind not in _OF_LOG:
        lines.append(f"carried: {', '.join(nearest(request.version, carried))}")
    if contact:
        lines.append(f"ask for it: {printable(contact)}")
    text = "".join(f"{line}\n" for line in lines).encode()
    return text[: MAX_BYTES - 1] + b"\n" if len(text) > MAX_BYTES else text


def _shown(request: ProxyRequest) -> str:
    at = f"@{request.version}" if request.version else ""
    return printable(f"{request.module}{at}")[:_NAME_CHARACTERS]


def nearest(version: str, carried: Sequence[str]) -> list[str]:
    """Return the carried versions around one, or the newest ones.

    Args:
        version: What was asked for; "" or a branch for no place among them.
        carried: The versions, ascending.
    """
    if not is_valid(version):
        return list(carried[-_NEAREST:])
    at = sum(compare(each, version) < 0 for each in carried)
    first = max(0, min(at - _NEAREST // 2, len(carried) - _NEAREST))
    return list(carried[first : first + _NEAREST])
