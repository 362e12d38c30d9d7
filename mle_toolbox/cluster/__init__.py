"""What Grid Engine is asked outside of Snakemake: does it answer, which queues accept jobs, which tasks are ours.

The commands themselves, and what the executor writes about its tasks, are known in one place each, which needs no
Snakemake: `gridengine` and `records` of snakemake_executor_plugin_mle_sge.
"""
