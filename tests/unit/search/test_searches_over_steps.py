"""Halving, Hyperband and PBT as searches: what each trial is, and the mistakes in their settings."""

from __future__ import annotations

from typing import Any

import pytest

from mle_toolbox.search.halving import Halving
from mle_toolbox.search.pbt import PBT
from mle_toolbox.search.placement import with_values
from mle_toolbox.search.schedule import Earlier, History, Learning, Proposal, Search
from mle_toolbox.search.search_settings import SearchSettings, read_search_settings
from mle_toolbox.search.space import Space, Variable
from mle_toolbox.search.step_settings import in_words, step_key_mistake, too_few_points

SPACE = Space((Variable("lrate", "real", ("train_config", "lrate"), begin=0.0, end=1.0, prior="uniform"),))
HALVING = {"min_budget": 1, "num_arms": 9, "halving_coeff": 3, "step_key": "num_steps"}
HYPERBAND = {"max_resource": 9, "eta": 3, "step_key": "num_steps"}
POPULATION = {
    "num_workers": 4,
    "generations": 3,
    "steps_until_ready": 5,
    "step_key": "num_steps",
    "exploit": {"strategy": "truncation", "selection_percent": 0.25},
    "explore": {"strategy": "perturbation", "perturb_coeffs": [0.8, 1.2]},
}
BASE = {"train_config": {"lrate": 0.5, "num_steps": 7, "name": "x"}}


def learning(search_type: str, options: dict[str, Any], lower_is_better: bool = True) -> Learning:
    return Learning(search_type, 0, None, 1, 42, lower_is_better, options)


def searched(search: Search, fails: tuple[int, ...] = ()) -> list[Proposal]:
    """Return all trials of a search in which the score is the value that is searched."""
    made: list[Proposal] = []
    earlier: list[Earlier] = []
    for t in range(search.size()):
        known = search.known(t)
        assert known <= t
        proposal = search.propose(t, History(SPACE, BASE, tuple(earlier[:known]), tuple(earlier[known:])))
        made.append(proposal)
        score = None if t in fails else proposal.values["lrate"]
        earlier.append(Earlier(t, t + 100, proposal.values, proposal.extra, score))
    return made


@pytest.mark.parametrize("lower_is_better", [True, False])
@pytest.mark.parametrize(("search_type", "options"), [("halving", HALVING), ("hyperband", HYPERBAND)])
def test_the_best_of_a_rung_train_on_in_the_next_in_either_direction(
    search_type: str, options: dict[str, Any], lower_is_better: bool
) -> None:
    made = searched(Halving(learning(search_type, options, lower_is_better), SPACE))

    by_rung: dict[tuple[int, int], list[Proposal]] = {}
    for each in made:
        by_rung.setdefault((each.note["bracket"], each.note["rung"]), []).append(each)
    for (bracket, rung), trials in by_rung.items():
        if rung == 0:
            assert all("/continues" not in each.extra for each in trials)
            continue
        below = sorted((each.values["lrate"] for each in by_rung[bracket, rung - 1]), reverse=not lower_is_better)
        assert [each.values["lrate"] for each in trials] == below[: len(trials)]
        for each in trials:
            assert made[each.note["parent"] - 100].values == each.values
            assert each.extra["/continues"] == f"trial_0{each.note['parent']}"
            assert each.extra["num_steps"] == 3 * made[each.note["parent"] - 100].extra["num_steps"]


def test_no_two_trials_of_the_lowest_rungs_are_alike() -> None:
    made = searched(Halving(learning("hyperband", HYPERBAND), SPACE))

    lowest = [each.values["lrate"] for each in made if each.note["rung"] == 0]
    assert len(set(lowest)) == len(lowest) == 9 + 3 + 3


def test_a_failed_trial_climbs_only_where_nothing_better_is_left_and_begins_from_scratch() -> None:
    made = searched(Halving(learning("halving", HALVING), SPACE), fails=tuple(range(7)))

    assert {each.note["parent"] for each in made[9:11]} == {107, 108}
    assert all(each.extra["/continues"] == f"trial_0{each.note['parent']}" for each in made[9:11])
    assert made[11].note["restarted"] == 100
    assert "parent" not in made[11].note
    assert "/continues" not in made[11].extra
    assert made[11].values == made[0].values


def test_a_trial_waits_for_the_rung_below_and_for_nothing_else() -> None:
    search = Halving(learning("halving", HALVING), SPACE)

    assert [search.known(t) for t in range(search.size())] == [0] * 9 + [9] * 3 + [12]


