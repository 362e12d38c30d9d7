"""Draw watch.svg beside it: the screen of `mle watch` over an experiment that is running. `make pictures` calls it.

The numbers are made here, with a fixed seed: half an hour of training would give the same picture.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mle_toolbox.drive.lock import driver_lock
from mle_toolbox.drive.status import SeedRunStatus, read_status
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log import hdf5
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.watch.app import WatchApp
from mle_toolbox.watch.picture import draw
from mle_toolbox.watch.view import View

PICTURE = Path(__file__).resolve().with_suffix(".svg")
RATES = {"adam": 5.0, "adam_wide": 7.0, "sgd": 2.5, "sgd_momentum": 3.5}
N_TICKS = 500
# How far the five seeds of each configuration are.
DONE = {"adam": (1, 1, 1, 0.72, 0.4), "adam_wide": (1, 1, 0.81, 0.33, 0), "sgd": (1, 1, 0.6, 0, 0), "sgd_momentum": ()}


def main() -> None:
    """Make the experiment and draw it."""
    chance = random.Random(7)  # noqa: S311
    with tempfile.TemporaryDirectory() as place:
        folder = ExperimentFolder(Path(place) / "experiments")
        folder.path.mkdir()
        content = {
            "configurations": [{"name": name} for name in RATES],
            "seeds": list(range(5)),
            "job": {"log_file": "out.txt", "err_file": "err.txt"},
        }
        folder.record.write_text(json.dumps(content))
        writers = [add(folder, name, seed, share, chance) for name in DONE for seed, share in enumerate(DONE[name])]
        failed = folder.seed_run("sgd_momentum", 0)
        failed.path.mkdir(parents=True)
        write_run_record(failed, RunRecord(status="failed", reason="ValueError: the loss is not finite"))
        with driver_lock(folder.driver, lambda _: None):
            app = WatchApp(View(lambda: read_status(folder), [folder.record]), not_here, "classify")
            asyncio.run(draw(app, PICTURE, (120, 34)))
        for writer in writers:
            if writer is not None:
                writer.release()
    print(PICTURE)


def add(folder: ExperimentFolder, name: str, seed: int, share: float, chance: random.Random) -> JournalWriter | None:
    """Add a seed run that is so far; return the writer of one that is running."""
    if not share:
        return None
    run = folder.seed_run(name, seed)
    run.path.mkdir(parents=True)
    began = datetime.now(UTC) - timedelta(minutes=20 * share)
    end = datetime.now(UTC).isoformat() if share == 1 else None
    ticks = round(N_TICKS * share)
    status = "done" if share == 1 else "running"
    write_run_record(run, RunRecord(status=status, host="node7", start=began.isoformat(), end=end, ticks=ticks))
    level = 0.25 + chance.gauss(0, 0.03)
    losses = [level + 2 * math.exp(-RATES[name] * t / N_TICKS) + chance.gauss(0, 0.02) for t in range(ticks)]
    if share == 1:
        values = np.array(losses)
        columns = {"epoch": np.arange(ticks), "loss": values, "accuracy": 1 - values / 3}
        hdf5.write_log(run.log, LogData(("epoch",), ("loss", "accuracy"), columns))
        return None
    writer = JournalWriter(run.journal, ["epoch"], ["loss", "accuracy"])
    for step, loss in enumerate(losses):
        writer.append({"epoch": step}, {"loss": loss, "accuracy": 1 - loss / 3}, save=True)
    return writer


def not_here(run: SeedRunStatus) -> str:
    """Stand in for stopping."""
    return f"{run.configuration} seed {run.seed} is a picture."


if __name__ == "__main__":
    main()
