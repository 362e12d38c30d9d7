"""Jobs as array tasks on a cluster, whichever its scheduler.

A library, not a plugin: at every start Snakemake imports each top-level package with its prefix and takes it for a
plugin, so the core that several executors share needs another name. Each scheduler has a folder that implements the
protocol of scheduler.py; known.py lists them. The parts that need no Snakemake (array_folder.py, records.py, lock.py,
known.py and the schedulers) are used by `mle run`, `mle stop` and `mle doctor` as well.
"""
