"""What is said of a search's winner: of seeds that have chosen nothing, and never a lucky value as if it were one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mle_toolbox.render.final_words import answer_words
from mle_toolbox.render.number_form import NumberForm
from mle_toolbox.report import write_search
from mle_toolbox.results.final_answer import FinalAnswer
from mle_toolbox.search.final_settings import FinalSettings
from tests.made_final import loaded, write_final

LUCK = {0: 0.4, 1000: 0.2}
"""The rate that is lucky with the seeds of the search, and with those that choose."""


def loss(rate: float, seed: int) -> float:
    """Lower for lower rates, but for luck."""
    return 10 * rate - (5.0 if LUCK.get(seed // 1000 * 1000) == rate else 0.0) + seed % 10 / 100


def answer_of(path: Path, **changes: object) -> FinalAnswer:
    answer = loaded(write_final(path, loss, **changes)).winner()  # type: ignore[arg-type]
    assert answer is not None
    return answer


def test_the_value_of_the_winner_comes_from_seeds_that_have_chosen_nothing(tmp_path: Path) -> None:
    answer = answer_of(tmp_path, final=FinalSettings(3, 2, 3))

    # The search prefers 0.4, the first fresh seeds 0.2; what is reported of it knows nothing of that luck.
    assert answer.stage.finalists == ("trial_0003", "trial_0000", "trial_0001")
    assert answer.stage.winner == "trial_0001"
    assert answer.estimate is not None
    assert answer.estimate.value == pytest.approx(2.01)
    assert answer.searched is not None
    assert answer.searched.value == pytest.approx(2.005)
    assert answer.best_searched is not None
    assert answer.best_searched.value == pytest.approx(-0.995)
    assert answer.comparison is not None
    assert answer.comparison.paired
    assert answer.comparison.correction is None


def test_the_answer_says_winner_value_difference_and_optimism_in_this_order(tmp_path: Path) -> None:
    lines = list(answer_words(answer_of(tmp_path)))

    assert lines[0] == "Winner: trial_0000 (lrate 0.1)."
    assert lines[1].startswith("loss on 3 fresh seeds, which have chosen nothing: 1.010 ± 0.025; 95 % Student t")
    assert lines[2].startswith("Against your base configuration, base (10.010 ± 0.025): trial_0000 - base = -9")
    assert lines[3] == (
        "In the search it scored 1.005. The best value of the search, -0.995, is optimistic: the best of 4 trials by "
        "its own seeds."
    )


def test_the_answer_is_in_percent_with_its_table(tmp_path: Path) -> None:
    table = replace(loaded(write_final(tmp_path, loss)).trial_table(), form=NumberForm(percent=("loss",)))
    lines = table.table().answer

    assert lines[1].startswith("loss (%) on 3 fresh seeds, which have chosen nothing: 101.0 ± 2.5; 95 % Student t")
    assert lines[2].startswith("Against your base configuration, base (1001.0 ± 2.5): trial_0000 - base = -900")
    assert lines[3] == (
        "In the search it scored 100.5. The best value of the search, -99.5, is optimistic: the best of 4 trials by "
        "its own seeds."
    )


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        ("searching", "No winner yet, and no value to report: when all trials have ended, the finalists run with 2 f"),
        ("finalists", "No winner yet, and no value to report: 2 finalists run with 2 fresh seeds."),
    ],
)
def test_before_there_is_a_winner_no_value_is_reported(tmp_path: Path, until: str, sentence: str) -> None:
    answer = answer_of(tmp_path, until=until)

    assert answer.state == until
    assert answer.estimate is None
    assert next(iter(answer_words(answer))).startswith(sentence)


def test_a_finalist_with_a_failed_seed_wins_only_where_all_have_one_and_not_without_a_word(tmp_path: Path) -> None:
    one = answer_of(tmp_path / "one", final=FinalSettings(3, 2, 3), failed={"trial_0001": (1001,)})
    all_of_them = dict.fromkeys(("trial_0000", "trial_0001", "trial_0003"), (1001,)) | {"trial_0001": (1001, 2000)}
    every = answer_of(tmp_path / "every", final=FinalSettings(3, 2, 3), failed=all_of_them)

    assert one.stage.winner == "trial_0000"
    assert every.stage.winner == "trial_0001"
    words = " ".join(answer_words(every))
    assert "loss on 2 of 3 fresh seeds" in words
    assert "Of trial_0001's 3 fresh seeds 1 failed: its value is optimistic." in words


def test_a_base_configuration_that_trained_for_fewer_steps_than_the_winner_is_said_to(
    tmp_path: Path,
) -> None:
    folder = write_final(tmp_path, loss)
    record = json.loads(folder.record.read_text())
    record["search"]["learning"] = {"options": {"step_key": "num_steps"}}
    record["bases"][0]["content"]["train_config"]["num_steps"] = 2
    record["configurations"][0]["content"]["train_config"]["num_steps"] = 9
    folder.record.write_text(json.dumps(record))

    answer = loaded(folder).winner()

    assert answer is not None
    assert (
        "They did not train equally long: num_steps is 9 in trial_0000 and 2 in base, so this is no comparison of the "
        "values alone."
    ) in " ".join(answer_words(answer))


def test_a_winner_that_is_the_base_configuration_is_not_compared_with_itself(tmp_path: Path) -> None:
    answer = answer_of(tmp_path, base=0.1)

    assert answer.stage.winner == "trial_0000"
    assert answer.better is None
    assert "It is your base configuration (base) itself" in " ".join(answer_words(answer))


def test_a_winner_of_rungs_with_the_settings_of_the_base_configuration_is_that_configuration(tmp_path: Path) -> None:
    answer = answer_of(tmp_path, base=0.1, first_continues="trial_0003")

    assert answer.stage.winner == "trial_0000"
    assert answer.is_base


def test_a_search_that_goes_on_after_its_answer_was_seen_says_so(tmp_path: Path) -> None:
    first = write_final(tmp_path / "first", loss)
    write_search(loaded(first), first)
    write_search(loaded(first), first)
    unchanged = loaded(first).winner()
    longer = write_final(tmp_path / "longer", loss, rates=(0.1, 0.2, 0.3, 0.4, 0.05))
    longer.driver.mkdir(exist_ok=True)
    longer.answers.write_bytes(first.answers.read_bytes())

    answer = loaded(longer).winner()

    assert unchanged is not None
    assert unchanged.earlier == ()
    assert answer is not None
    assert [(each.trials, each.winner, each.seeds) for each in answer.earlier] == [(4, "trial_0000", 3)]
    said = list(answer_words(answer))[-1]
    assert said.startswith("The search went on after an answer was seen (trial_0000 with 1.01, after 4 trials and 3 fr")


def test_the_files_say_who_was_chosen_by_what(tmp_path: Path) -> None:
    folder = write_final(tmp_path, loss)
    write_search(loaded(folder), folder)

    finalists, choice = (json.loads(file.read_text()) for file in (folder.finalists, folder.choice))
    assert [each["trial"] for each in finalists["finalists"]] == ["trial_0003", "trial_0000"]
    assert finalists["trials"] == 4
    assert choice["winner"] == "trial_0000"
    assert choice["finalists"][0]["by_seed"] == {"1000": 1.0, "1001": pytest.approx(1.01)}
    assert json.loads(folder.winner.read_text()) == {"train_config": {"lrate": 0.1}}
    assert folder.winner_words.read_text().splitlines()[0] == "Winner: trial_0000 (lrate 0.1)."
    assert "winner.txt" in folder.best_words.read_text()
