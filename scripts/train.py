"""Started by the rule `train`: the training script for one configuration and one seed."""

import argparse
import sys
from pathlib import Path

from mle_toolbox.experiment.launcher import run_seed


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--config", dest="configuration", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--python")
    parser.add_argument("--conda-prefix", type=Path)
    parser.add_argument("extra_arguments", nargs="*")
    return run_seed(**vars(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
