"""The names of all files in a results folder; no other module knows them.

Paths only: nothing here reads or writes. docs/architecture.md shows the tree. Imports nothing.
"""

# Nothing is imported because every seed run waits for this module: its launcher needs 12 ms of CPU for everything else,
# and `import typing` alone would add 14, `pathlib` 16 (Python 3.11). Hence no dataclasses, and constants for the names
# that the launcher puts into strings.

from __future__ import annotations

# As in typing; type checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ConfigurationFolder",
    "ExperimentFolder",
    "ProcessingFolder",
    "SeedFolder",
    "names_in",
    "run_of",
    "seed_folder",
]

LOG = "log.h5"
READY_LOG = "log.h5.ready"
JOURNAL = "journal.bin"
DONE = ".done"
ENDED = ".ended"
RUN_RECORD = "run.json"
READY_RECORD = "run.json.ready"
CHECKPOINT = "checkpoint.pkl"
EXPERIMENT_RECORD = "experiment.json"
TRIAL = "trial.json"
CODE = ".code"

SEED_PREFIX = "seed_"

# How a seed run learns of places outside its folder. mle_frozen_code.py repeats both names, as it must not import.
SNAPSHOT_VARIABLE = "MLE_CODE_SNAPSHOT"
"""Environment variable: the file that lists the code of this start, absolute."""
PROJECT_VARIABLE = "MLE_PROJECT_DIR"
"""Environment variable: the project folder, absolute, as this machine calls it."""
LAUNCHED_BY_VARIABLE = "MLE_LAUNCHED_BY"
"""Environment variable: the launcher's process id, a space, and the working directory in which it starts the script."""
SHELL_SCRIPT_VARIABLE = "MLE_SHELL_SCRIPT"
"""Environment variable: SHA-256 and absolute path of the script in shell that the launcher has started, with a space
between. What the script starts are programs of the run."""
SHELL_ARGUMENTS_VARIABLE = "MLE_SHELL_ARGUMENTS"
"""Environment variable: the arguments of that script besides our own, as JSON."""

HOLDS_LIMITS_VARIABLE = "MLE_HOLDS_LIMITS"
"""Environment variable: set where the launcher has to hold the limits of a run, because no scheduler does."""
GPUS_VARIABLE = "MLE_GPUS"
"""Environment variable: the GPUs of this machine that seed runs lease (experiment/gpu_lease.py)."""


class _Named:
    """An attribute of a folder class: the path of the file or folder with this name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, folder: _Folder, owner: type[_Folder]) -> Path:
        return folder.path / self.name


class _Folder:
    """A folder of results; equal to any other of its class with the same path."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, _Folder) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"


class SeedFolder(_Folder):
    """The folder of one seed run."""

    __slots__ = ()

    log = _Named(LOG)
    """The finished log; exists only after the run ended well."""
    ready_log = _Named(READY_LOG)
    """The whole log under a temporary name, until the run is known to have ended well."""
    journal = _Named(JOURNAL)
    """The append-only log of a running run; also carries the lock of the folder."""
    done = _Named(DONE)
    # Not the log itself: Snakemake deletes outputs before a job starts and when one fails, and a log must survive that.
    """Mark beside a finished log, which is the output of the rule ``train``."""
    ended = _Named(ENDED)
    """Mark of a search that learns: the run came to its end, good or bad. There it is the output of the rule
    ``train``."""
    run_record = _Named(RUN_RECORD)
    """Status and provenance of the run."""
    stop = _Named(".stop")
    """Mark that the run was asked to stop; as long as it is there, its job ends before it begins."""
    ready_record = _Named(READY_RECORD)
    """The record of a run that ended well, to be published with ``ready_log``."""
    config = _Named("config.json")
    """The configuration that the run used."""
    checkpoint = _Named(CHECKPOINT)
    """Written by ``mle.checkpoint``; removed when the run ends well."""
    kept_checkpoint = _Named("checkpoint_kept.pkl")
    """The last checkpoint of a run that ended well, from which another trial of the same search goes on."""
    models = _Named("models")
    """Folder of saved models."""
    figures = _Named("figures")
    """Folder of saved figures."""
    extra = _Named("extra")
    """Folder of other saved objects."""
    tboard = _Named("tboard")
    """Folder of TensorBoard's event files."""
    wandb = _Named("wandb")
    """Folder of the client of Weights & Biases."""


class ConfigurationFolder(_Folder):
    """The folder of one configuration."""

    __slots__ = ()

    log = _Named(LOG)
    """The log merged over seeds."""
    merge_log = _Named("merge.log")
    """Output of the rule ``merge``."""
    trial = _Named(TRIAL)
    """Which point of a search the configuration is; absent where it is no trial."""
    ask_log = _Named("ask.log")
    """Output of the job that asked it, in a search that learns."""
    trial_log = _Named("trial.log")
    """Output of the rule ``trial``."""
    score = _Named("score.json")
    """The score of a trial, in a search that learns: written when all of its seeds have ended."""

    def trial_configuration(self, suffix: str) -> Path:
        """Return the configuration of a trial, in a file of this suffix."""
        return self.path / f"{self.path.name}{suffix}"

    def edited_trial_configuration(self, suffix: str, number: int) -> Path:
        """Return where such a file is kept that the user has edited; the edits are counted from 1."""
        return self.path / f"{self.path.name}{suffix}.edited{'' if number == 1 else number}"

    def seed(self, seed: int | str) -> SeedFolder:
        """Return the folder of one seed, or a pattern for all, given Snakemake's wildcard."""
        return SeedFolder(self.path / f"{SEED_PREFIX}{seed}")

    def seeds_on_disk(self) -> tuple[int, ...]:
        """Return the seeds that have a folder, in increasing order."""
        names = (entry.name.removeprefix(SEED_PREFIX) for entry in self.path.glob(f"{SEED_PREFIX}*"))
        return tuple(sorted(int(name) for name in names if name.isdecimal()))


