"""Started by the rule `look`: which configurations get more seeds, where their number is open."""

import argparse
import sys
from pathlib import Path

from mle_toolbox.errors import MLEToolboxError, ResultsError
from mle_toolbox.results import ExperimentResults, load
from mle_toolbox.results.look_decision import decide_look


def main() -> None:
    """Parse the command line and decide."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    parser.add_argument("--look", type=int, required=True)
    parser.add_argument("--without-failed", action="store_true", help="do not wait for seed runs that have failed")
    arguments = parser.parse_args()
    results = load(arguments.experiment_dir)
    if not isinstance(results, ExperimentResults):
        raise ResultsError(f"{arguments.experiment_dir}: this is not the results folder of an experiment.")
    look = decide_look(results, arguments.look, without_failed=arguments.without_failed)
    for name, better in look.worse.items():
        print(f"{name}: worse than {better}" if better else f"{name}: no two seeds with a finite value")
    print(f"undecided: {', '.join(look.undecided) or 'none'}")


if __name__ == "__main__":
    try:
        main()
    except (MLEToolboxError, OSError) as error:
        sys.exit(str(error))  # a sentence, which `mle run` shows
