"""The stage h1: what came, held against the record and the project's go.sum. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.gomod.module import ModuleVersion


def compare_h1(
    stage: StageDraft,
    mv: ModuleVersion,
    *,
    proven: Mapping[str, str],
    came: Mapping[str, str],
    stated: Mapping[str, str],
) -> None:
    """Hold what came against the record and the project's go.sum.

    Args:
        stage: Where it is noted.
        mv: The version.
        proven: The record's h1 by kind, ``zip`` and ``mod``; empty without one.
        came: Those of the bytes that came.
        stated: Those of go.sum.
    """
    for kind, h1 in came.items():
        what = f"{mv}{'/go.mod' * (kind == 'mod')}"
        want, said = proven.get(kind, ""), stated.get(kind, "")
        if want and want != h1:
            stage.blame(
                "sum.gosum_vs_sumdb" if said == want else "sum.sumdb_mismatch",
                say(
                    "{what}: {h1} came, the checksum database has {want}{more}",
                    what=what,
                    h1=h1,
                    want=want,
                    more=", and so has go.sum" * (said == want),
                ),
                "do not build with it: the mirror holds other bytes than everybody"
                " else's, from a moved tag or an attack; have it removed there",
            )
        elif said and said != h1:
            agrees = want == h1
            stage.blame(
                "sum.gosum_mismatch",
                say(
                    "{what}: {h1} came, go.sum has {said}{more}",
                    what=what,
                    h1=h1,
                    said=said,
                    more="; the checksum database agrees with what came" * agrees,
                ),
                "go.sum was written from other bytes: find out by whom, then remove the"
                " line and run go mod tidy"
                if agrees
                else "the tag was moved, or the bytes were changed: ask another way; do"
                " not delete go.sum",
            )
        else:
            proved = ", as proven" * bool(want)
            stage.saw(say("{kind} {h1}{proved}", kind=kind, h1=h1, proved=proved))
