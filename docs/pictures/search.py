"""Draw search-contour.png and search-importance.png beside it, from a search run here. `make pictures` calls it.

60 trials with three seeds, drawn at random: gradient descent with momentum on a valley, with noise. The third variable
does nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURES = Path(__file__).resolve().parent
BASE = {
    "train_config": {"learning_rate": 0.01, "momentum": 0.9, "nothing": 0.5},
    "log_config": {"time_to_track": ["step"], "what_to_track": ["log_loss"]},
}
EXPERIMENT = """
meta_job_args:
    project_name: "valley"
    job_type: "hyperparameter-search"
    base_train_fname: "train.py"
    base_train_config: "base.json"
    experiment_dir: "experiments/"
param_search_args:
    search_logging: {eval_metrics: "log_loss", max_objective: False}
    search_resources: {num_total_evals: 60, num_seeds_per_eval: 3}
    search_config:
        search_type: "Random"
        search_params:
            real:
                learning_rate: {begin: 1.0e-4, end: 0.1, prior: "log-uniform"}
                momentum: {begin: 0.0, end: 0.99}
                nothing: {begin: 0.0, end: 1.0}
"""
SCRIPT = """
import numpy as np
from mle_toolbox import MLExperiment

mle = MLExperiment()
settings, rng = mle.train_config, np.random.default_rng(mle.seed)
curvature = np.geomspace(0.3, 20, 20)
place, speed = np.ones(20), np.zeros(20)
for step in range(1, 201):
    gradient = curvature * place + rng.normal(0, 0.3, 20)
    speed = settings.momentum * speed - settings.learning_rate * gradient
    place = np.clip(place + speed, -30, 30)
    if step % 20 == 0:
        mle.update_log({"step": step}, {"log_loss": np.log10(curvature @ place**2 / 2)})
"""


def main() -> None:
    """Run the search and draw both."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "exp.yaml").write_text(EXPERIMENT)
        (folder / "base.json").write_text(json.dumps(BASE))
        (folder / "train.py").write_text(SCRIPT)
        mle(folder, "run")
        mle(
            folder,
            "plot",
            "--kind",
            "contour",
            "--settings",
            "learning_rate",
            "momentum",
            "--output",
            place_of("contour"),
        )
        mle(folder, "plot", "--kind", "importance", "--output", place_of("importance"))


def mle(folder: Path, *words: str) -> None:
    """Type a command in a folder."""
    subprocess.run([sys.executable, "-m", "mle_toolbox", *words], cwd=folder, check=True)


def place_of(picture: str) -> str:
    """Return the file of a picture."""
    return str(PICTURES / f"search-{picture}.png")


if __name__ == "__main__":
    main()
