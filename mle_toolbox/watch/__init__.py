"""A live view of an experiment in a terminal, from its files alone: `mle watch`.

``view.py`` and ``watched_run.py`` read and need no terminal; the others draw, with Textual.
"""
