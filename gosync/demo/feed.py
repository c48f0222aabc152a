"""The module index: when the upstream first saw which version.

``GET /index?since=RFC3339&limit=N&include=all`` answers lines of JSON, the oldest
first: ``{"Path":…,"Version":…,"Timestamp":…}``. ``since`` is inclusive, a page has
at most 2 000 rows, and ``include=all`` adds the rows of versions that are gone.

Rows are kept as the bytes they are served as, in the order of the moment under
which they were filed. A row that lies about its moment is thus possible.
"""

from __future__ import annotations

import json
import threading
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gosync.clock import format_time, parse_time
from gosync.demo.exchange import HttpAnswer
from gosync.gomod.module import ModuleVersion

MAX_ROWS = 2000


@dataclass(frozen=True, slots=True, order=True)
class _Row:
    filed: str
    number: int
    line: bytes = field(compare=False)
    mv: ModuleVersion | None = field(compare=False)


class IndexFeed:
    """The rows of an index."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []
        self._gone: set[ModuleVersion] = set()
        self._filing = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, mv: ModuleVersion, at: datetime) -> None:
        """File a module version."""
        moment = format_time(at)
        row = {"Path": mv.path, "Version": mv.version, "Timestamp": moment}
        line = json.dumps(row, separators=(",", ":"), ensure_ascii=False)
        self._file(line.encode(), moment, mv)

    def add_raw(self, line: bytes, at: datetime) -> None:
        """File any bytes as a row."""
        self._file(line, format_time(at), None)

    def withdraw(self, mv: ModuleVersion) -> None:
        """Serve a version's rows to ``include=all`` only."""
        self._gone.add(mv)

    def answer(self, query: Mapping[str, str]) -> HttpAnswer:
        """Answer one request for a page."""
        try:
            since = query.get("since", "")
            moment = format_time(parse_time(since)) if since else ""
            limit = int(query.get("limit", MAX_ROWS))
        except ValueError as error:
            return HttpAnswer(400, f"bad request: {error}\n".encode())
        lines = self._page(moment, min(limit, MAX_ROWS), query.get("include") == "all")
        return HttpAnswer(
            200, b"".join(line + b"\n" for line in lines), "application/json"
        )

    def _file(self, line: bytes, moment: str, mv: ModuleVersion | None) -> None:
        with self._filing:
            row = _Row(moment, len(self._rows), line, mv)
            if not self._rows or self._rows[-1].filed <= moment:
                self._rows.append(row)  # the usual case, and a million are fast
            else:
                insort(self._rows, row)

    def _page(self, since: str, limit: int, everything: bool) -> list[bytes]:  # noqa: FBT001 - private, one caller
        lines: list[bytes] = []
        with self._filing:
            position = bisect_left(self._rows, since, key=lambda row: row.filed)
            while position < len(self._rows) and len(lines) < limit:
                row = self._rows[position]
                if everything or row.mv not in self._gone:
                    lines.append(row.line)
                position += 1
        return lines
