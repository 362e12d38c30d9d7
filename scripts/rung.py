"""Started by the rule `rung`: which trials of a search get further seeds."""

import argparse
import sys
from pathlib import Path

from mle_toolbox.climbing import decide_rung
from mle_toolbox.errors import MLEToolboxError
from mle_toolbox.layout import ExperimentFolder


def main() -> None:
    """Parse the command line, decide and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    parser.add_argument("--rung", type=int, required=True)
    arguments = parser.parse_args()
    for sentence in decide_rung(ExperimentFolder(arguments.experiment_dir), arguments.rung):
        print(sentence)


if __name__ == "__main__":
    try:
        main()
    except (MLEToolboxError, OSError) as error:
        sys.exit(str(error))  # a sentence, which `mle run` shows
