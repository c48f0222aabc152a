"""From the file's ``[daemon.jobs]`` and ``[hooks]`` to jobs and hooks.

A job that is not mentioned runs by its default; ``interval = "off"`` turns it off.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from urllib.parse import urlsplit

from gosync.config.durations import parse_duration
from gosync.config.duties import Hook, Hooks, JobSpec
from gosync.config.schema import HooksSection, JobSection, JobsSection
from gosync.errors import ConfigError, MalformedError
from gosync.schedule import Schedule, parse_cron

OFF = "off"
_DEFAULTS = {
    "sync": JobSection(interval="15m", jitter="1m", time_limit="6h"),
    "lists": JobSection(interval="1d", jitter="1h", time_limit="6h"),
    "audit": JobSection(interval="1h", jitter="5m", time_limit="2h"),
    "verify": JobSection(interval="1d", jitter="1h", time_limit="4h"),
    "publish": JobSection(interval="1d", jitter="1h", time_limit="2h"),
    "prune": JobSection(interval=OFF, jitter="1h", time_limit="2h"),
}


def make_jobs(section: JobsSection) -> tuple[JobSpec, ...]:
    """Return the jobs, in the order in which they are done.

    Raises:
        ConfigError: if a duration or an expression is wrong; it names the job.
    """
    return tuple(_jobs(section))


def _jobs(section: JobsSection) -> Iterator[JobSpec]:
    for name, default in _DEFAULTS.items():
        job: JobSection = getattr(section, name)
        try:
            yield _job(name, job, default)
        except (MalformedError, ConfigError) as exc:
            raise ConfigError(f"daemon.jobs.{name}: {exc}", hint=exc.hint) from exc


def _job(name: str, job: JobSection, default: JobSection) -> JobSpec:
    if job.cron and job.interval:
        raise ConfigError("interval and cron exclude each other")
    limit = _positive("time_limit", job.time_limit or default.time_limit)
    return JobSpec(name, _schedule(job, default), limit)


def _schedule(job: JobSection, default: JobSection) -> Schedule | None:
    jitter = parse_duration(_jitter(job, default)).total_seconds()
    if job.cron:
        return Schedule(cron=parse_cron(job.cron), jitter_seconds=jitter)
    interval = job.interval or default.interval
    if interval == OFF:
        return None
    seconds = _positive("interval", interval)
    return Schedule(interval_seconds=seconds, jitter_seconds=jitter)


def _jitter(job: JobSection, default: JobSection) -> str:
    """Return the jitter; the default one belongs to the default interval."""
    own_times = job.cron or job.interval
    return job.jitter or ("0s" if own_times else default.jitter)


def _positive(key: str, text: str) -> float:
    seconds = parse_duration(text).total_seconds()
    if seconds <= 0:
        raise ConfigError(f"{key} is {text!r}", hint='write "off", or more than that')
    return seconds


def make_hooks(section: HooksSection) -> Hooks:
    """Return whom to tell.

    Raises:
        ConfigError: if a command line or a URL is wrong.
    """
    return Hooks(
        success=tuple(_hooks("on_success", section.on_success)),
        failure=tuple(_hooks("on_failure", section.on_failure)),
        finding=tuple(_hooks("on_finding", section.on_finding)),
        time_limit_seconds=section.time_limit_seconds,
    )


def _hooks(key: str, entries: list[str]) -> Iterator[Hook]:
    for text in entries:
        if "://" in text.partition(" ")[0]:
            yield Hook(url=_url(key, text))
            continue
        try:
            command = tuple(shlex.split(text))
        except ValueError as exc:
            raise ConfigError(f"hooks.{key}: {text!r}: {exc}") from exc
        if not command:
            raise ConfigError(f"hooks.{key}: an empty command")
        yield Hook(command=command)


def _url(key: str, text: str) -> str:
    """Check a URL; it is not shown, because such URLs are secrets."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"hooks.{key}: not an http(s) URL")
    return text