class ProcessingFolder(_Folder):
    """The folder of the pre-processing or post-processing of an experiment."""

    __slots__ = ()

    done = _Named(DONE)
    """Mark that it ended well, which is the output of its rule."""
    run_record = _Named(RUN_RECORD)
    """How it ended, and what it was made from."""
    lock = _Named(".lock")
    """Locked by the launcher of the script while it runs."""


class ExperimentFolder(_Folder):
    """The results folder of one experiment file."""

    __slots__ = ()

    record = _Named(EXPERIMENT_RECORD)
    """The resolved plan and its provenance."""
    results = _Named("results.h5")
    """All configurations in one file, a netCDF group each."""
    table = _Named("results.csv")
    """Final values of every seed run, as CSV."""
    report = _Named("report.html")
    """The report as one page."""
    summary = _Named("summary.csv")
    """Estimates and intervals of every configuration, as CSV."""
    comparisons = _Named("comparisons.csv")
    """Comparisons of the configurations, as CSV."""
    trials = _Named("search.csv")
    """The trials of a search, ranked, as CSV."""
    best = _Named("best.json")
    """The configuration of a search's best trial, as a configuration file."""
    best_words = _Named("best.txt")
    """Which trial that is, and how sure it is."""
    finalists = _Named("finalists.json")
    """The trials of a search that get fresh seeds."""
    choice = _Named("final.json")
    """Which of them won by these seeds, and their values."""
    winner = _Named("winner.json")
    """The configuration of the winner, as a configuration file."""
    winner_words = _Named("winner.txt")
    """Which trial that is, and its value with the seeds that have chosen nothing."""
    answers = _Named(".driver/answers.json")
    """What was answered so far: a search that is extended after its answer was seen says so."""
    finalists_log = _Named("finalists.log")
    """Output of the rule ``finalists``."""
    winner_log = _Named("winner.log")
    """Output of the rule ``winner``."""
    learning_curves = _Named("learning_curves.svg")
    """Learning curves of the first metric."""
    final_values = _Named("final_values.svg")
    """Final values of the first metric."""
    figures = _Named("figures")
    """Figures from ``mle plot``."""
    collect_log = _Named("collect.log")
    """Output of the rule ``collect``."""
    report_log = _Named("report.log")
    """Output of the rule ``report``."""
    snakefile = _Named("Snakefile")
    """The Snakefile of an experiment whose values the command line has replaced; else it is in the project folder."""
    ask_log = _Named("ask.log")
    """Output of the rule ``ask``."""
    driver = _Named(".driver")
    """Files of ``mle run``: its lock, and Snakemake's output."""
    purpose = _Named(".driver/purpose.txt")
    """What the experiment is for, in the words of ``mle run --purpose``."""

    def rung(self, number: int | str) -> Path:
        """Return the file that says which trials of a search get further seeds, or a pattern for all."""
        return self.path / f"rung_{number}.json"

    def rung_mark(self, number: int | str, turn: int | str) -> Path:
        """Return the first or second mark of the rule ``rung``, of which at most one is there."""
        return self.driver / f"rung_{number}.{turn}"

    def rung_log(self, number: int | str, turn: int | str) -> Path:
        """Return the output of the rule ``rung``."""
        return self.driver / f"rung_{number}.{turn}.log"

    @property
    def asked(self) -> tuple[Path, Path]:
        """The marks of the rule ``ask``, of which at most one is there; the workflow explains what they are for."""
        return self.driver / "asked", self.driver / "asked-again"

    earlier = _Named(".earlier")
    """Seed runs of earlier configurations and older code that were set aside."""
    code = _Named(CODE)
    """The stored code of each start."""

    looks = _Named(".looks")
    """What the looks have decided, where the number of seeds is open; a folder for each that is looked at."""

    def look(self, digest: str, number: int | str) -> Path:
        """Return the file of one look, or a pattern for all, given Snakemake's wildcard."""
        return self.looks / digest / f"look_{number}.json"

    def look_log(self, digest: str, number: int | str) -> Path:
        """Return the output of the rule ``look``."""
        return self.looks / digest / f"look_{number}.log"

    def configuration(self, name: str) -> ConfigurationFolder:
        """Return the folder of one configuration."""
        return ConfigurationFolder(self.path / name)

    def processing(self, stage: str) -> ProcessingFolder:
        """Return the folder of ``pre_processing`` or ``post_processing``."""
        # Hidden: a configuration may have this name.
        return ProcessingFolder(self.path / f".{stage}")

    def seed_run(self, configuration: str, seed: int | str) -> SeedFolder:
        """Return the folder of one seed run."""
        return self.configuration(configuration).seed(seed)


def names_in(folder: type[_Folder]) -> tuple[str, ...]:
    """Return the names of everything that we write into a folder of this class."""
    return tuple(each.name for each in vars(folder).values() if isinstance(each, _Named))


def run_of(folder: SeedFolder) -> tuple[str, int]:
    """Return the configuration and the seed of a folder in place."""
    return folder.path.parent.name, int(folder.path.name.removeprefix(SEED_PREFIX))


def seed_folder(experiment_dir: str, configuration: str, seed: int) -> str:
    """Return the path of the folder of one seed run, as a string for the launcher."""
    return f"{experiment_dir}/{configuration}/{SEED_PREFIX}{seed}"
