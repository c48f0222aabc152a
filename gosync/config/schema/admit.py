"""Section ``[[admit]]``: scanners that new versions are shown to."""

from __future__ import annotations

from gosync.admit.verdict import OnError
from gosync.config.schema.section import Name, Section


class AdmitSection(Section, frozen=True):
    """One ``[[admit]]``: a scanner that each new version is shown to.

    Attributes:
        name: What it is called.
        command: A program and its arguments, with {folder}, {zip}, {module},
            {version}, {h1}; exit 0 lets in, 1 refuses.
        url: A service instead, that is POSTed the zip.
        version_command: What tells the program's version: what it let in is not shown
            to the same one again.
        patterns: GOPRIVATE patterns of the modules that it is to see.
        time_limit: How long it may take.
        on_error: What becomes of a version that it says nothing of: "wait" (tried
            again), "admit", "refuse".
    """

    name: Name
    command: tuple[str, ...] = ()
    url: str = ""
    version_command: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ("*",)
    time_limit: str = "2m"
    on_error: OnError = OnError.WAIT
