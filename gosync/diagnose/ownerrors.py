"""Which class of failures an error of gosync's own is of, from its kept text. Pure.

An error that is raised has its class with it (``GosyncError.failure_class``); of one
that was kept, there are its name and its sentence.
"""

from __future__ import annotations

import re
from typing import Final

from gosync import errors
from gosync.errors import (
    GosyncError,
    RollbackError,
    SignatureError,
    UpstreamStatusError,
)

_STATUS: Final = re.compile(r": ([1-5]\d\d)(?: |:|$)")
_WORDS: Final = (
    ("Name or service not known", "network.dns"),
    ("nodename nor servname", "network.dns"),
    ("No address associated", "network.dns"),
    ("Temporary failure in name resolution", "network.dns_timeout"),
    ("certificate has expired", "tls.expired"),
    ("certificate is not yet valid", "tls.expired"),
    ("Hostname mismatch", "tls.wrong_name"),
    ("IP address mismatch", "tls.wrong_name"),
    ("CERTIFICATE_VERIFY_FAILED", "tls.unknown_authority"),
    ("WRONG_VERSION_NUMBER", "tls.plain_http"),
    ("407 Proxy Authentication", "proxy.auth"),
    ("onnection refused", "network.refused"),
    ("onnection reset", "network.reset"),
    ("unreachable", "network.unreachable"),
    ("no signature of", "sum.unknown_key"),
    ("signature does not verify", "sum.bad_signature"),
    ("without sending a response", "network.eof"),
)
# Of these, what is kept concerns the checksum database alone.
_KEPT: Final = {
    SignatureError.__name__: "sum.bad_signature",
    RollbackError.__name__: "sum.rollback",
}


def class_of_error(name: str, reason: str) -> str:
    """Return the class of an error that was kept, "" for none.

    Args:
        name: The name of its class, such as "UpstreamStatusError".
        reason: Its sentence.
    """
    kind = getattr(errors, name, GosyncError)
    match = _STATUS.search(reason)
    if name == UpstreamStatusError.__name__ and match is not None:
        return UpstreamStatusError(reason, status=int(match[1])).failure_class
    if "fetch timed out" in reason:
        return "http.404_timeout"
    if match is not None and match[1] in {"404", "410"}:
        return f"http.{match[1]}"
    told = (failure for words, failure in _WORDS if words in reason)
    own = _KEPT.get(name) or str(getattr(kind, "failure_class", ""))
    return next(told, "") or own
