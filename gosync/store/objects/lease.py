"""The lease of a bucket's store: which machine writes it.

    lease.json  {"format": 1, "holder": HEX, "host": NAME, "fence": N, "until": TIME}

Any number of runs may have one local folder, and its locks part them; of several
folders, on one machine or on two, one writes the store at a time. It creates or swaps
the object, and swaps it again as it writes, before its time is up. Another one may take
over after that, with a fencing number that is one more, and only if its own journal is
not behind the bucket's: a catalog that lacks what others wrote must not go on.

Clocks of two machines may differ by ``SKEW_SECONDS``. Whoever writes later than its
time is refused at the latest by the journal, whose next place is taken (``journal``).

A service that does not hold to conditions cannot swap. There each folder leaves a
claim, ``owners/<holder>.json``, then looks for those of others: of two that come at
once at least one sees the other, and gives way. A claim has no end;
``take_from_others`` ends those of machines that are gone.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from datetime import timedelta

import msgspec

from gosync.clock import Clock, format_time, parse_time
from gosync.errors import (
    IdentityError,
    LeaseLostError,
    LockedError,
    MalformedError,
    ObjectChangedError,
    ObjectMissingError,
    StoreError,
)
from gosync.hint import advise, command
from gosync.store.objects.bucket import Bucket, ObjectBytes
from gosync.work.interruption import wait_until

LEASE_KEY = "lease.json"
OWNERS_PREFIX = "owners"
LEASE_SECONDS = 60.0
SKEW_SECONDS = 30.0
_POLL_SECONDS = 1.0
_FORMAT = 1
_MAX_BYTES = 4096


class LeaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the object says.

    Attributes:
        format: This module's format.
        holder: Which local folder writes the store.
        host: On which machine, for messages.
        fence: Grows by one with each new holder.
        until: Until when, RFC 3339.
    """

    format: int = _FORMAT
    holder: str
    host: str
    fence: int
    until: str


