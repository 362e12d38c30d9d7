"""Turns answers into text: tables in every form, sentences, signs. The only place that does.

Stands above ``results/``, which answers, and ``drive/``, which knows how seed runs stand. How a single number or a list
of names is written is said by ``mle_toolbox/text.py``, since statistics and error messages need that, too.
"""
