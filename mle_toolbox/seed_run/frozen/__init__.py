"""What lets a seed run, and every Python that it starts, run the code of its start.

This folder is put on PYTHONPATH. Its files need no package, this one neither: with ``env_name`` another Python of
version 3.11 or newer reads them.
"""
