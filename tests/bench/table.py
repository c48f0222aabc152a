"""The result: one row a figure, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

_COLUMNS = ("figure", "ours", "peer or limit", "ratio", "target", "met?")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure against what it must reach.

    Attributes:
        figure: What was measured.
        ours: gosync's value, the median.
        against: The peer's median, or the limit.
        unit: Of both.
        peer: Who the peer is, "" for a limit.
        ratio: How many times the peer's cost is ours, or our part of the limit.
        target: The least such multiple, or 1 for a limit; None for information.
        spread: Lowest and highest of what ``ratio`` is the median of.
    """

    figure: str
    ours: float
    against: float
    unit: str
    peer: str
    ratio: float
    target: float | None
    spread: tuple[float, float]

    @property
    def met(self) -> bool:
        """Whether the target is met; information has none to miss."""
        if self.target is None:
            return True
        return self.ratio >= self.target if self.peer else self.ratio < self.target

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table for people."""
        low, high = self.spread
        shown = f"{self.ratio:.2f} ({low:.2f}-{high:.2f})"
        target = "-"
        if self.peer:
            against = f"{self.peer} {self.against:.4g} {self.unit}"
            if self.target is not None:
                target = f"at least {self.target:g} times as fast"
        else:
            against = f"limit {self.against:g} {self.unit}"
            target = "below the limit"
        ours = f"{self.ours:.4g} {self.unit}"
        met = "-" if self.target is None else "yes" if self.met else "NO"
        return (self.figure, ours, against, shown, target, met)


def faster(
    figure: str,
    pairs: Sequence[tuple[float, float]],
    *,
    peer: str,
    target: float | None,
) -> Row:
    """Return the row of runs (ours, peer's) side by side, in seconds.

    The ratio is the median of the runs' own ratios: what else the machine does
    weighs on both halves of a run, not on its ratio.
    """
    ratios = [theirs / ours for ours, theirs in pairs]
    return Row(
        figure,
        ours=median(ours for ours, _ in pairs),
        against=median(theirs for _, theirs in pairs),
        unit="s",
        peer=peer,
        ratio=median(ratios),
        target=target,
        spread=(min(ratios), max(ratios)),
    )


def beside(figure: str, ours: float, against: float, *, unit: str, peer: str) -> Row:
    """Return the row of a figure beside another's, for information."""
    ratio = against / ours
    return Row(
        figure,
        ours=ours,
        against=against,
        unit=unit,
        peer=peer,
        ratio=ratio,
        target=None,
        spread=(ratio, ratio),
    )


def within(figure: str, values: Sequence[float], *, limit: float, unit: str) -> Row:
    """Return the row of values that must stay below a limit."""
    ratios = [value / limit for value in values]
    return Row(
        figure,
        ours=median(values),
        against=limit,
        unit=unit,
        peer="",
        ratio=median(ratios),
        target=1,
        spread=(min(ratios), max(ratios)),
    )


def document(rows: Iterable[Row]) -> list[dict[str, object]]:
    """Return the rows as JSON."""
    return [{**asdict(row), "met": row.met} for row in rows]


def format_table(rows: Iterable[Row]) -> str:
    """Return the rows as text in columns."""
    lines = [_COLUMNS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