def test_each_generation_goes_on_from_members_of_the_one_before() -> None:
    search = PBT(learning("pbt", POPULATION), SPACE)
    made = searched(search, fails=(2,))

    assert [search.known(t) for t in range(search.size())] == [0] * 4 + [4] * 4 + [8] * 4
    assert [each.extra["num_steps"] for each in made] == [5] * 4 + [10] * 4 + [15] * 4
    for t, each in enumerate(made[4:8], start=4):
        parent = each.note["parent"] - 100
        assert 0 <= parent < 4
        assert parent != 2
        if not each.note["copied"]:
            assert (parent, each.values) == (t - 4, made[t - 4].values)
    assert made[6].note["copied"]
    assert searched(search, fails=(2,)) == made


def test_after_a_generation_that_failed_wholly_the_next_begins_from_scratch_and_names_no_parent() -> None:
    made = searched(PBT(learning("pbt", POPULATION), SPACE), fails=(0, 1, 2, 3))

    for t, each in enumerate(made[4:8], start=4):
        assert "parent" not in each.note
        assert each.note["restarted"] == 100 + t - 4
        assert "/continues" not in each.extra
        assert each.values == made[t - 4].values
    assert all("parent" in each.note for each in made[8:])


def test_a_member_of_which_one_seed_has_ended_well_is_still_continued() -> None:
    search = PBT(learning("pbt", POPULATION), SPACE)
    before = [Earlier(t, t, {"lrate": 0.1}, {}, None, {0: None, 1: 0.5 if t else None}) for t in range(4)]

    made = [search.propose(t, History(SPACE, BASE, tuple(before), ())) for t in range(4, 8)]

    assert [each.note.get("parent") for each in made] == [None, 1, 2, 3]
    assert [each.extra.get("/continues") for each in made] == [None, "trial_0001", "trial_0002", "trial_0003"]


@pytest.mark.parametrize(
    ("search_type", "options", "changed", "kept"),
    [
        ("hyperband", HYPERBAND, {"max_resource": 18}, range(0)),
        ("halving", HALVING, {"min_budget": 2}, range(0)),
        ("halving", HALVING, {"step_key": "num_epochs"}, range(0)),
        # The trials of the first rung keep their place, those above it lie between the new ones.
        ("halving", HALVING, {"num_arms": 11}, range(9)),
        ("halving", {**HALVING, "max_budget": 3}, {"max_budget": 9}, range(12)),
        ("pbt", POPULATION, {"steps_until_ready": 4}, range(0)),
        ("pbt", POPULATION, {"num_workers": 5}, range(4)),
        ("pbt", POPULATION, {"generations": 9}, range(12)),
    ],
)
def test_trials_with_other_steps_or_in_another_rung_are_none_of_the_present_search(
    search_type: str, options: dict[str, Any], changed: dict[str, Any], kept: range
) -> None:
    kind = PBT if search_type == "pbt" else Halving
    made = searched(kind(learning(search_type, options), SPACE))
    now = kind(learning(search_type, {**options, **changed}), SPACE)

    fitting = [t for t, each in enumerate(made) if now.fits(t, each.extra, each.note)]

    assert fitting == list(kept)
    assert not now.fits(0, {}, {})  # of a random search in the same folder


def test_what_a_trial_continues_stands_at_the_top_of_its_configuration() -> None:
    made = with_values(BASE, {"lrate": 0.1, "num_steps": 9, "/continues": "trial_0003"})

    assert made == {"train_config": {"lrate": 0.1, "num_steps": 9, "name": "x"}, "continues": "trial_0003"}


def test_the_number_of_steps_is_said_before_anything_runs() -> None:
    assert in_words("hyperband", {"max_resource": 4, "eta": 2, "step_key": "epochs"}) == (
        "Trials x epochs: 4 x 1, 2 x 2 and 1 x 4; 2 x 2 and 1 x 4; 3 x 4. That is 26 steps a seed, or 32 without "
        "mle.resume() in the script."
    )
    assert in_words("pbt", POPULATION) == "3 generations of 4 trials, each with 5 steps more: 60 steps a seed."


# -- mistakes


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("num_step", "step_key is 'num_step', which is not in train_config. Did you mean 'num_steps'?"),
        ("epochs", "step_key is 'epochs', which is not in train_config. It says for how many steps a run trains."),
        ("name", "step_key is 'name', which must be a whole number in the base configuration, found the text 'x'."),
        ("lrate", "step_key is 'lrate', which is also a variable of the search. Remove the variable."),
    ],
)
def test_a_step_key_that_is_not_one_is_refused(name: str, sentence: str) -> None:
    places = {each.name: each.place for each in SPACE.variables}

    assert step_key_mistake({"step_key": name}, BASE, places) == sentence


