"""Verdict of a scanner on a version's zip, and how scanners are configured. Pure.

A command says it by its exit code, as ClamAV does: 0 may come in, 1 may not, all else
is no answer. Its words are ``{folder}`` for the unpacked zip, ``{zip}`` for the zip
itself, ``{module}``, ``{version}`` and ``{h1}``; where it names neither of the first
two, the folder is its last word.

A service gets the zip as a POST's body, with the headers ``X-Gosync-Module``,
``X-Gosync-Version`` and ``X-Gosync-H1``, and answers 200 with JSON::

    {"verdict": "admit" | "refuse", "reason": "...", "version": "the scanner's own"}
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from gosync.gomod.patterns import PatternSet

MAX_REASON: Final = 500
FOLDER: Final = "verdicts/"  # of documents


class Admits(StrEnum):
    """What a scanner says."""

    ADMIT = "admit"
    REFUSE = "refuse"


class OnError(StrEnum):
    """What becomes of a version that a scanner gives no verdict on."""

    WAIT = "wait"  # it fails, and is tried again
    ADMIT = "admit"
    REFUSE = "refuse"


class ScannerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A scanner.

    Attributes:
        name: What messages call it.
        command: The program and its arguments; none for a service.
        url: The service; "" for a command.
        version_command: What tells the command's version; none: it is not known.
        modules: Of which modules it is asked.
        seconds: How long it may take.
        on_error: What becomes of a version that it says nothing of.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    version_command: tuple[str, ...] = ()
    modules: PatternSet
    seconds: float = 120
    on_error: OnError = OnError.WAIT


class ScannerVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a scanner said of a version; kept as a document.

    Attributes:
        module: The module path.
        version: The version.
        h1: Its zip.
        scanner: Who said it.
        scanner_version: The scanner's own version, "" where it is not known.
        verdict: What it said.
        reason: In its words; "" for none.
        at: When.
    """

    module: str
    version: str
    h1: str
    scanner: str
    scanner_version: str = ""
    verdict: Admits
    reason: Annotated[str, msgspec.Meta(max_length=MAX_REASON)] = ""
    at: str
