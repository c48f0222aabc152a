"""Options of the daemon: its jobs and hooks, as checked values."""

from __future__ import annotations

from typing import Literal

import msgspec

from gosync.schedule import Schedule

Occasion = Literal["success", "failure", "finding", "alert", "upstream", "publish"]


class JobSpec(msgspec.Struct, frozen=True):
    """One job.

    Attributes:
        name: The job.
        schedule: When it is due; None where only somebody else runs it.
        time_limit_seconds: How long one run may take.
    """

    name: str
    schedule: Schedule | None
    time_limit_seconds: float


class Hook(msgspec.Struct, frozen=True):
    """Whom to tell; one of the two is there.

    Attributes:
        command: A program and its arguments.
        url: An http(s) URL that is posted to; it may be a secret.
    """

    command: tuple[str, ...] = ()
    url: str = ""

    def __repr__(self) -> str:
        return "Hook()"  # both may hold secrets


class Hooks(msgspec.Struct, frozen=True):
    """Whom to tell of what.

    Attributes:
        success: When a job ended well.
        failure: When one did not.
        finding: When something new was found.
        alert: When a rule over access logs fired.
        upstream: When an upstream ceased to answer, or answers again.
        publish: When files of the tree changed: which URLs these are.
        time_limit_seconds: How long each may take.
    """

    success: tuple[Hook, ...] = ()
    failure: tuple[Hook, ...] = ()
    finding: tuple[Hook, ...] = ()
    alert: tuple[Hook, ...] = ()
    upstream: tuple[Hook, ...] = ()
    publish: tuple[Hook, ...] = ()
    time_limit_seconds: float = 30.0

    def of(self, occasion: Occasion) -> tuple[Hook, ...]:
        """Return whom to tell on this occasion."""
        return {
            "success": self.success,
            "failure": self.failure,
            "finding": self.finding,
            "alert": self.alert,
            "upstream": self.upstream,
            "publish": self.publish,
        }[occasion]
