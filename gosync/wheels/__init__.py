"""gosync's own packages, carried to where no index of packages is.

ownwheel   the wheel of the gosync that runs, made again of what is installed
platforms  platforms by Go's names, as wheels are tagged for them (pure)
carrying   a folder of wheels with their hashes, and a script that installs them
"""
