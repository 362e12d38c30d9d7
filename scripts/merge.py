"""Started by the rule `merge`: one configuration's seeds into its log.h5."""

import argparse
import sys
from pathlib import Path

from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.merge import merge_seeds
from mle_toolbox.seed_ranges import parse_seeds


def main() -> None:
    """Parse the command line and merge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    parser.add_argument("--configuration", required=True)
    parser.add_argument("--seeds", type=parse_seeds, required=True)
    arguments = parser.parse_args()
    folder = ExperimentFolder(arguments.experiment_dir).configuration(arguments.configuration)
    merge_seeds({seed: folder.seed(seed).log for seed in arguments.seeds}, folder.log)


if __name__ == "__main__":
    try:
        main()
    except (MLEToolboxError, OSError) as error:
        sys.exit(str(error))  # a sentence, which `mle run` shows
