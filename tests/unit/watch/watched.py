"""An experiment in a folder, as a driver and its seed runs leave it, of which some are running in this process."""

from __future__ import annotations

import json
from pathlib import Path

from mle_toolbox.drive.status import SeedRunStatus, read_status
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, write_run_record
from mle_toolbox.watch.app import WatchApp
from mle_toolbox.watch.view import View

TRACEBACK = 'Traceback (most recent call last):\n  File "{}/train.py", line 3, in <module>\n    import torch\n'
NAMES = ("adam", "[red]sgd", "-dash é")


class Watched:
    """Three configurations of three seeds: two of each of the first two are running, one of the last has failed."""

    def __init__(self, path: Path) -> None:
        self.folder = ExperimentFolder(path)
        job = {"log_file": "out.txt", "err_file": "err.txt"}
        content = {"configurations": [{"name": name} for name in NAMES], "seeds": [0, 1, 2], "job": job}
        self.folder.record.write_text(json.dumps(content))
        self.writers: dict[tuple[str, int], JournalWriter] = {}
        self.stopped: list[tuple[str, int]] = []
        for name in NAMES[:2]:
            for seed in (0, 1):
                self.start(name, seed)
        failed = self.folder.seed_run(NAMES[2], 0)
        failed.path.mkdir(parents=True)
        write_run_record(failed, RunRecord(status="failed", reason="ModuleNotFoundError: No module named 'torch'"))
        text = TRACEBACK.format(path.parent.resolve()) + "ModuleNotFoundError: No module named 'torch'\n"
        (failed.path / "err.txt").write_text(text)

    def start(self, name: str, seed: int) -> None:
        """Begin a seed run, with ten ticks."""
        run = self.folder.seed_run(name, seed)
        run.path.mkdir(parents=True)
        (run.path / "out.txt").write_text(f"[bold]output of {name} {seed}[/bold]\n")
        (run.path / "err.txt").write_text("\r 10%\r 50%")
        write_run_record(run, RunRecord(configuration=name, seed=seed, host="node7", start="2026-01-02T03:04:05+00:00"))
        self.writers[name, seed] = JournalWriter(run.journal, ["step"], ["loss", "accuracy"])
        self.tick(name, seed, 10)

    def tick(self, name: str, seed: int, number: int = 1) -> None:
        """Add ticks to a running seed run."""
        writer = self.writers[name, seed]
        for _ in range(number):
            step = writer.n_ticks
            loss = 1 / (step + 1) + seed / 10
            writer.append({"step": step}, {"loss": loss, "accuracy": 1 - loss}, save=True)

    def end(self) -> None:
        """Release all journals."""
        for writer in self.writers.values():
            writer.release()

    def view(self) -> View:
        """Return what is to be seen of it."""
        return View(lambda: read_status(self.folder), [self.folder.record])

    def app(self) -> WatchApp:
        """Return the screen."""
        return WatchApp(self.view(), self.note_stop, "demo")

    def note_stop(self, run: SeedRunStatus) -> str:
        """Stand in for the end of a process."""
        self.stopped.append((run.configuration, run.seed))
        return f"{run.configuration} seed {run.seed} was stopped."
