"""Scheduler of a sweep: ``local:N``, or the address of a Dask scheduler. Pure.

=============  ====================================================================
local:N        N worker processes of this machine, for this one run
tcp://H:P      a scheduler; whoever reaches it can run anything on its workers
tls://H:P      one that both sides prove themselves to, with the certificates of
               ``[scale]``, else those of Dask's own configuration
=============  ====================================================================
"""

from __future__ import annotations

from typing import Final

import msgspec

from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

_LOCAL: Final = compile_on_use(r"local:([1-9][0-9]{0,3})")
_ADDRESS: Final = compile_on_use(
    r"(?:tcp|tls)://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}"
)


class SchedulerAddress(msgspec.Struct, frozen=True):
    """Who hands out the steps.

    Attributes:
        url: The scheduler's address, "" for workers of this machine.
        workers: How many of these.
    """

    url: str = ""
    workers: int = 0

    @property
    def is_encrypted(self) -> bool:
        """Whether both sides prove who they are."""
        return self.url.startswith("tls://")


class SweepTls(msgspec.Struct, frozen=True):
    """Files, in PEM, that prove who we are to a scheduler, and it to us.

    Attributes:
        ca_file: Who signs the certificates of all of them; "" for none.
        cert_file: Our certificate.
        key_file: Its key.
    """

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


def parse_scheduler(text: str) -> SchedulerAddress:
    """Return the scheduler that a text names.

    Raises:
        MalformedError: It names none.
    """
    if (local := _LOCAL.fullmatch(text)) is not None:
        return SchedulerAddress(workers=int(local[1]))
    if _ADDRESS.fullmatch(text) is not None:
        return SchedulerAddress(url=text)
    raise MalformedError(
        "scheduler", text, "want local:N, tcp://HOST:PORT or tls://HOST:PORT"
    )