def test_a_space_with_too_few_points_is_refused() -> None:
    assert too_few_points("halving", HALVING, 9) is None
    assert too_few_points("halving", HALVING, 8) == (
        "num_arms is 9, but the space has only 8 points. Use fewer, or ranges in place of lists."
    )


def read(search_type: str, config: Any, **resources: Any) -> tuple[SearchSettings | None, list[str]]:
    section = {
        "search_logging": {"eval_metrics": "loss", "max_objective": False},
        "search_resources": {"max_running_jobs": 4, **resources},
        "search_config": {
            "search_type": search_type,
            "search_params": {"real": {"lrate": {"begin": 0.0, "end": 1.0}}},
            "search_config": config,
        },
    }
    settings, mistakes = read_search_settings(section)
    return settings, [sentence for _, sentence in mistakes]


def without(settings: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in (*keys, "generations")}


def test_the_settings_of_the_original_and_the_step_key_are_enough() -> None:
    halving, _ = read("Halving", HALVING)
    hyperband, _ = read("hyperband", HYPERBAND)
    pbt, mistakes = read("PBT", without(POPULATION, "exploit", "explore"), num_search_batches=3)

    assert mistakes == []
    assert [each.budget if each else 0 for each in (halving, hyperband, pbt)] == [13, 20, 12]
    assert pbt is not None
    assert pbt.options["explore"] == {"strategy": "perturbation", "perturb_coeffs": [0.8, 1.2]}


@pytest.mark.parametrize(
    ("search_type", "config", "sentence"),
    [
        (
            "Halving",
            None,
            "must be a section with 'step_key', 'min_budget', 'num_arms', 'halving_coeff' and 'max_budget'",
        ),
        ("Halving", without(HALVING, "step_key"), "that says for how many steps a run trains, such as 'num_steps'"),
        ("Halving", without(HALVING, "num_arms"), "is missing: the trials in the first rung."),
        ("Halving", HALVING | {"halving_coeff": 1}, "must be a whole number of at least 2, found 1."),
        ("Halving", HALVING | {"num_arms": 2}, "num_arms is 2, fewer than halving_coeff, 3"),
        ("Halving", HALVING | {"max_budget": 1}, "max_budget is 1, no more than min_budget, 1"),
        ("Halving", HALVING | {"min_budgt": 3}, "unknown key 'min_budgt'"),
        ("Hyperband", HYPERBAND | {"eta": 1}, "must be a whole number of at least 2, found 1."),
        ("Hyperband", HYPERBAND | {"max_resource": 2}, "max_resource is 2, less than eta, 3: no bracket"),
        (
            "PBT",
            without(POPULATION) | {"exploit": {"strategy": "trunc"}},
            "must be one of 'truncation', 'binary_tournament'",
        ),
        (
            "PBT",
            without(POPULATION) | {"exploit": {"strategy": "truncation", "selection_percent": 0.6}},
            "must be a share greater than 0 and at most 0.5, found 0.6.",
        ),
        (
            "PBT",
            without(POPULATION) | {"explore": {"strategy": "resampling", "noise_scale": 1}},
            "'resampling' has no such setting; remove it.",
        ),
        (
            "PBT",
            without(POPULATION) | {"explore": {"strategy": "perturbation", "perturb_coeffs": 0.8}},
            "must be a list of numbers greater than 0",
        ),
    ],
)
def test_a_mistake_in_the_settings_is_one_sentence(search_type: str, config: Any, sentence: str) -> None:
    settings, mistakes = read(search_type, config, num_search_batches=3)

    assert settings is None
    assert len(mistakes) == 1
    assert sentence in mistakes[0]


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [({}, "is missing: how many generations there are."), ({"num_search_batches": 1}, "Use at least 2.")],
)
def test_a_population_needs_generations(resources: dict[str, Any], sentence: str) -> None:
    settings, mistakes = read("PBT", without(POPULATION), **resources)

    assert settings is None
    assert len(mistakes) == 1
    assert sentence in mistakes[0]


def test_more_steps_and_more_seeds_are_not_combined() -> None:
    _, mistakes = read("Halving", HALVING, num_seeds_per_eval={"min": 1, "max": 4})

    assert mistakes == [
        "num_seeds_per_eval gives better trials more seeds, but Halving gives them more training steps. Use one number "
        "of seeds."
    ]
