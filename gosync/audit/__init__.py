"""What became upstream of what is held: asked politely, told plainly.

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
"""
