"""What a cluster is asked outside of Snakemake: does it answer, which queues accept jobs, which tasks are ours.

Asks a scheduler by its name (mle_cluster/known.py) and knows none of them.
"""
