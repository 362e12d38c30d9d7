"""What a search that learns knows when it asks a trial, and what it then proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from mle_toolbox.search.schedule import Earlier, History, Learning, Search, blocks
from mle_toolbox.search.space import Space, Variable
from mle_toolbox.search.strategies import search_of

SPACE = Space(
    (
        Variable("act", "categorical", ("act",), ("relu", True, 1, [1, 2])),
        Variable("lrate", "real", ("lrate",), None, 1e-5, 0.1, None, "log-uniform"),
        Variable("units", "integer", ("units",), None, 1, 64, None, "uniform"),
    )
)
SMALL = Space(
    (Variable("act", "categorical", ("act",), ("a", "b", "c")), Variable("units", "integer", ("units",), None, 1, 3))
)
GRID = Space(
    (
        Variable("a", "real", ("a",), (0.1, 0.2, 0.3), 0.1, 0.3, 3),
        Variable("b", "categorical", ("b",), ("x", "y")),
        Variable("c", "categorical", ("c",), (1, 2, 3)),
    )
)
SMBO = Learning("smbo", 30, None, 4, 42, True, {"n_initial_points": 3})
COORDINATE = Learning("coordinate", 100, None, 4, 42, True)


def history_of(search: Search, space: Space, asked: Sequence[Any], scores: Sequence[float | None], t: int) -> History:
    known = search.known(t)
    told = tuple(Earlier(i, i, asked[i], {}, scores[i]) for i in range(known))
    return History(space, {}, told, tuple(Earlier(i, i, asked[i]) for i in range(known, t)))


def played(search: Search, space: Space, score: Callable[[Any], float | None]) -> list[Any]:
    """Return the points of a whole search, whose trials have the scores that are said."""
    asked: list[Any] = []
    scores: list[float | None] = []
    for t in range(search.size()):
        asked.append(search.propose(t, history_of(search, space, asked, scores, t)).values)
        scores.append(score(asked[-1]))
    return asked


@pytest.mark.parametrize(
    ("batch", "window", "expected"),
    [
        (None, 4, [0, 0, 0, 0, 1, 2, 3, 4, 5]),
        (None, 1, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (3, 4, [0, 0, 0, 3, 3, 3, 6, 6, 6]),
    ],
)
def test_a_trial_knows_a_window_or_the_batches_before_it(batch: int | None, window: int, expected: list[int]) -> None:
    search = search_of(replace(SMBO, batch=batch, window=window), SPACE, {})

    assert [search.known(t) for t in range(9)] == expected


def test_trials_that_know_the_same_are_one_job() -> None:
    search = search_of(replace(SMBO, batch=3), SPACE, {})

    assert blocks(search, [0, 1, 2, 4, 5, 6]) == [(0, 1, 2), (4, 5), (6,)]
    assert blocks(search_of(SMBO, SPACE, {}), range(6)) == [(0, 1, 2, 3), (4,), (5,)]


def test_smbo_proposes_the_same_whenever_it_is_asked_and_learns() -> None:
    search = search_of(SMBO, SPACE, {})

    def score(point: Any) -> float:
        return abs(point["units"] - 40) / 64

    asked = played(search, SPACE, score)
    again = search.propose(17, history_of(search, SPACE, asked, list(map(score, asked)), 17))

    assert again.values == asked[17]
    assert again.note["sampler"] == "TPE"
    assert again.note["optuna"].startswith("5.")
    assert all(SPACE.contains(point) for point in asked)
    late, early = sorted(map(score, asked[15:])), sorted(map(score, asked[:10]))
    assert late[len(late) // 2] < early[len(early) // 2]


def test_smbo_notes_which_trials_were_drawn_at_random() -> None:
    search = search_of(replace(SMBO, options={"n_initial_points": 3}), SPACE, {})
    asked = played(search, SPACE, lambda point: point["units"] / 64)

    samplers = [
        search.propose(t, history_of(search, SPACE, asked, [0.5] * len(asked), t)).note["sampler"] for t in range(9)
    ]

    known = [search.known(t) for t in range(9)]
    assert samplers == ["random" if told < 3 else "TPE" for told in known]
    assert {"random", "TPE"} == set(samplers)


def test_the_seed_of_the_search_decides_what_smbo_proposes() -> None:
    nothing = History(SPACE, {}, (), ())
    points = [search_of(replace(SMBO, seed=seed), SPACE, {}).propose(0, nothing).values for seed in (1, 1, 2)]

    assert points[0] == points[1] != points[2]


def test_smbo_avoids_where_trials_have_failed() -> None:
    search = search_of(SMBO, SPACE, {})

    asked = played(search, SPACE, lambda point: None if point["units"] > 32 else 0.5)

    assert sum(point["units"] > 32 for point in asked[15:]) < sum(point["units"] > 32 for point in asked[:10]) + 3
    assert sum(point["units"] <= 32 for point in asked[15:]) >= 11


def test_smbo_asks_every_point_of_a_finite_space_once() -> None:
    search = search_of(SMBO, SMALL, {})

    asked = played(search, SMALL, lambda point: point["units"])

    assert search.size() == len(asked) == 9
    assert len({(point["act"], point["units"]) for point in asked}) == 9


def test_coordinate_search_varies_one_variable_after_the_other_around_the_best() -> None:
    base = {"a": 0.7, "b": "x", "c": 2}
    search = search_of(replace(COORDINATE, options={"order": ["c", "a", "b"]}), GRID, base)

    asked = played(search, GRID, lambda point: abs(point["c"] - 3) + abs(point["a"] - 0.2) + (point["b"] == "x"))

    # The default of a is in the base configuration, but not in the grid: its first value stands for it.
    assert [(point["c"], point["a"], point["b"]) for point in asked] == [
        (1, 0.1, "x"),
        (2, 0.1, "x"),
        (3, 0.1, "x"),
        (3, 0.2, "x"),
        (3, 0.3, "x"),
        (3, 0.2, "y"),
    ]
    assert [search.known(t) for t in range(6)] == [0, 0, 0, 3, 3, 5]


def test_coordinate_search_honours_the_direction_and_keeps_its_defaults_where_nothing_is_good() -> None:
    search = search_of(replace(COORDINATE, lower_is_better=False), GRID, {})

    best = played(search, GRID, lambda point: point["a"])
    failing = played(search, GRID, lambda _: None)

    assert best[-1]["a"] == 0.3
    assert [point["a"] for point in failing] == [0.1, 0.2, 0.3, 0.1, 0.1, 0.1]


def test_what_a_trial_knows_never_shrinks_and_never_is_the_trial_itself() -> None:
    for learning, space in ((SMBO, SPACE), (replace(SMBO, batch=5), SPACE), (COORDINATE, GRID)):
        search = search_of(learning, space, {})
        known = [search.known(t) for t in range(search.size())]

        assert known == sorted(known)
        assert all(number <= t for t, number in enumerate(known))


def test_smbo_does_not_see_scores_of_trials_that_it_does_not_know() -> None:
    search = search_of(SMBO, SPACE, {})
    asked = [{"act": "relu", "lrate": 0.01 * t, "units": t} for t in range(1, 9)]
    one, other = ([t % 4 for t in range(5)] + [rest] * 3 for rest in (0.0, 9.0))

    # Of trial 8 the scores of 0 to 4 are known.
    points = [search.propose(8, history_of(search, SPACE, asked, scores, 8)).values for scores in (one, other)]

    assert search.known(8) == 5
    assert points[0] == points[1]
