"""A project that is edited, stopped, copied and run again, with an oracle that knows what ran.

The script writes down every training that begins and every one that ends. What it logs says of what it was made: the
configuration's value, the seed and the version of the imported module are digits of one number. So whoever reads a
number anywhere can tell what made it.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mle_toolbox import load
from mle_toolbox.results import ExperimentResults

SCRIPT = """\
import json
import os
import signal
from pathlib import Path

from helper import VERSION
from mle_toolbox import MLExperiment

SCRIPT_VERSION = 0
HERE = Path(__file__).parent
mle = MLExperiment()
made_of = [mle.train_config.value, mle.seed, VERSION, SCRIPT_VERSION]


def note(what):
    descriptor = os.open(HERE / "trainings.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (json.dumps([what, *made_of]) + "\\n").encode())
    os.close(descriptor)


note("begins")
trouble = json.loads((HERE / "trouble.json").read_text())
for step in range(3):
    number = ((mle.train_config.value * 100 + mle.seed) * 100 + VERSION) * 100 + SCRIPT_VERSION
    mle.update_log({"step": step}, {"loss": number + step}, save=True)
    if step == 1 and made_of[:2] in trouble["fails"]:
        raise RuntimeError("as asked")
    if step == 1 and made_of[:2] == trouble["stops"]:
        os.kill(int((HERE / "driver.pid").read_text()), signal.SIGINT)
        signal.pause()
note("ends")
"""

LAST = 2  # what the last tick adds


@dataclass(frozen=True)
class MadeOf:
    """What decides the number of one seed run."""

    value: int
    seed: int
    module: int
    script: int

    @property
    def number(self) -> int:
        """What the run logs last."""
        return ((self.value * 100 + self.seed) * 100 + self.module) * 100 + self.script + LAST

    @classmethod
    def of(cls, number: float) -> MadeOf:
        """Read it out of a number that was logged last."""
        rest, script = divmod(round(number) - LAST, 100)
        rest, module = divmod(rest, 100)
        value, seed = divmod(rest, 100)
        return cls(value, seed, module, script)


@dataclass
class EditedProject:
    """The project and what the oracle knows about it."""

    path: Path
    values: dict[str, int] = field(default_factory=lambda: {"a": 10, "b": 20})
    """By configuration, in the order of the experiment file."""
    n_seeds: int = 2
    module: int = 1
    script: int = 0
    n_names: int = 0
    started: dict[str, int] = field(default_factory=dict)
    """The values for which the newest run was started, which is what results are about."""
    started_seeds: int = 0
    cut_off: set[tuple[int, int]] = field(default_factory=set)
    """Value and seed of runs that were stopped although the script had written down its end: before their logs were
    complete. They run again."""
    is_complete: bool = False
    """Whether the newest run came to its end."""

    @property
    def results(self) -> Path:
        return self.path / "experiments"

    def write(self) -> None:
        """Write all files as they are to be now."""
        self.path.mkdir(exist_ok=True)
        self._write("helper.py", f"VERSION = {self.module}\n")
        self._write("train.py", SCRIPT.replace("SCRIPT_VERSION = 0", f"SCRIPT_VERSION = {self.script}"))
        for old in self.path.glob("*.json"):
            if old.stem not in self.values and old.name != "trouble.json":
                old.unlink()
        log_config = {"time_to_track": ["step"], "what_to_track": ["loss"]}
        for name, value in self.values.items():
            content = {"train_config": {"value": value}, "log_config": log_config}
            self._write(f"{name}.json", json.dumps(content))
        experiment = {
            "meta_job_args": {
                "project_name": "edits",
                "job_type": "multiple-experiments",
                "base_train_fname": "train.py",
                "experiment_dir": "experiments",
            },
            "multi_experiment_args": {
                "config_fnames": [f"{name}.json" for name in self.values],
                "num_seeds": self.n_seeds,
            },
        }
        self._write("exp.yaml", json.dumps(experiment))  # json is yaml

    def _write(self, name: str, text: str) -> None:
        file = self.path / name
        if not file.exists() or file.read_text() != text:
            file.write_text(text)

    def run(self, *, fails: tuple[str, int] | None = None, stops: tuple[str, int] | None = None) -> None:
        """Type `mle run`; a seed run may fail, or stop the driver as Ctrl-C does. Check what was trained."""
        trouble = {
            "fails": [[self.values[fails[0]], fails[1]]] if fails else [],
            "stops": [self.values[stops[0]], stops[1]] if stops else None,
        }
        (self.path / "trouble.json").write_text(json.dumps(trouble))
        before = self.trainings()
        process = subprocess.Popen(
            [sys.executable, "-m", "mle_toolbox", "run", "exp.yaml", "--profile", "local", "--cores", "2"],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        (self.path / "driver.pid").write_text(str(process.pid))
        said, _ = process.communicate(timeout=300)
        self.started, self.started_seeds = dict(self.values), self.n_seeds
        after = self.trainings()
        new_begins = after["begins"] - before["begins"]
        wanted = {(value, seed) for value in self.values.values() for seed in range(self.n_seeds)}
        known = {(each.value, each.seed) for each in before["ends"]} - self.cut_off
        trained = Counter((each.value, each.seed) for each in new_begins.elements())
        assert set(trained) <= wanted - known, f"repeated: {set(trained) & known}\n{said}"
        assert not trained or max(trained.values()) == 1, f"twice: {trained}\n{said}"
        assert all(each.module == self.module and each.script == self.script for each in new_begins)
        self.is_complete = process.returncode == 0
        self.cut_off -= set(trained)
        self.cut_off |= {
            (self.values[name], seed)
            for name in self.values
            for seed in range(self.n_seeds)
            if (self.values[name], seed) in trained and not self._is_done(name, seed)
        }
        if fails is None and stops is None:
            assert process.returncode == 0, said
            assert set(trained) == wanted - known, said

    def _is_done(self, name: str, seed: int) -> bool:
        record = self.results / name / f"seed_{seed}" / "run.json"
        return record.exists() and json.loads(record.read_text())["status"] == "done"

    def trainings(self) -> dict[str, Counter[MadeOf]]:
        """Return what has begun and what has ended so far."""
        counts: dict[str, Counter[MadeOf]] = {"begins": Counter(), "ends": Counter()}
        file = self.path / "trainings.log"
        for line in file.read_text().splitlines() if file.exists() else ():
            what, *made_of = json.loads(line)
            counts[what][MadeOf(*made_of)] += 1
        return counts

    def copy(self, to: Path) -> None:
        """Go on in a copy without dot files, whose files have other times."""
        shutil.copytree(self.path, to, ignore=shutil.ignore_patterns(".snakemake", ".driver"))
        for place, file in enumerate(sorted(to.rglob("*"), reverse=True)):
            os.utime(file, (1_700_000_000 + place, 1_700_000_000 + place))
        self.path = to

    def check(self) -> None:
        """Hold every number of every output against what ran."""
        if not (self.results / "experiment.json").exists():
            return
        ended = set(self.trainings()["ends"])
        results = load(self.results)
        assert isinstance(results, ExperimentResults)
        assert list(results.names) == list(self.started)
        codes: set[tuple[int, int]] = set()
        for name in results.names:
            configuration = results[name]
            for run in configuration.runs:
                if run.status != "done" or not run.n_ticks:
                    continue
                made_of = MadeOf.of(run["loss"][-1])
                assert made_of in ended
                assert (made_of.value, made_of.seed) == (self.started[name], run.seed)
                codes.add((made_of.module, made_of.script))
        if len(codes) > 1:
            assert any("of older code" in each for each in results.cautions), results.cautions
            current = load(self.results, only_current=True)
            assert isinstance(current, ExperimentResults)
            kept = [run for name in current.names for run in current[name].runs if run.status == "done"]
            assert len({MadeOf.of(run["loss"][-1]).module for run in kept}) <= 1
        self._check_summary(results)
        self._check_files()

    def _check_summary(self, results: ExperimentResults) -> None:
        """Every seed that counts is one that was made of this configuration and came to its end."""
        if not results.metrics:
            return
        for entry in results.summary(["loss"]).to_dict()["metrics"]:
            for name, values in entry["values"].items():
                for seed, value in values.items():
                    made_of = MadeOf.of(value)
                    assert (made_of.value, made_of.seed) == (self.started[name], int(seed))
                estimate = entry["estimates"][name]
                assert estimate["n"] == len(values)
                if values:
                    assert abs(estimate["value"] - sum(values.values()) / len(values)) < 1e-6

    def _check_files(self) -> None:
        """What the last complete run has left speaks of one value a configuration."""
        table = self.results / "results.csv"
        if not table.exists():
            return
        with table.open(newline="") as file:
            rows = list(csv.DictReader(file))
        values: dict[str, set[int]] = {}
        for row in rows:
            made_of = MadeOf.of(float(row["loss"]))
            assert made_of.seed == int(row["seed"])
            values.setdefault(row["configuration"], set()).add(made_of.value)
        assert all(len(each) == 1 for each in values.values())
        if self.is_complete:
            assert len(rows) == len(self.started) * self.started_seeds
            assert {name: each.pop() for name, each in values.items()} == self.started
