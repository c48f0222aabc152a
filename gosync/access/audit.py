"""Audit of access logs: read them once, count, and hold them against the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from gosync.access.alerts import AlertFinder, Surroundings
from gosync.access.files import followed_blocks, read_blocks
from gosync.access.lines import LogReader, WholeLines
from gosync.access.missing import MissingRequests
from gosync.access.rule import DEFAULT_RULES, AccessRule
from gosync.access.served import ServedFindings
from gosync.access.tally import AccessTally, Watch
from gosync.access.toolchains import ToolchainRequests
from gosync.access.windows import Alert
from gosync.errors import RejectedError
from gosync.work.progress import Progress

_MISSING: Final = 5_000


class AccessOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit needs to know.

    Attributes:
        rules: The rules.
        around: What they must know of the site.
        prefix: What the tree is served below, like "/goproxy"; "" for the root.
    """

    rules: Sequence[AccessRule] = DEFAULT_RULES
    around: Surroundings = msgspec.field(default_factory=Surroundings)
    prefix: str = ""


class AccessAudit:
    """One audit of some logs.

    Attributes:
        reader: Reads the lines, and knows how many were none.
        lines: Cuts them, and knows how many were too long.
        tally: What is counted.
        alerts: What fired.
        missing: What was asked for and is not carried.
        served: What has a finding and was given out.
        toolchains: The toolchains that were fetched.
        damaged: Why logs were not read to their end.
    """

    def __init__(self, options: AccessOptions) -> None:
        self.reader = LogReader()
        self.lines = WholeLines()
        self.alerts = AlertFinder(options.rules, options.around)
        self.missing = MissingRequests(options.prefix, anonymous=True, most=_MISSING)
        self.served = ServedFindings(options.around.findings)
        self.toolchains = ToolchainRequests()
        self.damaged: list[RejectedError] = []
        self.tally = AccessTally(self._watches(), options.prefix)

    def _watches(self) -> Iterable[Watch]:
        yield self.alerts.watch()
        yield Watch(self.missing.see)
        yield Watch(self.served.see, modules=self.served.concerns)
        yield Watch(self.toolchains.see, modules=self.toolchains.concerns)

    @property
    def unread(self) -> int:
        """How many lines were no request."""
        return self.reader.unread + self.tally.unread + self.lines.too_long

    def read(self, names: Iterable[str], progress: Progress) -> None:
        """Read logs to their ends.

        Raises:
            UsageError: one is not there, or cannot be read.
        """
        for name in names:
            try:
                for block in read_blocks(name):
                    self._see(self.lines.add(block))
                    progress.advance()
            except RejectedError as exc:
                self.damaged.append(exc)
            self._see(self.lines.end())
        self.tally.end()

    def follow(
        self,
        name: str,
        is_over: Callable[[], bool],
        tell: Callable[[Alert], None],
    ) -> None:
        """Read a log and what is written to it, and tell what fires as it does.

        Raises:
            UsageError: it is not there, or cannot be read.
        """
        told = 0
        for block in followed_blocks(name, is_over):
            self._see(self.lines.add(block))
            for alert in self.alerts.alerts[told:]:
                tell(alert)
            told = len(self.alerts.alerts)
        self._see(self.lines.end())
        self.tally.end()
        for alert in self.alerts.alerts[told:]:
            tell(alert)

    def _see(self, block: bytes) -> None:
        if block:
            self.tally.see(self.reader.lines(block))
