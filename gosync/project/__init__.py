"""A project on disk: the folder of somebody's Go code, and what its files ask for.

Only go.mod, go.sum, go.work and go.work.sum are read, and nothing is written;
which module versions follow from them is decided by :mod:`gosync.gomod.needs`.

    files   files of a project, read once, whole, and up to a limit
    folder  reading a project's folder
    record  what a build asked a module proxy for (pure)
    packages  the packages of its main modules, and what they import
"""

from gosync.project.folder import Project, SumFile, read_project

__all__ = ["Project", "SumFile", "read_project"]
