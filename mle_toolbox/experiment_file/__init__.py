"""Reads ``exp.yaml``, the configurations and the script, checks them and returns a frozen ``Plan``.

Imports nothing by itself: ``json_file`` is used inside training scripts and must stay light.
"""
