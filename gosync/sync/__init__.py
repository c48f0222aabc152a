"""One incremental pass: discover, select, fetch through the gate, publish.

``plan`` is pure: it decides. ``index`` and ``lists`` ask
what is offered, ``facts`` what its newest go.mod says of it. ``choosing``,
``dependencies`` and ``toolchains`` are the parts of a selection, which ``selecting``
puts together and into the catalog. ``fetch`` brings versions through the gate;
``engine`` has the parts of a pass, which ``running`` runs; ``prune`` is its opposite.

    adopt         taking in what a tree shows and its store lacks: a tree as a source
    agreeing      asking whether a sync may bring as much as it would
    arriving      bringing what must be read to select, in waves side by side
    askedtiles    tiles that a tree's clients asked for and did not get
    authors       what authors say of versions that are selected, where a rule asks
    chains        who wants what the policy rules on, by which other versions
    choosing      the selects' rules over what upstream offers
    claims        leases of what is to be fetched, taken some rows ahead
    completeness  how much of what is selected is here: the one place that counts it
    demands       which select or project wants which version (pure)
    dependencies  what projects and selects need besides what they name: the second part
    emptymodules  modules that a select names by their path and of which it has nothing
    engine        the parts of one pass: discover, select, fetch through the gate
    explaining    one select's or project's part of a plan, told apart
    facts         what a module's newest go.mod says about its versions
    fetch         bringing wanted versions through the gate, several at once
    fingerprint   what a selection follows from, as one digest
    following     all that the followed gosync has, where nothing is selected
    forecast      how much a sync will bring, and whether somebody agrees to that
    freshness     how fresh a site is, in data time: what it knows of, not when it ran
    gomods        where module graphs find their go.mod files: the store
    index         following the module index: which events matter, and how far we are
    indexbatch    pages of an index that are committed together
    keptindex     all of a module index in the catalog, with a cursor of its own
    keptfacts     facts as the catalog keeps them, read back
    knownsizes    sizes of zips, as far as the store tells them
    lists         asking ``@v/list`` and ``@latest`` of the modules that are due
    notes         what a selection could not know, and what it took instead (pure)
    offer         what upstream says of one module: what there is (pure)
    packages      where what packages import is found: the catalog, then their zips
    plan          from what upstream offers of a module to what is wanted of it (pure)
    planfile      ``plan.json``: what was planned, and the state that it was planned on
    planned       what a sync would do, as a value
    planning      what a sync would do, asked of upstream and summed up
    plansums      sums of a plan: how much each select and project wants (pure)
    probing       versions asked for one by one, where nobody lists a module's
    projects      configured projects, read from their folders
    projectzips   the zips of a project, as far as the store knows
    prune         forgetting what no selection wants any more
    publishing    the last part of a pass: head, tree
    reasons       why a version is selected: which select or project wants it
    recorded      what records of builds name, and nothing else
    report        what a pass did: as a value, and as the document that it prints
    running       one pass from its begin to its end, and what is written down of it
    scope         what a pass is of: the site, or what a command named of it
    selecting     from the configuration to the complete selection, and into the catalog
    selection     the catalog held against the selection
    settling      what a pass puts an end to: findings that say we are behind
    sizing        asking how large zips are, a limited number of times
    sumcheck      a project's go.sum held against what is proven
    tally         what one pass did: counted while it runs, told when it ended
    toolchains    toolchains as modules: what ``GOTOOLCHAIN=auto`` asks a proxy for
    tools         which module has a program, and which toolchain it asks for
    unproven      versions that wait for their proof, admitted without a fetch
    upgrades      which version ``go get -u`` would take of each module that is required
    vulndatabase  the vulnerability database of a pass, here before anything is ruled on
    wanted        a selection in the making: each version once (pure)
    withdrawing   withdrawing a version, and bringing it back
    zipsizes      sizes of zips, exact or estimated (pure)
"""
