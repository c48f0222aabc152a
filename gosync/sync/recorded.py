"""Recorded builds: what their records name is wanted, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from gosync.catalog.versions import FoundBy, Need, Want
from gosync.errors import ConfigError, MalformedError
from gosync.project.record import MAX_RECORD_BYTES, BuildRecord, parse_record
from gosync.sync.demands import project_name


class RecordedBuild(msgspec.Struct, frozen=True):
    """A record that was read.

    Attributes:
        name: What the configuration calls it.
        record: What it says.
        digest: Changes when the file does.
    """

    name: str
    record: BuildRecord
    digest: str

    @property
    def who(self) -> str:
        """What plans and reasons call it."""
        return project_name(self.name)

    def wants(self) -> Iterator[Want]:
        """Yield what it names, as wanted versions."""
        for each in self.record.version:
            need = Need.ZIP if each.is_whole else Need.MOD
            yield Want(each.path, each.version, need, FoundBy.PROJECT)


def read_records(paths: Iterable[Path]) -> tuple[RecordedBuild, ...]:
    """Read records.

    Raises:
        ConfigError: one is not there, or is none.
    """
    return tuple(map(read_record, paths))


def read_record(path: Path) -> RecordedBuild:
    """Read a record.

    Raises:
        ConfigError: it is not there, or is none.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_RECORD_BYTES + 1)
        if len(data) > MAX_RECORD_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_RECORD_BYTES} bytes")
        record = parse_record(data)
    except OSError as exc:
        raise ConfigError(
            f"{path}: {exc.strerror}",
            hint="correct the record of the [[project]], or make it",
        ) from exc
    except MalformedError as exc:
        raise ConfigError(f"{path}: {exc.reason}", hint="make it again") from exc
    return RecordedBuild(str(path), record, hashlib.sha256(data).hexdigest())
