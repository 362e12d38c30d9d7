"""Started by the rule `ask`: the configuration files of the trials of a search that have none yet."""

import argparse
import sys
from pathlib import Path

from mle_toolbox.asking import ask
from mle_toolbox.errors import MLEToolboxError, ResultsError
from mle_toolbox.experiment_record import read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.trial_files import write_trial


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    parser.add_argument("--trials", help="of a search that learns: those that are asked now, with commas between them")
    arguments = parser.parse_args()
    folder = ExperimentFolder(arguments.experiment_dir)
    # The plan of this start: the experiment file and the base configurations may have been edited or deleted since.
    record = read_experiment_record(folder, as_written=True)
    if record is None:
        raise ResultsError(
            f"{folder.record} is not there, so nobody knows what the trials are. Run again what wrote it."
        )
    if arguments.trials is not None:
        for name, values in ask(folder, record, arguments.trials.split(",")):
            print(f"{name}: {values}")
        return
    for mark in folder.asked:
        mark.unlink(missing_ok=True)
    # In the order of their numbers: those that are left out by a kill get the same numbers when they are asked again.
    entries = sorted(record["configurations"], key=lambda entry: entry["trial"]["number"])
    for entry in (each for each in entries if not each["trial"].get("is_pending")):
        if write_trial(folder, entry):
            print(f"{entry['name']}: {entry['trial']['values']}")


if __name__ == "__main__":
    try:
        main()
    except (MLEToolboxError, OSError) as error:
        sys.exit(str(error))  # a sentence, which `mle run` shows
