"""Start Snakemake on an experiment, watch it, and say what came of it."""
