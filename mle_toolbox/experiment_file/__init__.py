"""From the user's three files to a plan.

``exp.yaml``, the ``.json`` configurations and the script are read, checked and turned into a frozen ``Plan``.
Imports nothing by itself: ``json_file`` is used inside training scripts and must stay light.
"""
