"""Start Snakemake on an experiment, follow it, and report the outcome."""
