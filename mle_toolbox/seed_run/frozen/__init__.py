"""Lets a seed run, and every Python that it starts, run the code stored at the start of the experiment.

The launcher puts this folder on PYTHONPATH. None of its files needs a package, not even ours: with ``env_name`` another
Python, of version 3.11 or newer, reads them, and ours may not be installed there.
"""
