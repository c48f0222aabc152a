"""The policy's rulings for people: what is kept out and why, what ends when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gosync.catalog.rulings import Ruling
from gosync.site.policyreport import EndingException, PolicyReport
from gosync.text import printable

_SHOWN: Final = 20


def policy_lines(report: PolicyReport) -> Iterator[str]:
    """Yield what is denied, let in by an exception that ends soon, or told of."""
    yield from _first(report.denied, "denied")
    yield from _first(report.warned, "policy")
    yield from map(_ending_line, report.ending)


def ruling_lines(ruling: Ruling) -> Iterator[str]:
    """Yield what the policy says of one version, and who wants it."""
    yield f"{ruling.effect.value:8} {ruling.mv} ({ruling.rule})"
    yield f"         {printable(ruling.reason)}"
    if ruling.exception:
        until = f", until {ruling.until}" if ruling.until else ""
        yield f"         exception: {printable(ruling.exception)}{until}"
    if ruling.wanted_by:
        chain = " > ".join(map(printable, ruling.chain))
        yield f"         wanted by {printable(ruling.wanted_by)}: {chain}"


def _first(rulings: Sequence[Ruling], what: str) -> Iterator[str]:
    for each in rulings[:_SHOWN]:
        yield from ruling_lines(each)
    if len(rulings) > _SHOWN:
        yield f"{what:8} ... and {len(rulings) - _SHOWN} more; --json has all"


def _ending_line(ending: EndingException) -> str:
    some = ", ".join(ending.versions[:3])
    more = "" if len(ending.versions) <= 3 else f" and {len(ending.versions) - 3} more"
    days = "today" if not ending.days_left else f"in {ending.days_left} days"
    return (
        f"policy   an exception ends {days}, on {ending.until}"
        f" ({printable(ending.reason)}): {some}{more}"
    )
