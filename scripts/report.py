"""Started by the rule `report`: the report of an experiment, its tables and its figures."""

import argparse
from pathlib import Path

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.report import write_figures, write_report, write_search, write_tables
from mle_toolbox.results import ExperimentResults, load


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment-dir", type=Path, required=True)
    folder = ExperimentFolder(parser.parse_args().experiment_dir)
    results = load(folder.path)
    if isinstance(results, ExperimentResults):
        if results.search is not None:
            write_search(results, folder)
        write_tables(results, folder)
        write_figures(results, folder)
        write_report(results, folder.report)


if __name__ == "__main__":
    main()
