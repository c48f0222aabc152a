"""A text file for Prometheus, as node_exporter's text file collector reads it.

Times are given as times, not as ages: a file that nobody writes any more must look
older every minute. Every metric has the label ``mirror``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gosync.clock import format_time, parse_time
from gosync.status.facts import MirrorFacts
from gosync.sync.completeness import Completeness


class Metric(msgspec.Struct, frozen=True):
    """One metric.

    Attributes:
        name: Its name, without the prefix.
        help: What it means.
        samples: Values with their label, ("", "") for none.
    """

    name: str
    help: str
    samples: tuple[tuple[str, str, float], ...]


def format_metrics(facts: MirrorFacts, *, name: str) -> bytes:
    """Return the file.

    Args:
        facts: How the mirror is.
        name: What it is called.
    """
    lines: list[str] = []
    for metric in _metrics(facts):
        if not metric.samples:
            continue
        lines.append(f"# HELP gosync_{metric.name} {metric.help}")
        lines.append(f"# TYPE gosync_{metric.name} gauge")
        for label, value, number in metric.samples:
            more = f',{label}="{_escape(value)}"' if label else ""
            labels = f'mirror="{_escape(name)}"{more}'
            lines.append(f"gosync_{metric.name}{{{labels}}} {_number(number)}")
    return ("\n".join(lines) + "\n").encode()


def _metrics(facts: MirrorFacts) -> Iterator[Metric]:
    yield _one(
        "written_timestamp_seconds", "When this was written.", format_time(facts.now)
    )
    yield _one(
        "index_cursor_timestamp_seconds",
        "Up to which time the module index was read.",
        facts.freshness.index_cursor,
    )
    yield _one(
        "oldest_list_timestamp_seconds",
        "When the oldest list was asked.",
        facts.freshness.oldest_list_at,
    )
    yield Metric(
        "versions",
        "Known module versions by state.",
        tuple(("state", s, n) for s, n in facts.versions.document().items()),
    )
    yield _one("modules", "Modules that are followed.", facts.modules)
    yield from _selection(facts.completeness)
    yield _one("carried_bytes", "Sizes of all that is carried.", facts.carried_bytes)
    yield _one("security_findings", "Open evidence of misbehaviour.", facts.security)
    yield Metric(
        "findings",
        "What audits found and stands open, by kind.",
        tuple(("kind", kind.value, n) for kind, n in facts.findings.items()),
    )
    yield _one(
        "vulnerable_modules",
        "Modules of the tree of which versions have known vulnerabilities.",
        facts.vulnerable,
    )
    yield from _jobs(facts)
    yield from _upstreams(facts)


def _upstreams(facts: MirrorFacts) -> Iterator[Metric]:
    found = facts.upstreams
    yield Metric(
        "upstream_open",
        "1 while an upstream is not asked, since it gave no answers.",
        tuple(("upstream", each.url, int(each.state == "open")) for each in found),
    )
    for name, help_text, values in (
        (
            "upstream_success_ratio",
            "Share of the last requests that were answered.",
            [(each.url, each.success_rate) for each in found],
        ),
        (
            "upstream_p50_seconds",
            "How long answers take, the median.",
            [(each.url, each.p50_seconds) for each in found],
        ),
        (
            "upstream_p95_seconds",
            "How long the late answers take.",
            [(each.url, each.p95_seconds) for each in found],
        ),
        (
            "upstream_lag_minutes",
            "How far it was behind the module index at its last health check.",
            [(each.url, each.lag.minutes) for each in found if each.lag is not None],
        ),
    ):
        told = ((url, value) for url, value in values if value is not None)
        samples = tuple(("upstream", url, value) for url, value in told)
        yield Metric(name, help_text, samples)
    yield _one(
        "upstream_month_bytes",
        "What came from upstreams in this calendar month.",
        facts.volume.received_bytes,
    )
    if facts.volume.limit_bytes:
        yield _one(
            "upstream_month_limit_bytes",
            "At how many bytes in a month no further zip is begun.",
            facts.volume.limit_bytes,
        )


def _selection(found: Completeness) -> Iterator[Metric]:
    counts = found.versions
    yield _one("missing", "What is selected and not here.", found.missing)
    yield _one("selected", "Versions that are selected.", counts.selected)
    roles = (("chosen", counts.chosen), ("dependency", counts.dependencies))
    yield Metric(
        "whole_versions",
        "Selected versions that can be built with, by what they are selected for.",
        tuple(("role", *each) for each in (*roles, ("tool", counts.tools))),
    )
    yield _one("go_mods", "Versions of which the .mod alone is here.", counts.go_mods)
    yield _one("withdrawn", "Selected versions that were withdrawn.", counts.withdrawn)
    yield _one("denied", "Selected versions that the policy denies.", counts.denied)
    empty = sum(module.is_missing for module in found.empty_modules)
    yield _one("empty_modules", "Named modules of which there is nothing.", empty)
    unpublished = len(found.unpublished)
    yield _one("unpublished", "Carried, and not to be named in a tree.", unpublished)
    complete = int(found.is_complete)
    yield _one("selection_complete", "1 when all that is selected is here.", complete)


def _jobs(facts: MirrorFacts) -> Iterator[Metric]:
    rows = facts.jobs.values()
    times = (
        ("start", "Start of the last run.", [(r.name, r.started_at) for r in rows]),
        ("success", "Last good end.", [(r.name, r.succeeded_at) for r in rows]),
        ("next_run", "Start of the next run.", [(r.name, r.next_run_at) for r in rows]),
    )
    for name, help_text, values in times:
        yield Metric(f"job_{name}_timestamp_seconds", help_text, _seconds(values))
    yield Metric(
        "job_exit_code",
        "How the last run ended.",
        tuple(("job", r.name, r.exit_code) for r in rows if r.exit_code is not None),
    )
    failures = tuple(("job", row.name, row.failures) for row in rows)
    yield Metric("job_failures", "Runs in a row that failed.", failures)


def _one(name: str, help_text: str, value: float | str | None) -> Metric:
    """Return a metric with one value, or with the time that a text says."""
    if isinstance(value, str):
        value = parse_time(value).timestamp()
    samples = () if value is None else (("", "", value),)
    return Metric(name, help_text, samples)


def _seconds(
    values: Iterable[tuple[str, str | None]],
) -> tuple[tuple[str, str, float], ...]:
    return tuple(("job", name, parse_time(at).timestamp()) for name, at in values if at)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) else f"{value:.3f}"
