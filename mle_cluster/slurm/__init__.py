"""Slurm: the only package that knows its commands and their answers; backend.py is its interface."""
