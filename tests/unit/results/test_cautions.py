"""What every answer says of the runs that it is made of, and where: what decides whether to believe it comes first."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mle_toolbox.cli import main
from mle_toolbox.layout import ExperimentFolder
from mle_toolbox.log.run_record import read_run_record, write_run_record
from mle_toolbox.report import write_tables
from mle_toolbox.results import ExperimentResults, load
from tests.made_results import learning, made_results

if TYPE_CHECKING:
    from conftest import Builder

OLD, NEW = {"train.py": "t", "helper.py": "old"}, {"train.py": "t", "helper.py": "new"}
MIXED = "a: 2 of 5 seed runs are of older code (helper.py)."
WAY_OUT = "`mle run --rerun older-code` reruns them, --only-current leaves them out."


@pytest.fixture
def mixed(tmp_path: Path) -> ExperimentResults:
    """Two configurations of five seeds; seeds 0 and 1 of a were done before helper.py was edited."""
    losses = {"a": learning(5, 9, 0.0), "b": learning(5, 9, 1.0, seed=1)}
    code = {(name, seed): OLD if name == "a" and seed < 2 else NEW for name in losses for seed in range(5)}
    return made_results(tmp_path, losses, code=code)


def test_a_table_that_mixes_code_says_so_above_its_numbers(mixed: ExperimentResults) -> None:
    summary, comparisons = mixed.summary(), mixed.compare()

    for text in (str(summary), summary.to_markdown(), summary._repr_html_(), str(comparisons)):
        plain = text.replace("\\", "")
        assert MIXED in plain
        assert WAY_OUT in plain
        assert plain.index(MIXED) < plain.index("±")
    assert summary.cautions[0] == comparisons.cautions[0] == f"{MIXED} {WAY_OUT}"


def test_the_caption_of_a_paper_says_what_is_mixed_but_not_what_to_type(mixed: ExperimentResults) -> None:
    latex = mixed.summary().to_latex()

    assert MIXED in latex
    assert "mle run" not in latex


def test_programs_are_told_which_code_the_rows_are_of(mixed: ExperimentResults, tmp_path: Path) -> None:
    content = json.loads(mixed.summary().to_json())
    write_tables(mixed, ExperimentFolder(tmp_path))

    assert list(content)[:2] == ["title", "cautions"]
    assert content["configurations"][0]["seeds_of_older_code"] == [0, 1]
    assert content["configurations"][0]["files_that_differ"] == ["helper.py"]
    with (tmp_path / "summary.csv").open(newline="") as file:
        assert [row["code"] for row in csv.DictReader(file)] == ["mixed", "current"]
    with (tmp_path / "comparisons.csv").open(newline="") as file:
        assert [row["code"] for row in csv.DictReader(file)] == ["mixed"]


def test_configurations_of_which_the_same_is_true_share_a_line(tmp_path: Path) -> None:
    losses = {name: learning(3, 9) for name in "abc"}
    code = {(name, seed): OLD if name in "ab" and seed < 2 else NEW for name in losses for seed in range(3)}

    results = made_results(tmp_path, losses, code=code)

    assert results.cautions == (f"a and b, each: 2 of 3 seed runs are of older code (helper.py). {WAY_OUT}",)


def test_results_curves_and_configurations_say_it_themselves(mixed: ExperimentResults) -> None:
    assert mixed.cautions == (f"{MIXED} {WAY_OUT}",)
    assert MIXED in repr(mixed)
    assert MIXED in mixed._repr_html_()
    assert MIXED in repr(mixed.curve())
    assert MIXED in repr(mixed["a"])
    assert mixed.select(["b"]).cautions == ()


def test_a_figure_says_below_that_its_runs_are_of_different_code(mixed: ExperimentResults) -> None:
    figure = mixed.curve().plot()

    caption = " ".join(text.get_text().replace("\n", " ") for text in figure.texts)
    assert MIXED in caption
    assert "mle run" not in caption


def test_only_current_leaves_the_runs_of_older_code_out_of_every_number(mixed: ExperimentResults) -> None:
    current = mixed.only_current()

    assert current.summary()["a"].seeds == "3/5, 2 older code"
    assert current.samples()["a"].left_out == {"older code": 2}
    assert current.samples(include_unfinished=True)["a"].seeds == (2, 3, 4)
    assert current.curve()["a"].seeds == (2, 3, 4)
    assert current.cautions == ()


def test_only_current_is_asked_for_when_loading_and_on_the_command_line(
    experiment: Builder, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, code in enumerate([OLD, NEW, NEW]):
        run = experiment.finish("a", seed, 3)
        record = read_run_record(run)
        assert record is not None
        write_run_record(run, record._replace(code=code, start=f"2026-01-02T03:0{seed}:00+00:00"))
    experiment.plan(["a"], 3)
    folder = experiment.folder.path

    results = load(folder, only_current=True)
    collection = load([folder], only_current=True)
    configuration = load(folder / "a", only_current=True)
    exit_status = main(["results", str(folder), "--only-current"])

    assert isinstance(results, ExperimentResults)
    assert results.samples()["a"].seeds == collection.samples()["a"].seeds == (1, 2)
    assert configuration.statuses == ("older code", "done", "done")  # type: ignore[union-attr]
    assert exit_status == 0
    assert "2/3, 1 older code" in capsys.readouterr().out


def test_runs_of_an_earlier_configuration_never_count_and_are_named(tmp_path: Path) -> None:
    losses = {"a": learning(4, 9), "b": learning(4, 9, seed=1)}

    results = made_results(tmp_path, losses, statuses={("a", 0): "outdated", ("a", 2): "outdated"})

    said = "a: 2 finished seed runs are of an earlier configuration and are not counted. `mle run` runs them again."
    assert results.samples(include_unfinished=True)["a"].left_out == {"outdated": 2}
    assert results.summary()["a"].seeds == "2/4, 2 outdated"
    assert results.summary().cautions[0] == results.compare().cautions[0] == said


def test_a_run_far_shorter_than_its_siblings_is_named(tmp_path: Path) -> None:
    losses = {"a": learning(5, 200), "b": learning(5, 200, seed=1)}
    losses["a"][3, 56:] = np.nan

    results = made_results(tmp_path, losses)

    said = "a: seed 3 has 56 ticks, its siblings 200: was it cut short?"
    assert results.cautions == (said,)
    for text in (str(results.summary()), str(results.compare()), repr(results.curve()), repr(results["a"])):
        assert said in text


def test_runs_that_stop_early_are_said_to_differ_in_length_in_one_line(tmp_path: Path) -> None:
    losses = {name: learning(5, 20) for name in "abcdefgh"}
    for place, rows in enumerate(losses.values()):
        rows[1, 19 - place :] = np.nan

    results = made_results(tmp_path, losses)

    assert results.cautions == (
        "a: the seed runs differ in length: 19 to 20 ticks.",
        "b: the seed runs differ in length: 18 to 20 ticks.",
        "c: the seed runs differ in length: 17 to 20 ticks.",
        "5 more configurations have seed runs of unequal length: d, e, f and 2 more.",
    )


def test_a_configuration_far_shorter_than_all_others_like_it_is_named(tmp_path: Path) -> None:
    losses = {"a": learning(2, 20), "b": learning(2, 20), "c": learning(2, 20)}
    losses["b"][:, 5:] = np.nan

    def contents(epochs: int) -> dict[str, object]:
        settings = {name: {"lrate": 0.1 * place + 0.05, "epochs": 20} for place, name in enumerate(losses)}
        settings["b"]["epochs"] = epochs
        return {
            "configurations": [{"name": name, "content": {"train_config": each}} for name, each in settings.items()]
        }

    alike = made_results(tmp_path, losses, record=contents(20))
    with_a_reason = made_results(tmp_path, losses, record=contents(5))

    assert alike.cautions == ("b: 5 ticks, the other configurations 20: was it cut short?",)
    assert with_a_reason.cautions == ()


def test_runs_that_failed_or_go_on_are_not_said_to_be_short(tmp_path: Path) -> None:
    losses = {"a": learning(3, 20)}
    losses["a"][1:, 5:] = np.nan

    results = made_results(tmp_path, losses, statuses={("a", 1): "failed", ("a", 2): "running"})

    assert results.cautions == ()


def test_seeds_that_are_still_to_run_cast_no_doubt_on_the_best(tmp_path: Path) -> None:
    losses = {"a": learning(5, 9, 0.0), "b": learning(5, 9, 1.0, seed=1)}

    results = made_results(tmp_path, losses, statuses={("a", 3): "not started", ("a", 4): "running"})

    assert results.summary()["a"].seeds == "3/5, 1 not started, 1 running"
    assert "ended well" not in str(results.summary())


def test_one_finished_seed_has_no_interval_and_its_cell_does_not_count_the_others_again(tmp_path: Path) -> None:
    losses = {"a": learning(3, 9, 0.0), "b": learning(3, 9, 1.0, seed=1)}

    results = made_results(tmp_path, losses, statuses={("b", 1): "not started", ("b", 2): "not started"})

    text = str(results.summary())
    assert "(no interval)" in text
    assert "missing" not in text


def test_that_the_best_has_lost_seeds_is_said_before_its_numbers(tmp_path: Path) -> None:
    losses = {"a": learning(5, 9, 0.0), "b": learning(5, 9, 1.0, seed=1)}
    losses["a"][4, -1] = np.inf

    results = made_results(tmp_path, losses, statuses={("a", 3): "failed"})

    said = "Among the best only by the seeds that ended well: a (1 of its 5 seeds diverged, 1 failed)."
    text = str(results.summary())
    assert text.index(said) < text.index("±")
    assert json.loads(results.summary().to_json())["cautions"][0] == said
    better = "a is better among the seeds that ended well (1 of its 5 seeds diverged, 1 failed)."
    compared = str(results.compare())
    assert compared.index(better) < compared.index("±")
    assert results.compare().cautions[0] == better
