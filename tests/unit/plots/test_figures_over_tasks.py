"""Figures of methods over tasks: what they show is what the numbers say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn import find

from mle_toolbox.cli.figure_request import FigureRequest
from mle_toolbox.cli.figures import draw
from mle_toolbox.errors import ResultsError, StatisticsError
from mle_toolbox.plots import aggregate_intervals, critical_difference_diagram, save_figure, task_profiles
from mle_toolbox.results import ExperimentResults
from mle_toolbox.statistics.over_tasks import estimate_over_tasks, ranks_over_tasks
from tests.made_results import made_results

METHODS, TASKS = ("ppo", "dqn", "sac"), ("CartPole-v1", "Acrobot", "a_$x$ task")


@pytest.fixture
def results(tmp_path: Path) -> ExperimentResults:
    """Three methods on three tasks; sac has no number on the last one."""
    generator = np.random.default_rng(0)
    levels = {(m, t): 10.0 * j + i for i, m in enumerate(METHODS) for j, t in enumerate(TASKS)}
    rise = 1 - np.exp(-np.linspace(0, 4, 30))
    losses = {f"{i}": level * rise + generator.normal(0, 0.3, (4, 1)) for i, level in enumerate(levels.values())}
    losses["8"] = np.full((4, 30), np.nan)
    configurations = [
        {"name": f"{i}", "path": f"{i}.json", "digest": "0", "content": {"train_config": {"algo": m, "env_name": t}}}
        for i, (m, t) in enumerate(levels)
    ]
    return made_results(tmp_path, losses, metric="return", record={"configurations": configurations}).with_task(
        "env_name"
    )


def test_aggregates_have_a_bar_from_low_to_high_and_a_line_at_the_value() -> None:
    cells = {"x": [0.1, 0.2, 0.4], "y": [0.5, 0.6, 0.9]}
    found = {"mean": {"a": estimate_over_tasks(cells)}, "IQM": {"a": estimate_over_tasks(cells, "iqm")}}

    figure = aggregate_intervals(found)

    bars, lines = find(figure, "interval"), find(figure, "value")
    for estimate, bar, line in zip((found["mean"]["a"], found["IQM"]["a"]), bars, lines, strict=True):
        assert bar.get_x() == pytest.approx(estimate.low)
        assert bar.get_x() + bar.get_width() == pytest.approx(estimate.high)
        assert line.get_xdata()[0] == estimate.value
    assert [axes.get_title() for axes in figure.axes] == ["mean", "IQM"]


def test_in_a_rank_diagram_bars_join_the_groups_and_names_stand_with_their_rank() -> None:
    generator = np.random.default_rng(0)
    levels = {"a": 0, "b": 1, "c": 2, "d": 9}
    scores = {name: {f"{t}": [level + generator.normal()] for t in range(12)} for name, level in levels.items()}
    ranks = ranks_over_tasks(scores)

    figure = critical_difference_diagram(ranks)

    assert len(find(figure, "group")) == len(ranks.groups) > 0
    words = " ".join(each.get_text() for each in find(figure, "name"))
    assert all(f"{average:.2f}" in words for average in ranks.average.values())
    assert f"critical difference {ranks.critical_difference:.2f}" in [t.get_text() for t in figure.axes[0].texts]


def test_a_profile_over_tasks_falls_from_1_to_0_and_turns_round_where_lower_is_better() -> None:
    cells = {"a": {"x": [0.1, 0.2], "y": [0.3, 0.9]}}

    above, below = (task_profiles(cells, lower_is_better=lower) for lower in (False, True))

    first, second = (find(figure, "profile")[0].get_ydata() for figure in (above, below))
    assert (first[0], first[-1]) == (1, 0)
    assert (second[0], second[-1]) == (0, 1)


@pytest.mark.parametrize("kind", ["aggregate", "tasks", "ranks", "profile", "curve", "improvement"])
def test_every_kind_is_drawn_from_results_and_names_the_method_that_is_left_out(
    results: ExperimentResults, kind: str, tmp_path: Path
) -> None:
    figure = draw(kind, results, FigureRequest(metric="return"))
    save_figure(figure, tmp_path / "figure.svg")

    caption = " ".join(each.get_text() for each in find(figure, "caption")).replace("\n", " ")
    # On one scale, or each on its own axis: then nothing has to be said against comparing them.
    assert "not comparable" not in caption
    if kind in ("tasks", "curve"):
        # One panel a task, with the curves of its methods, and one for the two methods that have all tasks.
        assert [axes.get_title("left") for axes in figure.axes if axes.get_visible()] == [
            "CartPole-v1",
            "Acrobot",
            r"a_\$x\$ task",
            "all tasks",
        ]
        assert len(find(figure, "all")) == 2
    else:
        assert "sac is left out: it has no score on a_$x$ task." in caption.replace("\\", "")
    if kind == "improvement":
        assert [each.get_text() for each in figure.axes[0].get_yticklabels()] == ["ppo", "dqn"]


def test_without_tasks_the_kinds_over_tasks_say_how_to_name_one(results: ExperimentResults) -> None:
    for kind in ("aggregate", "tasks", "ranks"):
        with pytest.raises(
            ResultsError, match=r"there are not two tasks\. Say which setting is the task: --task env_name"
        ):
            draw(kind, results.with_task("none"), FigureRequest(metric="return"))


def test_without_any_whole_method_there_is_nothing_to_draw() -> None:
    with pytest.raises(StatisticsError, match="no method has a score on all tasks"):
        aggregate_intervals({"mean": {}})
    with pytest.raises(StatisticsError, match="no method has a score on all tasks"):
        task_profiles({})
