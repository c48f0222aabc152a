"""Sections ``[daemon.jobs]`` and ``[hooks]``, made into jobs and hooks.

A job that is not mentioned runs by its default; ``interval = "off"`` turns it off.
"""

from __future__ import annotations

import shlex
from collections.abc import Set as AbstractSet
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from msgspec.structs import replace

from gosync.config.durations import parse_duration
from gosync.config.duties import Hook, Hooks, JobSpec
from gosync.config.mistakes import Key, Mistakes
from gosync.config.schema import DaemonSection, HooksSection, JobSection
from gosync.errors import ConfigError
from gosync.schedule import Schedule, parse_cron, parse_time_zone

OFF = "off"
_DEFAULTS = {
    "sync": JobSection(interval="15m", jitter="1m", time_limit="6h"),
    "lists": JobSection(interval="1d", jitter="1h", time_limit="6h"),
    "audit": JobSection(interval="1h", jitter="5m", time_limit="2h"),
    "verify": JobSection(interval="1d", jitter="1h", time_limit="4h"),
    "publish": JobSection(interval="1d", jitter="1h", time_limit="2h"),
    "prune": JobSection(interval=OFF, jitter="1h", time_limit="2h"),
    "bundle": JobSection(interval="15m", jitter="1m", time_limit="12h"),
    "import": JobSection(interval="1m", jitter="0s", time_limit="12h"),
    "health": JobSection(interval=OFF, jitter="30s", time_limit="5m"),
}

_FIELDS = {"import": "import_"}


def make_jobs(
    section: DaemonSection,
    mistakes: Mistakes,
    *,
    unset: AbstractSet[str] = frozenset(),
) -> tuple[JobSpec, ...]:
    """Return the jobs, in the order in which they are done; mistakes are noted.

    Args:
        section: What the file says.
        mistakes: Notes what is wrong with it.
        unset: Jobs that have nothing to work with, and are off unless they are said.
    """
    zone = mistakes.attempt(
        ("daemon", "timezone"), partial(parse_time_zone, section.timezone), "UTC"
    )
    return tuple(
        _job(
            name,
            getattr(section.jobs, _FIELDS.get(name, name)),
            replace(default, interval=OFF) if name in unset else default,
            zone,
            mistakes,
        )
        for name, default in _DEFAULTS.items()
    )


def _job(
    name: str, job: JobSection, default: JobSection, zone: str, mistakes: Mistakes
) -> JobSpec:
    key = ("daemon", "jobs", name)
    limit = mistakes.attempt(
        (*key, "time_limit"),
        partial(_positive, job.time_limit or default.time_limit),
        1.0,
    )
    if job.cron and job.interval:
        error = ConfigError("interval and cron exclude each other")
        mistakes.add((*key, "cron"), error)
    jitter = mistakes.attempt(
        (*key, "jitter"), partial(parse_duration, _jitter(job, default)), timedelta()
    )
    schedule = _schedule(key, job, default, jitter, mistakes)
    if schedule is not None and schedule.cron:
        schedule = replace(schedule, zone=zone)
    return JobSpec(name, schedule, limit)


def _schedule(
    key: Key,
    job: JobSection,
    default: JobSection,
    jitter: timedelta,
    mistakes: Mistakes,
) -> Schedule | None:
    jitter_seconds = jitter.total_seconds()
    if job.cron:
        cron = mistakes.attempt((*key, "cron"), partial(parse_cron, job.cron), "")
        return Schedule(cron=cron, jitter_seconds=jitter_seconds) if cron else None
    interval = job.interval or default.interval
    if interval == OFF:
        return None
    seconds = mistakes.attempt((*key, "interval"), partial(_positive, interval), 1.0)
    return Schedule(interval_seconds=seconds, jitter_seconds=jitter_seconds)


def _jitter(job: JobSection, default: JobSection) -> str:
    """Return the jitter; the default one belongs to the default interval."""
    own_times = job.cron or job.interval
    return job.jitter or ("0s" if own_times else default.jitter)


def _positive(text: str) -> float:
    seconds = parse_duration(text).total_seconds()
    if seconds <= 0:
        raise ConfigError(f"is {text!r}", hint='write "off", or more than that')
    return seconds


def make_hooks(section: HooksSection, mistakes: Mistakes) -> Hooks:
    """Return whom to tell; mistakes are noted."""
    return Hooks(
        success=_hooks("on_success", section.on_success, mistakes),
        failure=_hooks("on_failure", section.on_failure, mistakes),
        finding=_hooks("on_finding", section.on_finding, mistakes),
        alert=_hooks("on_alert", section.on_alert, mistakes),
        upstream=_hooks("on_upstream", section.on_upstream, mistakes),
        publish=_hooks("on_publish", section.on_publish, mistakes),
        time_limit_seconds=section.time_limit_seconds,
    )


def _hooks(name: str, entries: tuple[str, ...], mistakes: Mistakes) -> tuple[Hook, ...]:
    made = (
        mistakes.attempt(("hooks", name, number), partial(_hook, text), None)
        for number, text in enumerate(entries, start=1)
    )
    return tuple(hook for hook in made if hook is not None)


def _hook(text: str) -> Hook | None:
    """Read a hook; no message quotes it, because it may hold secrets."""
    program = text.partition(" ")[0]
    if "://" in program or ":" in program.rpartition("@")[0]:
        return Hook(url=_url(text))
    try:
        command = tuple(shlex.split(text))
    except ValueError as exc:
        raise ConfigError(f"not a command line: {exc}") from exc
    if not command:
        raise ConfigError("an empty command")
    return Hook(command=command)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_web = False
    if not is_web or not text.isprintable() or " " in text:
        raise ConfigError("not an http(s) URL")
    return text
