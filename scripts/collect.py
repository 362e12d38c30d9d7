"""Started by the rule `collect`: the merged logs of all configurations into results.h5 and results.csv."""

import argparse
import sys
from pathlib import Path

from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.merge import merge_configurations, write_table


def main() -> None:
    """Parse the command line and collect."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-file", type=Path, required=True)
    plan = load_plan(parser.parse_args().experiment_file, check_sources=False)
    folder = ExperimentFolder(plan.experiment_path)
    names = [each.name for each in plan.configurations]
    merge_configurations({name: folder.configuration(name).log for name in names}, folder.results)
    write_table(folder, names, plan.seeds)


if __name__ == "__main__":
    try:
        main()
    except (MLEToolboxError, OSError) as error:
        sys.exit(str(error))  # a sentence, which `mle run` shows
