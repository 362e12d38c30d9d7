"""Every mistake in the three files is told in full, and all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from mistakes import CONFIG_1, MISTAKES, SCRIPT, Mistake, swap

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import load_plan


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_mistake_is_told_exactly(mistake: Mistake, project: Path) -> None:
    mistake.make(project)

    with pytest.raises(ExperimentFileError, match=r".") as caught:
        load_plan("exp.yaml")

    assert str(caught.value) == mistake.message


def test_the_names_of_the_mistakes_are_unique() -> None:
    names = [mistake.name for mistake in MISTAKES]

    assert len(names) == len(set(names))
    assert len(names) >= 35


def test_the_four_slips_of_the_first_document_are_told_together(project: Path) -> None:
    edit(project / SCRIPT, "if (t % mle.train_config", "if (i % train_config")
    edit(project / SCRIPT, '{"metric1"', '{"metrix"')
    edit(project / SCRIPT, "mle.log.update_log", "log.update_log")

    with pytest.raises(ExperimentFileError, match="metrix") as caught:
        load_plan("exp.yaml")

    assert [str(problem) for problem in caught.value.problems] == [
        "ode/run_ode_int.py:11: undefined name 'i'. The loop variable here is 't'.",
        "ode/run_ode_int.py:11: undefined name 'train_config'. Did you mean 'mle.train_config'?",
        "ode/run_ode_int.py:13: 'metrix' is logged but not tracked: what_to_track in ode/ode_int_config_1.json "
        "(and in 1 more) is ['metric1']. Did you mean 'metric1'?",
        "ode/run_ode_int.py:14: undefined name 'log'. Did you mean 'mle.log'?",
    ]


def test_mistakes_in_all_three_files_are_told_together_in_the_order_of_the_text(project: Path) -> None:
    edit(project / "exp.yaml", "num_seeds: 10", "num_seeds: 0")
    edit(project / "exp.yaml", "num_logical_cores", "num_logical_core")
    edit(project / "exp.yaml", "config_2.json", "config_3.json")
    edit(project / CONFIG_1, '"what_to_track": ["metric1"]', '"what_to_track": [1]')
    edit(project / CONFIG_1, "print_every_k_updates", "print_evry_k_updates")
    edit(project / SCRIPT, "if (t %", "if (i %")

    with pytest.raises(ExperimentFileError, match="num_seeds") as caught:
        load_plan("exp.yaml")

    where = [(problem.file, problem.line) for problem in caught.value.problems]
    assert where == [
        ("exp.yaml", 13),
        ("exp.yaml", 14),
        ("exp.yaml", 19),
        (CONFIG_1, 10),
        (CONFIG_1, 14),
        (SCRIPT, 11),
    ]


def test_files_are_called_as_seen_from_where_the_user_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(project / CONFIG_1, '"tb"', "'tb'")
    edit(project / SCRIPT, "if (t %", "if (i %")
    monkeypatch.chdir(project.parent)

    with pytest.raises(ExperimentFileError, match="project") as caught:
        load_plan("project/exp.yaml")

    assert [problem.file for problem in caught.value.problems] == [f"project/{CONFIG_1}", f"project/{SCRIPT}"]


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(swap(old, new)(path.read_text(encoding="utf-8")), encoding="utf-8")