class BucketLease:
    """The lease as one run of a local folder has it; threads share it under a lock.

    Attributes:
        fence: The fencing number; 0 before it is taken.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        holder: str,
        clock: Clock,
        conditional: bool,
        is_behind: Callable[[], bool],
    ) -> None:
        """Take what it is about.

        Args:
            bucket: The store's.
            holder: The local folder's name to others.
            clock: What time it is.
            conditional: Whether the service holds to conditions.
            is_behind: Whether the local journal lacks what the bucket's says.
        """
        self.fence = 0
        self._bucket = bucket
        self._holder = holder
        self._clock = clock
        self._conditional = conditional
        self._is_behind = is_behind
        self._ours_until = float("-inf")  # by the monotonic clock

    def take(self, *, wait_seconds: float = 0.0) -> None:
        """Take the lease, or renew it where more than a third of its time is over.

        Raises:
            LockedError: another machine has it.
            IdentityError: nobody has it, and the local folder is behind the bucket.
            StoreError: the bucket refuses.
        """
        if self._ours_until - self._clock.monotonic() > LEASE_SECONDS * 2 / 3:
            return
        refusals: list[LockedError] = []

        def attempt() -> bool:
            refused = self._try()
            refusals[:] = [refused] if refused is not None else []
            return refused is None

        if not wait_until(
            attempt,
            seconds=wait_seconds,
            most_pause_seconds=_POLL_SECONDS,
            monotonic=self._clock.monotonic,
        ):
            raise refusals[0]

    def check(self) -> None:
        """Check that the lease was held until now.

        Raises:
            LeaseLostError: another machine took over.
            StoreError: the bucket refuses.
        """
        if self._clock.monotonic() < self._ours_until:
            return
        if not self._conditional:
            return
        found = self._read()
        if found is None or _parse(found).holder != self._holder:
            raise LeaseLostError(
                f"{self._bucket.name}: another machine took over this store",
                hint="end one of the two, and run the command again",
            )

    def take_from_others(self) -> None:
        """Take the store from whoever has it: the other machine is gone for good.

        Raises:
            StoreError: the bucket refuses.
        """
        others = self._claims()
        self._bucket.delete([f"{OWNERS_PREFIX}/{each}.json" for each in others])
        while self._conditional:
            found = self._read()
            fence = 0 if found is None else _parse(found).fence
            if self._swap(found, fence + 1):
                return

    def _try(self) -> LockedError | None:
        """Take or renew it; return the error that says who has it."""
        if not self._conditional:
            return self._claim()
        while True:
            found = self._read()
            if found is None:
                fence = 1
            else:
                record = _parse(found)
                fence = record.fence + (record.holder != self._holder)
                if record.holder != self._holder:
                    if self._is_current(record):
                        return self._refusal(record)
                    self._check_not_behind()
            if self._swap(found, fence):
                return None

    def _read(self) -> ObjectBytes | None:
        try:
            return self._bucket.get(LEASE_KEY, limit_bytes=_MAX_BYTES)
        except ObjectMissingError:
            return None

    def _swap(self, found: ObjectBytes | None, fence: int) -> bool:
        """Write our record in the place of what was found; False if it changed."""
        began = self._clock.monotonic()
        until = self._clock.now() + timedelta(seconds=LEASE_SECONDS)
        record = LeaseRecord(
            holder=self._holder,
            host=platform.node(),
            fence=fence,
            until=format_time(until),
        )
        data = msgspec.json.encode(record) + b"\n"
        try:
            if found is None:
                self._bucket.create(LEASE_KEY, data)
            else:
                self._bucket.replace(LEASE_KEY, data, etag=found.etag)
        except ObjectChangedError:
            return False
        self._ours_until, self.fence = began + LEASE_SECONDS, fence
        return True

    def _is_current(self, record: LeaseRecord) -> bool:
        until = parse_time(record.until) + timedelta(seconds=SKEW_SECONDS)
        return self._clock.now() < until

    def _refusal(self, record: LeaseRecord) -> LockedError:
        return LockedError(
            f"{self._bucket.name}: {record.host} writes this store, until"
            f" {record.until} at least",
            hint="end the run there, or wait until then, and run the command again",
        )

    def _check_not_behind(self) -> None:
        if self._is_behind():
            raise IdentityError(
                f"{self._bucket.name}: another machine wrote this store after the"
                " catalog in store.local",
                hint=advise(
                    "give an empty folder in store.local and run {}", command("restore")
                ),
            )

    def _claim(self) -> LockedError | None:
        if self.fence:
            return None
        own = f"{OWNERS_PREFIX}/{self._holder}.json"
        is_old = self._bucket.head(own) is not None
        if not is_old:
            self._bucket.put(own, msgspec.json.encode({"host": platform.node()}))
        others = self._claims()
        if others:
            if not is_old:
                self._bucket.delete([own])
            return LockedError(
                f"{self._bucket.name}: the service does not hold to conditions, so one"
                f" machine alone may write this store, and another one does",
                hint=advise(
                    "if that machine is gone for good, give an empty folder in"
                    " store.local and run {}",
                    command("restore", "--take-over"),
                ),
            )
        self._ours_until, self.fence = float("inf"), 1
        return None

    def _claims(self) -> list[str]:
        """Return the holders of others' claims."""
        listed = self._bucket.list_folder(OWNERS_PREFIX).objects
        names = [info.key.rpartition("/")[2].removesuffix(".json") for info in listed]
        return [name for name in names if name != self._holder]


def _parse(found: ObjectBytes) -> LeaseRecord:
    try:
        record = msgspec.json.decode(found.data, type=LeaseRecord)
        parse_time(record.until)
    except (msgspec.DecodeError, MalformedError) as error:
        raise StoreError(f"{LEASE_KEY}: it is no lease of gosync's: {error}") from error
    return record
