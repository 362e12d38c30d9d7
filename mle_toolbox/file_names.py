"""What the files in the folder of a seed run are called.

No imports, because the start of every seed run needs them (experiment/launch.py); paths are made of them in layout.py.
"""

LOG = "log.h5"
READY_LOG = "log.h5.ready"
JOURNAL = "journal.bin"
DONE = ".done"
RUN_RECORD = "run.json"
READY_RECORD = "run.json.ready"
CHECKPOINT = "checkpoint.pkl"

SEED_PREFIX = "seed_"

CODE = ".code"
"""The folder of the stored code, in the results folder of an experiment."""

SNAPSHOT_VARIABLE = "MLE_CODE_SNAPSHOT"
"""Environment variable: the file that lists the code of this start, absolute."""
PROJECT_VARIABLE = "MLE_PROJECT_DIR"
"""Environment variable: the folder of the experiment file, absolute, as this machine calls it."""


def seed_folder(experiment_dir: str, configuration: str, seed: int) -> str:
    """Return the path of the folder of one seed run."""
    return f"{experiment_dir}/{configuration}/{SEED_PREFIX}{seed}"
