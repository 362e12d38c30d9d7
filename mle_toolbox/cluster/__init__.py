"""Questions to a cluster outside of Snakemake: does it answer, which queues accept jobs, which tasks are ours.

Gets a scheduler by its name (mle_cluster/known.py) and knows none of them.
"""
