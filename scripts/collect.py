"""Started by the rule `collect`: the merged logs of all configurations into results.h5 and results.csv."""

import argparse
import sys
from pathlib import Path

from mle_toolbox.errors import MLEToolboxError, ResultsError
from mle_toolbox.experiment_record import read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.merge import merge_configurations, write_table


def main() -> None:
    """Parse the command line and collect."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    folder = ExperimentFolder(parser.parse_args().experiment_dir)
    # The plan of this start: the experiment file and the configurations may have been edited or deleted since.
    record = read_experiment_record(folder)
    if record is None:
        raise ResultsError(f"{folder.record} is not there, so nobody knows what to collect. Run again what wrote it.")
    names = [each["name"] for each in record["configurations"]]
    merge_configurations({name: folder.configuration(name).log for name in names}, folder.results)
    write_table(folder, names, record["seeds"])


if __name__ == "__main__":
    try:
        main()
    except (MLEToolboxError, OSError) as error:
        sys.exit(str(error))  # a sentence, which `mle run` shows
