"""What is kept of a refusal: who said what, from where, and the bytes themselves.

evidence.json (``store.quarantine``) holds for every refusal "subject", "error" and
"reason", and under "served" for each file that was served where it came from, when,
with which status and headers. The gate adds both hashes. Of a file in memory (an
answer, ``.info`` or ``.mod``) no more than KEPT_BYTES are kept; "cut" then has its
size and its sha256.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gosync.errors import GosyncError, RejectedError
from gosync.store.digest import digest_of
from gosync.store.quarantine import Quarantine

KEPT_BYTES = 1 << 20

_ANSWER = "answer"


def keep_evidence(
    quarantine: Quarantine,
    subject: str,
    error: GosyncError,
    *,
    served: Mapping[str, object],
    files: Mapping[str, Path | bytes],
    facts: Mapping[str, object] | None = None,
) -> str:
    """Put a refusal into quarantine; return its id.

    Args:
        quarantine: Where to.
        subject: What it is about, ``path@version`` as a rule.
        error: Why it was refused; an answer that it carries is kept, too.
        served: By label, where a file came from.
        files: By label, the bytes.
        facts: What else is known.

    Raises:
        NoSpaceError: if the disk is full.
        StoreError: if it cannot be written.
    """
    served, files = dict(served), dict(files)
    if isinstance(error, RejectedError) and error.served is not None:
        served[_ANSWER], files[_ANSWER] = error.served, error.answer
    whole = {
        name: data
        for name, data in files.items()
        if isinstance(data, bytes) and len(data) > KEPT_BYTES
    }
    files |= {name: data[:KEPT_BYTES] for name, data in whole.items()}
    evidence = {
        "subject": subject,
        "error": type(error).__name__,
        "reason": str(error),
        "served": served,
        "cut": {
            name: {"size_bytes": len(data), "sha256": digest_of(data)}
            for name, data in whole.items()
        },
        **(facts or {}),
    }
    return quarantine.keep(subject, str(error), evidence=evidence, files=files)
