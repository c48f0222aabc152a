"""Sections of the daemon, and of whom it tells: ``[daemon]``, ``[hooks]``."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gosync.config.schema.section import Positive, Section

_MIRROR = msgspec.Meta(
    pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$",
    extra={
        "form": "letters, digits, dots, underscores and hyphens, the first one a letter"
        " or a digit"
    },
)


class JobSection(Section, frozen=True):
    """One ``[daemon.jobs.NAME]``; what is "" has the job's own default.

    Attributes:
        interval: From start to start, like "15m", or "off".
        cron: Instead: five fields in daemon.timezone, weekdays by name.
        jitter: Each run is late by a random part of this.
        time_limit: How long one run may take.
    """

    interval: str = ""
    cron: str = ""
    jitter: str = ""
    time_limit: str = ""


class JobsSection(Section, frozen=True):
    """``[daemon.jobs]``: what the daemon does, and when.

    Attributes:
        sync: A pass: index, due lists, fetch, publish.
        lists: A pass that asks every list, however fresh.
        audit: Asking upstreams what became of what we hold.
        verify: Proving what is stored.
        publish: Bringing the tree up to the store.
        prune: Forgetting what nothing selects; off unless it is set.
        bundle: Making bundles into the targets' outboxes; off without one.
        import: Taking in what is delivered into the inbox; off without one.
        health: Asking each upstream a cheap question, and how far it is behind the
            index; off unless it is set.
    """

    sync: JobSection = JobSection()
    lists: JobSection = JobSection()
    audit: JobSection = JobSection()
    verify: JobSection = JobSection()
    publish: JobSection = JobSection()
    prune: JobSection = JobSection()
    bundle: JobSection = JobSection()
    import_: JobSection = msgspec.field(name="import", default_factory=JobSection)
    health: JobSection = JobSection()


class DaemonSection(Section, frozen=True):
    """``[daemon]``: `gosync run`.

    Attributes:
        name: What status.json and metrics call this mirror.
        timezone: The time zone of cron expressions, like "Asia/Shanghai".
        metrics_file: A file for Prometheus' text file collector; "" for none.
        stop_seconds: How long a stop waits for what is under way.
        stuck_seconds: How long a job may show no progress before the watchdog is
            no longer fed.
        max_delete: How many versions the prune job may forget at once, if it is not
            what publish.max_delete says.
        jobs: What is done, and when.
    """

    name: Annotated[str, _MIRROR] = "go"
    timezone: str = "UTC"
    metrics_file: str = ""
    stop_seconds: Positive = 60
    stuck_seconds: Positive = 600
    max_delete: Annotated[int, msgspec.Meta(ge=0)] | None = None
    jobs: JobsSection = JobsSection()


class HooksSection(Section, frozen=True):
    """``[hooks]``: whom the daemon tells; a command line, or an http(s) URL.

    Attributes:
        on_success: When a job ended well.
        on_failure: When a job begins to fail, fails otherwise, or still after a day.
        on_finding: When something new was found upstream, once for each finding.
        on_alert: When a rule over access logs fired, once for each alert; and a week
            before an exception to the policy ends.
        on_upstream: When an upstream ceased to answer, or answers again.
        on_publish: When files of the tree changed: which URLs these are.
        time_limit_seconds: How long each may take.
    """

    on_success: tuple[str, ...] = ()
    on_failure: tuple[str, ...] = ()
    on_finding: tuple[str, ...] = ()
    on_alert: tuple[str, ...] = ()
    on_upstream: tuple[str, ...] = ()
    on_publish: tuple[str, ...] = ()
    time_limit_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30
