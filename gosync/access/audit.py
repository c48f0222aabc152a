"""Audit of access logs: read them once, count, and hold them against the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from gosync.access.alerts import AlertFinder, Surroundings
from gosync.access.files import followed_blocks, read_blocks, refusals
from gosync.access.lines import LogReader, WholeLines
from gosync.access.missing import MissingRequests
from gosync.access.ranges import RANGE_BYTES, RangeReader, ranged_bytes
from gosync.access.rule import DEFAULT_RULES, AccessRule
from gosync.access.served import ServedFindings
from gosync.access.tally import AccessTally
from gosync.access.toolchains import ToolchainRequests
from gosync.access.watch import Watch
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

    def range_reader(self, names: Iterable[str]) -> RangeReader:
        """Return what counts large plain logs beside this process, for ``read``.

        No thread of this process may begin before.
        """
        return RangeReader(self.tally.new_counter, sum(map(ranged_bytes, names)))

    def read(
        self,
        names: Iterable[str],
        progress: Progress,
        ranges: RangeReader | None = None,
    ) -> None:
        """Read logs to their ends.

        Args:
            names: The logs.
            progress: Is told of what was read.
            ranges: Reads large plain ones.

        Raises:
            UsageError: one is not there, or cannot be read.
            StoreError: a process was killed that read a part of one.
        """
        for name in names:
            if ranges is not None and ranged_bytes(name):
                self._read_ranges(name, progress, ranges)
            else:
                self._read_blocks(name, progress)
        self.tally.end()
        self.alerts.sort()

    def _read_blocks(self, name: str, progress: Progress) -> None:
        try:
            for block in read_blocks(name):
                self._see(self.lines.add(block))
                progress.advance(size_bytes=len(block))
        except RejectedError as exc:
            self.damaged.append(exc)
        self._see(self.lines.end())

    def _read_ranges(self, name: str, progress: Progress, ranges: RangeReader) -> None:
        with refusals(name), ranges.counted(name) as found:
            for counted in found:
                for lines in counted.shown_lines():
                    self.tally.show(lines)
                for counts in counted.counts():
                    self.tally.add(counts)
                self.reader.add(counted.read, counted.unread, counted.forms)
                progress.advance(size_bytes=RANGE_BYTES)

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
