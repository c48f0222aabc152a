"""Lines of access logs: whole ones out of blocks of bytes, and their forms. Pure.

A line of more than MAX_LINE_BYTES is nobody's request; it is left out and counted,
however long it is, and never held whole. What has no form is left out, too: the form is
told by the first line that has one, and told anew by each line where one does not fit
any more, since a log may change its form where it was begun anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from gosync.access.jsonforms import JsonForm, JsonReader, form_of_json
from gosync.access.lineforms import LineForm, LineReader, form_of_line
from gosync.access.rows import LogLine

LogForm: TypeAlias = LineForm | JsonForm
MAX_LINE_BYTES: Final = 64 * 1024
_TRIED: Final = 100


class LogReader:
    """Reads one log after the other, whatever their forms.

    Attributes:
        unread: How many lines were no request.
        read: How many were.
        forms: The forms that were met, in order.
    """

    def __init__(self) -> None:
        self.unread = 0
        self.read = 0
        self.forms: list[LogForm] = []
        self._reader: LineReader | JsonReader | None = None

    def lines(self, block: bytes) -> list[LogLine]:
        """Return the requests of a block of whole lines."""
        if self._reader is None or not self._fits(self._reader, block):
            self._reader = self._reader_of(block)
        if self._reader is None:
            self.unread += block.count(b"\n")
            return []
        unread, found = self._read(self._reader, block)
        if not found:  # of another form, perhaps
            self._reader = self._reader_of(block) or self._reader
            unread, found = self._read(self._reader, block)
        self.unread += unread
        self.read += len(found)
        return found

    @staticmethod
    def _read(
        reader: LineReader | JsonReader, block: bytes
    ) -> tuple[int, list[LogLine]]:
        before = reader.unread
        found = reader.read(block)
        return reader.unread - before, found

    @staticmethod
    def _fits(reader: LineReader | JsonReader, block: bytes) -> bool:
        """Whether a block begins as the reader's lines do; JSON is no other form."""
        is_json = block.lstrip()[:1] == b"{"
        if isinstance(reader, LineReader):
            return not is_json
        return is_json and form_of_json(block.partition(b"\n")[0]) is reader.form

    def add(self, read: int, unread: int, forms: Iterable[LogForm]) -> None:
        """Count lines that were read elsewhere."""
        self.read += read
        self.unread += unread
        for form in forms:
            self._note(form)

    def _reader_of(self, block: bytes) -> LineReader | JsonReader | None:
        for line in block.split(b"\n", _TRIED)[:_TRIED]:
            json_form = form_of_json(line)
            if json_form is not None:
                self._note(json_form)
                return JsonReader(json_form)
            line_form = form_of_line(line)
            if line_form is not None:
                self._note(line_form)
                return LineReader(line_form)
        return None

    def _note(self, form: LogForm) -> None:
        if form not in self.forms:
            self.forms.append(form)


class WholeLines:
    """Cuts a stream of bytes into blocks of whole lines.

    Attributes:
        too_long: How many lines were left out for their length.
    """

    def __init__(self) -> None:
        self.too_long = 0
        self._rest = b""
        self._skipping = False

    @property
    def pending(self) -> int:
        """How many bytes of a line are here that is not whole yet."""
        return len(self._rest)

    @property
    def is_whole(self) -> bool:
        """Whether no line is begun that has not ended yet."""
        return not (self._rest or self._skipping)

    def add(self, data: bytes) -> bytes:
        """Return the lines that are whole with these bytes."""
        if self._skipping:
            _, end, data = data.partition(b"\n")
            self._skipping = not end
        whole, end, rest = (self._rest + data).rpartition(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            self.too_long += 1
            self._skipping, rest = True, b""
        self._rest = rest
        return self._short(whole + end)

    def end(self) -> bytes:
        """Return what is left, as a line; the stream is over."""
        rest, self._rest, self._skipping = self._rest, b"", False
        return rest + b"\n" if rest else b""

    def _short(self, block: bytes) -> bytes:
        """Return a block without its lines that are too long."""
        if not _has_long_line(block):
            return block
        lines = block.splitlines(keepends=True)
        short = [line for line in lines if len(line) <= MAX_LINE_BYTES]
        self.too_long += len(lines) - len(short)
        return b"".join(short)


def _has_long_line(block: bytes) -> bool:
    """Whether one of some whole lines is too long: by strides, not line by line."""
    start = 0
    while start < len(block):
        end = block.rfind(b"\n", start, start + MAX_LINE_BYTES)
        if end < 0:
            return True
        start = end + 1
    return False
