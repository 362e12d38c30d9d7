"""Started by the rules `finalists` and `winner`: which trials get fresh seeds, and which of them wins by these."""

import argparse
import sys
from pathlib import Path

from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.results.final_choice import choose_the_finalists, choose_the_winner


def main() -> None:
    """Parse the command line and choose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    parser.add_argument("--choose", choices=("finalists", "winner"), required=True)
    arguments = parser.parse_args()
    folder = ExperimentFolder(arguments.experiment_dir)
    results = load(folder.path)
    if isinstance(results, ExperimentResults):
        choose = choose_the_finalists if arguments.choose == "finalists" else choose_the_winner
        print(choose(results, folder))


if __name__ == "__main__":
    try:
        main()
    except (MLEToolboxError, OSError) as error:
        sys.exit(str(error))  # a sentence, which `mle run` shows
