"""Which trials a hyperparameter search consists of.

Reads ``param_search_args``, proposes points of the space and puts their values into configurations. Imports the
standard library only, because every job of an experiment reads the plan. Knows nothing of Snakemake, and nothing of
scores (``results/trial_scores.py``).
"""
