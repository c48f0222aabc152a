"""``gosync access --seal`` and ``--prove DAY``: records of past days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from gosync.access.files import find_logs
from gosync.access.sealing import (
    AccessRecords,
    ProofReport,
    ProvenPart,
    SealReport,
)
from gosync.catalog.leases import job_lease
from gosync.cli.options import CommonOptions
from gosync.errors import NotFoundError, UsageError
from gosync.signing.files import read_key
from gosync.site.site import open_site
from gosync.text import printable

_EXIT_CHANGED = 4


def seal_days(options: CommonOptions, logs: Sequence[str]) -> int:
    """Seal the days of logs that are over, and forget lines that are too old."""
    config = options.load_config()
    spec = config.access
    names = find_logs(logs or spec.logs)
    if not names:
        raise UsageError(
            "no log to seal", hint="name one, or [access] logs in gosync.toml"
        )
    key = None if spec.key is None else read_key(spec.key)
    site_options = config.site_options()
    with (
        open_site(site_options, command="gosync access") as site,
        site.hold(job_lease("access")),
    ):
        records = AccessRecords(site_options.store_path)
        now = site.clock.now()
        seals = records.seal(names, now, key)
        gone = records.forget(now, spec.keep_days)
    report = SealReport(sealed=seals, forgotten=gone)
    lines = [f"sealed {each.day}: {each.lines} lines" for each in seals]
    lines += [f"{gone} days are older than access.keep_days; their lines are gone"]
    options.output.result(
        "access-seal", report, lines if gone else lines[:-1] or ["nothing to seal"]
    )
    return 0


def prove_day(options: CommonOptions, day: str) -> int:
    """Hold a day's lines against its seals, and these against their chain."""
    try:
        day = date.fromisoformat(day).isoformat()
    except ValueError as exc:
        raise UsageError(f"{day}: no day", hint="write it as 2026-11-27") from exc
    config = options.load_config()
    key = None if config.access.key is None else read_key(config.access.key).public()
    parts, problems = AccessRecords(config.store_path).prove(day, key)
    if not parts and not problems:
        raise NotFoundError(
            f"{day}: no sealed records", hint="gosync access --seal keeps whole days"
        )
    problems += [
        f"seal {each.number}: {each.problem}" for each in parts if each.problem
    ]
    report = ProofReport(day=day, ok=not problems, parts=parts, problems=problems)
    lines = [*map(_part_line, parts), *map(printable, problems)]
    options.output.result("access-prove", report, lines)
    return _EXIT_CHANGED if problems else 0


def _part_line(part: ProvenPart) -> str:
    kept = "" if part.kept else "; its lines were forgotten"
    signed = {None: "", True: ", signed", False: ", NOT signed"}[part.signed]
    return f"seal {part.number}: {part.lines} lines, sha256 {part.sha256}{signed}{kept}"
