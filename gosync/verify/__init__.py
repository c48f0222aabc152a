"""Verify: prove what a module cache holds, one stored thing after the other.

Whatever made the cache, what is in it is asked the same questions. A layout says
which file is what; a proof source says what it should be; checks compare; what
differs is a finding, and a plan says what can be done about it.

    verdicts   what can be said of a file, and with which evidence (pure)
    inventory  what a target has, by version
    belonging  what of a folder is a cache's, and what is foreign (pure)
    sight, samples   what a folder is, and where the cache in it begins
    targets    a target
    answers    what a proof source can say of a version (pure)
    proofs     the sources: catalog, a mirrored sumdb, the database itself
    checks     one version's files against an answer
    extracted  the h1 of an extracted folder
    listing    list and @latest
    logfiles   lookups and tiles that a target holds
    sumlines   go.sum and go.work.sum
    ownstore   gosync's own store: blobs and rows
    storeproof, storefiles   its records proven; its tiles, journal, evidence
    remote     a GOPROXY URL, looked at through a scratch folder
    sources    which of the proofs a run has
    session    one invocation
    memory     what earlier runs proved, so that a long one goes on
    engine     batches, threads, time limits
    plan       which finding can be met how (pure)
    permissions, access   whose mode or owner is wrong (pure); set, and set back
    statefolder   where results and shelves are kept
    shelf, returning   what was moved aside, and back
    deeds      what was done so far
    actions    planned, limited, done, whatever the target is
    carrying   a plan carried out on a folder
    sumactions   on a go.sum
    storeplan, storeactions, storerestore   on gosync's own store
    logrepair  lookups and tiles fetched anew
    fetching   whom a repair asks: upstreams, or what is at hand
    workshop   a version fetched anew through the gate
    remedy     what to run next (pure)
    report     the outcome; documents (JSON), page (HTML)

**Verdicts.** ``polluted`` says that the bytes are whole and are not what the log, a
pin or a go.sum knows. ``unverifiable`` always says why: the module is private, the
log does not know it, or the log could not be asked. Only what was compared is
``ok``.

Nothing here follows a link, opens what is no plain file, or leaves the target's
folder, which is held open. A file that has another name is replaced, never changed.
Whoever reports writes nothing into the target.
"""
