"""What scripts and notebooks of the original mle-toolbox import besides ``MLExperiment``: the same names, on our files.

Nothing else in the package uses it.
"""
