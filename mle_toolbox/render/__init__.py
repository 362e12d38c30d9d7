"""Turns answers and statuses into text: tables in every form, sentences, signs. The only place that does.

One layer above ``results/``, which computes answers, and ``drive/``, which knows the status of seed runs. The format of
a single number or a list of names is in ``mle_toolbox/text.py``, since statistics and error messages need it, too.
"""
