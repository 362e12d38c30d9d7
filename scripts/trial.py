"""Started by the rule `trial`: the seeds of a trial, all of which have ended, into its log.h5 and its score."""

import argparse
import sys
from pathlib import Path
from typing import Any

from mle_toolbox.errors import MLEToolboxError, ResultsError
from mle_toolbox.experiment_record import read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.merge import merge_seeds
from mle_toolbox.log.run_record import run_status
from mle_toolbox.seed_ranges import parse_seeds
from mle_toolbox.trial_score import write_score


def main() -> None:
    """Parse the command line, merge and score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    parser.add_argument("--configuration", required=True)
    parser.add_argument("--seeds", type=parse_seeds, required=True)
    arguments = parser.parse_args()
    folder = ExperimentFolder(arguments.experiment_dir)
    trial = folder.configuration(arguments.configuration)
    record = read_experiment_record(folder)
    if record is None:
        raise ResultsError(f"{folder.record} is not there, so nobody knows how trials are scored.")
    finished = [seed for seed in arguments.seeds if run_status(trial.seed(seed)) == "done"]
    if finished:
        merge_seeds({seed: trial.seed(seed).log for seed in finished}, trial.log)
    elif not _is_anything_good(folder, record):
        # A bug is not a bad hyperparameter: nothing is learned from it, and the next start tries these runs again.
        trial.score.unlink(missing_ok=True)
        raise ResultsError(
            f"All seed runs of {arguments.configuration} have failed, and no other one has ended well so far. "
            "This is taken for a mistake in the script, not for a bad point of the space."
        )
    else:
        trial.log.unlink(missing_ok=True)
    score = write_score(trial, record["search"], arguments.seeds, finished)
    print(f"{arguments.configuration}: {score['metric']} {score['value']}")


def _is_anything_good(folder: ExperimentFolder, record: dict[str, Any]) -> bool:
    trials = [folder.configuration(each["name"]) for each in record["configurations"]]
    return any(run_status(each.seed(seed)) == "done" for each in trials for seed in each.seeds_on_disk())


if __name__ == "__main__":
    try:
        main()
    except (MLEToolboxError, OSError) as error:
        sys.exit(str(error))  # a sentence, which `mle run` shows
