"""Started by the rule `train`: the training script for one configuration and one seed.

train.py --script=FILE --config=FILE --seed=N --experiment-dir=FOLDER [--cores=N] [--conda-prefix=FOLDER]
         [--time-limit=SECONDS] [--memory-limit=MB] -- [ARGUMENTS]
"""

import os
import sys

# `python -S` does not know where packages lie. This folder is beside ours in a checkout, in ours/_bundle in a wheel.
_BUNDLE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(_BUNDLE if os.path.isdir(f"{_BUNDLE}/mle_toolbox") else os.path.abspath(f"{_BUNDLE}/../.."))

if "PYTHONPATH" in os.environ:  # the script's folders, in which nothing of ours lies
    from mle_toolbox.installed_first import prefer_installed

    prefer_installed()

from mle_toolbox.experiment.train_job import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
