"""What an experiment still takes. How wrong that is over whole experiments is measured by benchmarks/time_left.py."""

from __future__ import annotations

import pytest

from mle_toolbox.drive.time_left import SeenRun, TimeLeft


def waiting(configuration: str, *seeds: int) -> list[SeenRun]:
    return [SeenRun(configuration, seed, "waiting") for seed in seeds]


def ended(configuration: str, seed: int, seconds: float, ticks: int, resumed_from: int = 0) -> SeenRun:
    return SeenRun(configuration, seed, "ended", seconds, ticks, resumed_from)


def running(configuration: str, seed: int, seconds: float, ticks: int, resumed_from: int = 0) -> SeenRun:
    return SeenRun(configuration, seed, "running", seconds, ticks, resumed_from)


def test_nothing_is_said_before_the_first_seed_run_has_ended() -> None:
    left = TimeLeft().look([running("a", 0, 30, 15), *waiting("a", 1)], slots=1)

    assert (left.seconds, left.of_runs, left.ticks) == (None, {}, {})


def test_seed_runs_longer_than_half_a_minute_are_counted_in_full() -> None:
    # 36 s each on two cores, four of eight done: rich says 0:00:01.
    done = [ended("a", seed, 36, 36) for seed in range(4)]
    now = [running("a", 4, 0.5, 0), running("a", 5, 0.5, 0)]

    left = TimeLeft().look([*done, *now, *waiting("a", 6, 7)], slots=2)

    assert left.seconds == pytest.approx(71.5)


def test_a_running_seed_run_is_as_far_as_its_ticks_say() -> None:
    # It is half as fast as the one before it.
    left = TimeLeft().look([ended("a", 0, 100, 100), running("a", 1, 160, 80)])

    assert 20 < left.of_runs["a", 1] < 40


def test_time_before_the_first_tick_is_no_pace() -> None:
    estimate = TimeLeft()
    for seconds, ticks in ((30, 0), (60, 1), (70, 11)):
        left = estimate.look([ended("a", 0, 100, 41), running("a", 1, seconds, ticks)])

    assert left.of_runs["a", 1] == pytest.approx(30, rel=0.3)


def test_each_configuration_takes_as_long_as_its_own_seed_runs() -> None:
    runs = [ended("slow", 0, 100, 10), ended("quick", 0, 10, 10), *waiting("slow", 1), *waiting("quick", 1)]

    assert TimeLeft().look(runs, slots=1).seconds == pytest.approx(110)


def test_an_unknown_configuration_takes_as_long_as_the_others_on_average() -> None:
    runs = [ended("a", 0, 100, 10), ended("b", 0, 50, 10), *waiting("new", 0)]

    assert TimeLeft().look(runs, slots=1).seconds == pytest.approx(75)


def test_the_last_seed_runs_do_not_share_the_cores_that_are_free() -> None:
    runs = [ended("a", 0, 60, 6), *waiting("a", 1, 2, 3, 4, 5)]

    assert TimeLeft().look(runs, slots=4).seconds == pytest.approx(120)


def test_a_seed_run_that_has_come_further_than_others_is_compared_with_the_rest() -> None:
    before = [ended("a", seed, 10, 10) for seed in range(5)] + [ended("a", 5, 100, 100)]

    left = TimeLeft().look([*before, running("a", 6, 50, 50)])

    assert left.of_runs["a", 6] == pytest.approx(50)


def test_a_seed_run_that_has_come_further_than_all_others_needs_a_little_more() -> None:
    left = TimeLeft().look([ended("a", 0, 100, 100), running("a", 1, 200, 200)])

    assert 0 < left.of_runs["a", 1] < 100


def test_ticks_before_a_checkpoint_took_none_of_this_attempt() -> None:
    runs = [ended("a", 0, 100, 100), running("a", 1, 10, 60, resumed_from=50)]

    assert TimeLeft().look(runs).of_runs["a", 1] == pytest.approx(40)


def test_a_second_attempt_begins_its_pace_anew() -> None:
    estimate = TimeLeft()
    estimate.look([ended("a", 0, 100, 100), running("a", 1, 50, 50)])

    left = estimate.look([ended("a", 0, 100, 100), running("a", 1, 10, 10)])

    assert left.of_runs["a", 1] == pytest.approx(90)


def test_the_number_of_ticks_is_known_from_a_seed_run_that_ended_and_said_to_vary_where_it_does() -> None:
    runs = [ended("a", 0, 10, 10), ended("b", 0, 10, 10), ended("b", 1, 10, 20), *waiting("new", 0)]

    assert TimeLeft().look(runs).ticks == {"a": (10, True), "b": (15, False)}
    assert TimeLeft().look([ended("a", 0, 10, 10), *waiting("new", 0)]).ticks["new"] == (10, True)


def test_a_run_that_begins_where_those_of_other_configurations_ended_has_an_unknown_number_of_ticks() -> None:
    ticks = TimeLeft().look([ended("rung 0", 0, 10, 2), running("rung 1", 0, 10, 4)]).ticks

    assert ticks == {"rung 0": (2, True)}


def test_nothing_is_left_when_all_have_ended() -> None:
    assert TimeLeft().look([ended("a", 0, 10, 10)], slots=2).seconds == 0
