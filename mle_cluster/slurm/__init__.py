"""Slurm: the only room that knows its commands and their answers; backend.py is its interface."""
