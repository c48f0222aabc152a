"""Verify: prove what a module cache holds, one stored thing after the other.

Whatever made the cache, what is in it is asked the same questions. A layout says
which file is what; a proof source says what it should be; checks compare; what
differs is a finding, and a plan says what can be done about it.

    verdicts     findings, their evidence, the exit codes (pure)
    request      what is asked for
    statefolder  the folder that results and what was moved aside are kept in
    remedy       what to run next (pure)
    prove        proof sources: what a version's files should be
    look         targets and checks: what is there, and how it differs
    act          plans, and what is done to a folder or a go.sum
    ownstore     gosync's own store: looked at, and acted on
    report       the report of a run, as JSON
    session      a target opened with all that a run of it needs
    executor     the actions that findings call for: planned, limited, done
    page         the report as an HTML page

**Verdicts.** ``polluted`` says that the bytes are whole and are not what the log, a
pin or a go.sum knows. ``unverifiable`` always says why: the module is private, the
log does not know it, or the log could not be asked. Only what was compared is
``ok``.

Nothing here follows a link, opens what is no plain file, or leaves the target's
folder, which is held open. A file that has another name is replaced, never changed.
Whoever reports writes nothing into the target.
"""
