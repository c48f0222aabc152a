"""Which class a failure of ``go`` is of, and all failures of a log. Pure.

Text alone is judged, so nothing here asks the network. A failure is of the first class
of the catalogue with a pattern that matches; what begins as ``go`` begins an error and
matches none is handed back unnamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import msgspec

from gosync.diagnose.blocks import FailureBlock, find_blocks
from gosync.diagnose.catalogue import FailureCatalogue, FailureClass, Narrower
from gosync.diagnose.cleaning import clean_line, without_escapes
from gosync.diagnose.needles import needle_of
from gosync.diagnose.places import places_of

MOST_BYTES = 16 << 20
_MOST_BLOCKS = 5000
_MOST_CHARACTERS = 2 << 20  # of all blocks; real logs have a thousandth of it
_HEAD = 1000  # of a block, where go shows that it is its own
_BEFORE = 3  # findings before one that may have brought it along

# Lines of go, wherever a log puts them; others may use the same words.
_SHAPE = re.compile(
    r"""(?:^|[^\w])go:[ ] | ^go\.(?:mod|sum|work)\b | ^\S+/go\.(?:mod|sum|work):\d
    | ^verifying[ ]\S+@ | ^malformed[ ]go\.sum | server[ ]misbehavior
    | ^SECURITY[ ]ERROR | ^This[ ]download[ ]does[ ]NOT
    | ^\S+\.go:\d+:\d+:[ ] | ^package[ ]\S+
    | ^pattern[ ]\S+: | /@v/ | /@latest | /sumdb/ | \?go-get=1 | ^\S+@\S+:[ ]
    | ^\S+[ ]v\d\S*(?::|[ ]\((?:retracted|deprecated))
    | ^warning:[ ]go[ ]env | ^error[ ]obtaining[ ]VCS | ^main[ ]module | ^build[ ]\S+:
    | ^failed[ ]to[ ]initialize[ ]build[ ]cache | ^build[ ]cache[ ]is
    | ^-mod= | ^go[ ]\w+:[ ]
    | ^(?:cannot|module|no|invalid|unknown|download|missing|updates|flag|import)[ ]
    | ^directory[ ]
    """,
    re.VERBOSE,
)
_PROGRESS = re.compile(
    r"""go:[ ](?:
      downloading|finding|extracting|added|upgraded|downgraded|removed|creating[ ]new
    | to[ ]|copying|skipping|found[ ]|trying[ ]|using[ ]|writing|updating[ ]|moved[ ]
    | no[ ]module[ ]dependencies|warning:[ ](?:ignoring|"\S+"[ ]matched)|updated
    | accepts[ ]interest | preserving | keeping | go\.mod[ ]file[ ]indicates
    )""",
    re.VERBOSE,
)
_DOWNLOADING = re.compile(rb"go: downloading (\S{1,300}) (v\S{1,200})")


class RecognisedFailure(msgspec.Struct, frozen=True):
    """A failure with its class.

    Attributes:
        failure: The class that the text tells.
        candidates: Classes that the true cause may be of, the likeliest first; none
            where the class is it.
        narrower: What told more than the class, None where nothing did.
        line: The failure's first line, without what the log put before it.
        places: What it is about: host, module, version, url.
    """

    failure: FailureClass
    candidates: tuple[str, ...]
    narrower: Narrower | None
    line: str
    places: dict[str, str]


class LogReading(msgspec.Struct, frozen=True):
    """What a log tells.

    Attributes:
        failures: Those with a class, in the log's order.
        unnamed: First lines of those without.
        is_cut: Whether there was more than is read.
    """

    failures: tuple[RecognisedFailure, ...]
    unnamed: tuple[str, ...]
    is_cut: bool = False


class _Rule(msgspec.Struct, frozen=True):
    """One pattern: the text that it needs, and whose it is."""

    needle: str
    pattern: str
    failure: FailureClass
    narrower: Narrower | None


class Recogniser:
    """Names failures by a catalogue's classes."""

    def __init__(self, catalogue: FailureCatalogue) -> None:
        """Make one; expressions are compiled as they are needed."""
        self._anchors = catalogue.anchors
        self._rules = tuple(_rules(catalogue))

    def classify(self, text: str) -> RecognisedFailure | None:
        """Return the class of one failure's lines, None for no class."""
        for rule in self._rules:
            if rule.needle not in text:
                continue
            match = _compiled(rule.pattern).search(text)
            if match is not None:
                return _recognised(rule, text, match)
        return None

    def read(self, log: bytes) -> LogReading:
        """Return what a log tells of failures."""
        log = without_escapes(log[-MOST_BYTES:])
        found: list[RecognisedFailure] = []
        unnamed: list[str] = []
        count = size = 0
        for count, block in enumerate(find_blocks(log, self._anchors), start=1):
            size += len(block.text)
            if count > _MOST_BLOCKS or size > _MOST_CHARACTERS:
                break
            if not _SHAPE.search(block.text[:_HEAD]):
                continue
            one = self.classify(block.text)
            if one is not None:
                _take(found, one, log, block)
            elif block.line.startswith("go: ") and not _PROGRESS.match(block.line):
                unnamed.append(block.line)
        if count == 0:
            found += self._silent(log)
        is_cut = (
            len(log) >= MOST_BYTES or count > _MOST_BLOCKS or size > _MOST_CHARACTERS
        )
        return LogReading(tuple(found), tuple(unnamed), is_cut)

    def _silent(self, log: bytes) -> list[RecognisedFailure]:
        """Return what a log of one line means that is no message at all."""
        lines = log.strip().splitlines()
        one = self.classify(clean_line(lines[0])) if len(lines) == 1 else None
        return [one] if one is not None and one.narrower is not None else []


def _rules(catalogue: FailureCatalogue) -> Iterator[_Rule]:
    for failure in catalogue:
        for row in failure.narrower:
            for pattern in row.patterns:
                yield _Rule(needle_of(pattern), pattern, failure, row)
        for pattern in failure.patterns:
            yield _Rule(needle_of(pattern), pattern, failure, None)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _recognised(rule: _Rule, text: str, match: re.Match[str]) -> RecognisedFailure:
    told = {name: value for name, value in match.groupdict().items() if value}
    candidates = rule.failure.candidates
    if rule.narrower is not None:
        candidates = rule.narrower.candidates
    line = text.partition("\n")[0]
    places = {**places_of(text), **told}
    return RecognisedFailure(rule.failure, candidates, rule.narrower, line, places)


def _take(
    found: list[RecognisedFailure],
    one: RecognisedFailure,
    log: bytes,
    block: FailureBlock,
) -> None:
    """Add a failure, unless one just before has brought it along."""
    before = {each.failure.name for each in found[-_BEFORE:]}
    if before & set(one.failure.after):
        return
    if "module" not in one.places:
        one.places.update(_last_download(log, block.start))
    found.append(one)


def _last_download(log: bytes, before: int) -> dict[str, str]:
    """Return the module whose download was told last, for messages that name none."""
    at = log.rfind(b"go: downloading ", max(0, before - 65536), before)
    match = _DOWNLOADING.match(log, at) if at >= 0 else None
    if match is None:
        return {}
    module, version = (each.decode("utf-8", "replace") for each in match.groups())
    return {"module": module, "version": version}
