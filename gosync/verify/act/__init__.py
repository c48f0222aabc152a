"""Act on findings: repair, move aside, delete, and restore what it was before.

    actor       what can be done to a target (a protocol)
    plan        which finding can be met how
    done        what was done so far, and what failed
    folder      a plan carried out on a folder
    gosum       a plan carried out on a go.sum
    access      modes and owners: set, and set back
    quarantine  what was moved aside, with its evidence
    restore     what was moved aside, put back
    fetching    whom a repair asks: upstreams, or what is at hand
    scratch     a scratch store: versions fetched anew through the gate
    logrepair   lookups and tiles fetched anew

What is removed or replaced is in quarantine first; a run that is killed anywhere is
undone or run again.
"""
