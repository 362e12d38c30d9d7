"""What it costs to start: a training script, the command line, the generator.

python benchmarks/start.py [--repeat 9]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from measure import machine, measure, medians, print_table

from mle_toolbox.experiment_file.configuration_text import text_of_configuration

CONFIGURATION = {
    "train_config": {},
    "net_config": {},
    "log_config": {"time_to_track": ["t"], "what_to_track": ["x"], "overwrite_experiment_dir": 1},
}
# What closing costs is measured elsewhere.
SCRIPT = """\
import os
from mle_toolbox import MLExperiment

MLExperiment()
os._exit(0)
"""


def main() -> None:
    """Measure in turn and print medians of the CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=9)
    repeat = parser.parse_args().repeat
    python, mle = sys.executable, [sys.executable, "-m", "mle_toolbox"]
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_project(project)
        script = [python, "start.py", "-exp_dir", "by_hand", "-config"]
        commands = {
            "python -c pass": [python, "-c", "pass"],
            "import numpy": [python, "-c", "import numpy"],
            "import mle_toolbox; MLExperiment()": [*script, "c0.json"],
            "the same, configuration in YAML": [*script, "same.yaml"],
            "mle --help": [*mle, "--help"],
            "import jsonschema, yaml": [python, "-c", "import jsonschema, yaml"],
            "mle-gen-snakefile, 100 configurations x 100 seeds": [*mle, "generate", "exp.yaml"],
        }
        found = medians({name: partial(measure, each, project) for name, each in commands.items()}, repeat)
    numpy = found["import numpy"].cpu_seconds
    rows = [
        (name, f"{usage.cpu_seconds:.3f}", f"{usage.wall_seconds:.3f}", f"{usage.cpu_seconds / numpy:.2f}")
        for name, usage in found.items()
    ]
    print(machine())
    print_table(f"Start, median of {repeat}", ("what", "CPU s", "wall s", "x import numpy"), rows)


def write_project(project: Path) -> None:
    """Write 100 configurations x 100 seeds, and a script that only starts."""
    names = [f"c{number}.json" for number in range(100)]
    for number, name in enumerate(names):
        (project / name).write_text(json.dumps({**CONFIGURATION, "train_config": {"number": number}}))
    (project / "same.yaml").write_text(text_of_configuration(CONFIGURATION, ".yaml"))
    (project / "start.py").write_text(SCRIPT)
    experiment = {
        "meta_job_args": {
            "project_name": "start",
            "job_type": "multiple-experiments",
            "base_train_fname": "start.py",
            "experiment_dir": "experiments/",
        },
        "multi_experiment_args": {"config_fnames": names, "num_seeds": 100},
    }
    (project / "exp.yaml").write_text(json.dumps(experiment))


if __name__ == "__main__":
    main()
