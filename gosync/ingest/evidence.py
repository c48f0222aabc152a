"""Evidence of a refusal: who served what, from where, and the bytes themselves.

evidence.json (``store.quarantine``) holds for every refusal "subject", "error" and
"reason", and under "served" for each file that was served where it came from, when,
with which status and headers. The gate adds both hashes. So that nobody fills the
disk with what is refused, of an answer, ``.info`` or ``.mod`` of more than KEPT_BYTES
and of a zip of more than KEPT_ZIP_BYTES the first KEPT_BYTES are kept; "cut" then has
the size and the sha256.
"""

from __future__ import annotations

from collections.abc import Mapping

from gosync.errors import GosyncError, RejectedError
from gosync.store.digest import digest_of
from gosync.store.quarantine import Quarantine
from gosync.store.staging import Readable, digest_of_readable

KEPT_BYTES = 1 << 20
KEPT_ZIP_BYTES = 64 << 20

_ANSWER = "answer"


def keep_evidence(
    quarantine: Quarantine,
    subject: str,
    error: GosyncError,
    *,
    served: Mapping[str, object],
    files: Mapping[str, Readable | bytes],
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
    cut = {name: _cut(content) for name, content in files.items() if _is_large(content)}
    files |= {name: beginning for name, (beginning, _) in cut.items()}
    evidence = {
        "subject": subject,
        "error": type(error).__name__,
        "reason": str(error),
        "served": served,
        "cut": {name: fact for name, (_, fact) in cut.items()},
        **(facts or {}),
    }
    return quarantine.keep(subject, str(error), evidence=evidence, files=files)


def _is_large(content: Readable | bytes) -> bool:
    if isinstance(content, bytes):
        return len(content) > KEPT_BYTES
    return content.size_bytes > KEPT_ZIP_BYTES


def _cut(content: Readable | bytes) -> tuple[bytes, dict[str, object]]:
    """Return the beginning of some bytes, and what they are as a whole."""
    if isinstance(content, bytes):
        beginning, size_bytes = content[:KEPT_BYTES], len(content)
        digest = digest_of(content)
    else:
        beginning, size_bytes = content.read_at(0, KEPT_BYTES), content.size_bytes
        digest = digest_of_readable(content)
    return beginning, {"size_bytes": size_bytes, "sha256": digest}
