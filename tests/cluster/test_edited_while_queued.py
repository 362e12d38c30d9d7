"""Code that is edited while tasks wait in the queue of Grid Engine: those tasks run the code of the start."""

from __future__ import annotations

import pytest
from mle_project import WAITING, Project, ask_for

from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record

pytestmark = [pytest.mark.sge, pytest.mark.slow]

SEEDS = 20


@pytest.mark.parametrize("script_is", ["edited", "deleted"])
def test_tasks_that_wait_while_code_is_edited_and_deleted_run_the_code_of_the_start(
    experiment: Project, script_is: str
) -> None:
    experiment.write_experiment(["a.json"], seeds=SEEDS)
    ask_for(experiment, num_logical_cores="4")
    using = WAITING.replace("    value = 0.0\n", "    import late\n    value = helper.OFFSET + late.OFFSET\n")
    (experiment.path / "train.py").write_text(f"import helper\n{using}")
    (experiment.path / "helper.py").write_text("OFFSET = 100\n")
    (experiment.path / "late.py").write_text("OFFSET = 1000\n")
    experiment.begin("mle_toolbox", "run", "exp.yaml")
    experiment.wait_for_starts(2)

    begun_before = len(experiment.started())
    if script_is == "deleted":
        (experiment.path / "train.py").unlink()
        (experiment.path / "a.json").unlink()
    else:
        (experiment.path / "train.py").write_text("raise SystemExit('the new script')\n")
    (experiment.path / "helper.py").write_text("OFFSET = 200\n")
    (experiment.path / "late.py").unlink()
    experiment.let_go()

    assert experiment.begun[-1].wait(timeout=360) == 0, experiment.said()
    assert begun_before <= SEEDS / 2
    records = [read_run_record(ExperimentFolder(experiment.results).seed_run("a", seed)) for seed in range(SEEDS)]
    assert len({str(record.code) for record in records if record is not None}) == 1
    assert all(record is not None and list(record.code) == ["helper.py", "late.py", "train.py"] for record in records)
