"""Whatever is edited, stopped, renamed or copied: no number is made of two things, nothing finished is done twice."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.workflow.edits import EditedProject

pytestmark = pytest.mark.slow

_RUNS = ("run", "run, one fails", "run, stopped")
_EDITS = ("value", "back", "module", "script", "rename", "more seeds", "fewer seeds", "add", "remove", "copy")
# An edit without a run changes no number, so nearly every second step is a run.
_STEPS = st.lists(st.tuples(st.sampled_from(_EDITS), st.sampled_from(_RUNS), st.integers(0, 3)), min_size=1, max_size=3)


def do(steps: Sequence[tuple[str, str, int]], run_once: Path | None = None) -> None:
    """Run once, then make each edit and run again, and look at every output after each step.

    ``run_once`` is a project that was run once already; a copy of it saves the first run.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        project = EditedProject(Path(folder) / "project")
        if run_once is None:
            project.write()
            project.run()
        else:
            shutil.copytree(run_once, project.path, symlinks=True)
            project.started, project.started_seeds, project.is_complete = dict(project.values), project.n_seeds, True
        project.check()
        for number, (edit, run, choice) in enumerate(steps):
            edit_project(project, edit, choice, Path(folder) / f"copy{number}")
            project.write()
            project.check()
            names = list(project.values)
            chosen = (names[choice % len(names)], choice % project.n_seeds)
            project.run(
                fails=chosen if run == "run, one fails" else None, stops=chosen if run == "run, stopped" else None
            )
            project.check()
        project.run()
        project.check()


def edit_project(project: EditedProject, edit: str, choice: int, copy: Path) -> None:
    """Make one edit, of the configuration of this number where it is about one."""
    names = list(project.values)
    name = names[choice % len(names)]
    value = project.values[name]
    match edit:
        case "value":
            project.values[name] = value // 10 * 10 + (value + 1) % 10
        case "back":
            project.values[name] = value // 10 * 10 + (value - 1) % 10
        case "module":
            project.module += 1
        case "script":
            project.script += 1
        case "rename":
            project.n_names += 1
            project.values = {
                (f"renamed{project.n_names}" if each == name else each): kept for each, kept in project.values.items()
            }
        case "more seeds":
            project.n_seeds = min(project.n_seeds + 1, 3)
        case "fewer seeds":
            project.n_seeds = max(project.n_seeds - 1, 1)
        case "add":
            project.n_names += 1
            project.values[f"added{project.n_names}"] = (max(project.values.values()) // 10 + 1) * 10
        case "remove" if len(names) > 1:
            del project.values[name]
        case "copy":
            project.copy(copy)


# Every edit, and every way of ending behind edits that leave something to do: the number chooses the configuration and
# the seed that fails or stops the driver. `make soak` draws others by the hundred.
_SEQUENCES = {
    "an edit is stopped and taken back": [
        ("value", "run, stopped", 0),
        ("module", "run, one fails", 0),
        ("rename", "run", 0),
        ("back", "run, stopped", 0),
        ("more seeds", "run", 1),
    ],
    "a new seed fails, is stopped and fails": [
        ("more seeds", "run, one fails", 2),
        ("script", "run, stopped", 2),
        ("copy", "run, one fails", 2),
        ("fewer seeds", "run", 0),
        ("add", "run, stopped", 2),
    ],
    "a new configuration fails and is edited": [
        ("add", "run, one fails", 2),
        ("copy", "run, stopped", 2),
        ("value", "run", 2),
        ("back", "run, one fails", 2),
        ("rename", "run, stopped", 1),
    ],
    "a failed configuration is removed": [
        ("module", "run", 0),
        ("value", "run, one fails", 1),
        ("remove", "run", 1),
        ("more seeds", "run, stopped", 2),
        ("fewer seeds", "run", 0),
    ],
}


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(steps, id=name, marks=pytest.mark.soak if number > 1 else ())
        for number, (name, steps) in enumerate(_SEQUENCES.items())
    ],
)
def test_every_number_is_made_of_runs_of_one_identity_and_nothing_finished_is_repeated(
    steps: list[tuple[str, str, int]],
) -> None:
    do(steps)


@pytest.fixture(scope="module")
def run_once(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The project as it was run for the first time; only to be copied."""

    def run(folder: Path) -> None:
        project = EditedProject(folder)
        project.write()
        project.run()

    return made_once("edited-project", run)


_FOUR = settings(max_examples=4, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.too_slow])


# Four in a part, so that several processes share them: with those above, twenty sequences, of which twelve are left to
# `make soak`.
@pytest.mark.soak
@pytest.mark.parametrize("part", range(4))
def test_sequences_that_nobody_thought_of_keep_it_so(part: int, run_once: Path) -> None:
    drawn = given(_STEPS.filter(lambda steps: len(steps) < 3))
    seed(part)(_FOUR(drawn(lambda steps: do(steps, run_once))))()


@pytest.mark.soak
@settings(
    max_examples=int(os.environ.get("MLE_SOAK_SEQUENCES", "300")),
    phases=[Phase.explicit, Phase.generate],
    derandomize=False,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(_STEPS.filter(lambda steps: len(steps) > 1))
def test_three_hundred_other_sequences_of_edits_keep_it_so(steps: list[tuple[str, str, int]]) -> None:
    do(steps)
