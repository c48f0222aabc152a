"""The command line: one file a verb, and the one mapping of errors to exit codes.

``main`` is the group and the process's border, ``options`` what every command
takes, ``output`` how results are written, ``progress`` how long work shows.
"""
