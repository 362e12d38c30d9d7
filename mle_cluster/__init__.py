"""Jobs as array tasks on a cluster, whichever its scheduler.

A library and no plugin: Snakemake imports every top-level package with its prefix at every start and takes it for a
plugin, so the core that several executors share has to be called otherwise. One folder for each scheduler
answers the questions of scheduler.py; known.py says which there are. What needs no Snakemake
(records.py, lock.py, known.py and the schedulers) is used by `mle run`, `mle stop` and `mle doctor` as well.
"""
