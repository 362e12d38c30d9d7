"""Started by the rule `collect`: the merged logs of all configurations into results.h5 and results.csv."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from mle_toolbox.drive.status import read_status
from mle_toolbox.errors import MLEToolboxError, ResultsError
from mle_toolbox.experiment_record import read_experiment_record
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.merge import merge_configurations, merge_seeds, write_table


def main() -> None:
    """Parse the command line and collect."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    parser.add_argument("--what-finished", action="store_true", help="also where not all seed runs have finished")
    arguments = parser.parse_args()
    folder = ExperimentFolder(arguments.experiment_dir)
    # The plan of this start: the experiment file and the configurations may have been edited or deleted since.
    record = read_experiment_record(folder)
    if record is None:
        raise ResultsError(f"{folder.record} is not there, so nobody knows what to collect. Run again what wrote it.")
    names = [each["name"] for each in record["configurations"]]
    merged = _merge_what_finished(folder) if arguments.what_finished else names
    if merged:
        merge_configurations({name: folder.configuration(name).log for name in merged}, folder.results)
    seeds = {each["name"]: each.get("seeds", record["seeds"]) for each in record["configurations"]}
    write_table(folder, names, seeds)


def _merge_what_finished(folder: ExperimentFolder) -> list[str]:
    """Merge the finished seeds of the configurations that have others; return those of which there is anything."""
    status, merged = read_status(folder), []
    for name in status.configurations:
        runs, place = status.of(name), folder.configuration(name)
        finished = {run.seed: run.folder.log for run in runs if run.status == "done"}
        if finished and not (len(finished) == len(runs) and _is_merged(place.log, finished.values())):
            merge_seeds(finished, place.log)
        merged += [name] if finished else []
    return merged


def _is_merged(merged: Path, logs: Iterable[Path]) -> bool:
    """Whether a merged log is there, and no older than what it is made of: a trial may have earned further seeds."""
    try:
        return merged.stat().st_mtime_ns >= max(log.stat().st_mtime_ns for log in logs)
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    try:
        main()
    except (MLEToolboxError, OSError) as error:
        sys.exit(str(error))  # a sentence, which `mle run` shows
