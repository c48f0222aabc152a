"""Audit: what became upstream of the versions that are held.

An audit asks each upstream again about what came from there, and holds the answers
against what was proven when it came: the catalog's ``h1:``, which the checksum
database or our first sight vouches for. What differs is a finding
(``gosync.catalog.findings``). Nothing that is held is changed by it: the proven
bytes stay served, and a version that was rewritten is never fetched anew.

``checks`` decides (pure), over ``answers``, what was answered. ``questions`` says who
is asked what, ``order`` (pure, over ``queue``) in which order; ``asking``
(``versionfiles``, ``modulelists``), ``index`` and ``source`` (``git``, ``origins``)
ask, within the ``budget`` and while the ``breaker`` lets them; ``judging`` writes
findings down, and ``engine.run_audit`` is the way in.

Private modules are asked of the one upstream that serves them, and held against
their pins; no database is asked for anything here.

    answers       what was answered, as the catalog keeps it: JSON
    asking        asking one proxy: about a version's files, or about a module
    breaker       breaker of one source over many audits
    budget        how much may be asked of one source, now
    checks        what is held against what was answered: findings (pure)
    engine        one audit: ask what is due, within the budget
    git           asking a repository for its tags
    index         asking the index whether it has gone on without us
    judging       holding what was answered against what is held
    metered       one proxy, asked within its budget, and an answer as it is kept
    modulelists   asking about a module: its list
    options       how an audit asks, and what it makes of the answers
    order         whose turn it is
    origins       which repository a version says it came from (pure)
    questions     who is asked what: every question about what trees show
    queue         the questions of one source, as the catalog keeps them
    report        what an audit did and how it ended
    source        asking a module's repository about its tags
    spent         which sources' budget of an hour is used up
    state         how audits stand: age of answers, what is due, what stands open
    versionfiles  asking for a version's ``.info``, ``.mod`` and ``.zip``
"""
