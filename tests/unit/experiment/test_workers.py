"""Worker processes of a run look at it and write nothing, however they were started."""

from __future__ import annotations

import pytest

from mle_toolbox.log.journal import ONLY_IN_THE_MAIN_PROCESS
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import Project

pytestmark = pytest.mark.slow

# The form that the README shows: at module level, which a spawned worker imports again.
BEGIN = """\
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from mle_toolbox import MLExperiment

mle = MLExperiment()
"""
LOOK = """\
def look(number):
    read = number * mle.train_config.lrate, mle.seed, mle.train_config.seed_id, mle.extra_config.foo, repr(mle)
    asked = mle.ready_to_log(0), mle.ready_to_log(1), mle.should_stop(), str(mle.seed_dir)
    rng = MLExperiment().rng if main_pid < 0 else mle.rng
    return *read, *asked, float(rng.random()), os.getpid() == main_pid
"""
POOL = """\
if __name__ == "__main__":
    main_pid = os.getpid()
    expected = look(2)[:-1]
    context = multiprocessing.get_context({method!r})
    with {pool} as pool:
        for step, seen in enumerate(pool.map(look, [2, 2])):
            assert seen == (*expected, False), (seen, expected)
            mle.update_log({{"step": step}}, {{"loss": seen[0]}}, save=True)
"""
POOLS = ["context.Pool(2)", "ProcessPoolExecutor(2, mp_context=context)"]

REFUSED = """\
def refused(what):
    calls = {
        "update_log": lambda: mle.update_log({"step": 1}, {"loss": 1.0}),
        "log.update": lambda: mle.log.update({"step": 1}, {"loss": 1.0}),
        "save_extra": lambda: mle.save_extra({}, "x.json"),
        "save_model": lambda: mle.save_model({}),
        "checkpoint": lambda: mle.checkpoint({"step": 1}),
        "resume": mle.resume,
    }
    try:
        calls[what]()
    except ValueError as error:
        return str(error)
"""
CALLS = ["update_log", "log.update", "save_extra", "save_model", "checkpoint", "resume"]


@pytest.fixture
def project(project: Project) -> Project:
    """A project whose configuration says when to log."""
    project.write_configuration(log_every_j_steps=5)
    return project


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_worker_that_imports_the_script_again_sees_the_run(project: Project, method: str) -> None:
    project.write_script(
        BEGIN
        + "main_pid = -1\n"
        + LOOK
        # The file is edited and the script goes elsewhere while the run goes on: a worker sees what was read.
        + "if __name__ == '__main__':\n"
        + "    Path('config.json').write_text(Path('config.json').read_text().replace('0.1', '7'))\n"
        + "    os.chdir('/')\n"
        + POOL.format(method=method, pool=POOLS[method == "spawn"])
        + "    print(sorted(os.listdir(mle.seed_dir)))\n"
    )

    finished = project.launched(extra=("-foo", "3"))

    assert (finished.returncode, finished.stderr) == (0, ""), finished.stderr
    assert finished.stdout == "['config.json', 'journal.bin', 'run.json']\n"
    assert project.log("results").columns["loss"].tolist() == [0.2, 0.2]
    assert project.record("results").attempt == 1


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_logging_and_saving_in_a_worker_says_where_to_log(project: Project, method: str) -> None:
    project.write_script(
        BEGIN
        + REFUSED
        + "if __name__ == '__main__':\n"
        + "    mle.update_log({'step': 1}, {'loss': 1.0}, save=True)\n"
        + f"    with multiprocessing.get_context({method!r}).Pool(1) as pool:\n"
        + f"        print('\\n'.join(pool.map(refused, {CALLS})))\n"
    )

    finished = project.launched()

    assert finished.returncode == 0, finished.stderr
    said = finished.stdout.splitlines()
    assert all(each.endswith(f"is called in a worker process. {ONLY_IN_THE_MAIN_PROCESS}") for each in said)
    assert [said[0].split()[0], said[-1].split()[0]] == ["update_log()", "resume()"]
    assert project.log("results").n_ticks == 1
    assert not project.seed("results").extra.exists()


def test_misspelt_setting_in_a_worker_ends_the_run_with_its_name(project: Project) -> None:
    project.write_script(
        BEGIN
        + "def simulate(settings):\n    return settings.learning_rat\n"
        + "if __name__ == '__main__':\n"
        + "    with multiprocessing.Pool(1) as pool:\n"
        + "        print(pool.map(simulate, [mle.train_config]))\n"
    )

    finished = project.launched()

    assert finished.returncode == 1
    reason = project.record("results").reason or ""
    assert reason == "MissingSettingError: train_config has no 'learning_rat' (config.json)."


def test_experiment_that_is_sent_to_a_worker_arrives_as_a_view(project: Project) -> None:
    project.write_script(
        BEGIN.replace("mle = MLExperiment()\n", "")
        + "def work(mle):\n    return mle.train_config.lrate + mle.train_config.added + mle.seed\n"
        + "if __name__ == '__main__':\n"
        + "    mle = MLExperiment()\n"
        + "    mle.train_config.added = 1\n"
        + "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        + "        mle.update_log({'step': 1}, {'loss': pool.map(work, [mle])[0]}, save=True)\n"
    )

    finished = project.by_hand("-seed", "4")

    assert finished.returncode == 0, finished.stderr
    assert project.log(seed=4).columns["loss"].tolist() == [5.1]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_may_do_another_run(project: Project, method: str) -> None:
    project.write_script(
        BEGIN.replace("mle = MLExperiment()\n", "")
        + "def train(seed):\n"
        + "    with MLExperiment('config.json', seed_id=seed) as mle:\n"
        + "        mle.update_log({'step': 1}, {'loss': 0.5}, save=True)\n"
        + "if __name__ == '__main__':\n"
        + "    with MLExperiment('config.json', seed_id=9) as mle:\n"
        + f"        with multiprocessing.get_context({method!r}).Pool(2) as pool:\n"
        + "            pool.map(train, [1, 2])\n"
    )

    finished = project.by_hand()

    assert finished.returncode == 0, finished.stderr
    assert [run_status(project.seed(seed=seed)) for seed in (1, 2, 9)] == ["done"] * 3
