"""The scheduler that keeps to the order of priorities; called as Snakemake calls it."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakemake_scheduler_plugin_mle import Scheduler


@dataclass(eq=False)
class Job:
    """What the scheduler sees of a job."""

    priority: int
    scheduler_resources: dict[str, int] = field(default_factory=lambda: {"_cores": 1, "_nodes": 1, "_job_count": 1})


@pytest.fixture
def scheduler() -> Scheduler:
    return new_scheduler()


def new_scheduler() -> Scheduler:
    return Scheduler(dag=None, settings=None, logger=logging.getLogger())


def select(scheduler: Scheduler, jobs: set[Job], cores: int, **resources: int) -> list[Job]:
    available = {"_cores": cores, "_nodes": sys.maxsize, "_job_count": sys.maxsize, **resources}
    return list(scheduler.select_jobs(jobs, list(jobs), available, {}))


@given(st.lists(st.integers(-1000, 0), unique=True, min_size=1), st.integers(1, 5))
def test_jobs_start_in_the_order_of_their_priority_however_many_at_a_time(priorities: list[int], cores: int) -> None:
    scheduler, waiting = new_scheduler(), {Job(each) for each in priorities}

    started: list[Job] = []
    while waiting:
        selected = select(scheduler, waiting, cores)
        started += selected
        waiting -= set(selected)

    assert [job.priority for job in started] == sorted(priorities, reverse=True)


def test_nothing_starts_without_a_free_core(scheduler: Scheduler) -> None:
    jobs = {Job(-1)}

    assert select(scheduler, jobs, cores=0) == []
    assert select(scheduler, jobs, cores=1) == [*jobs]


def test_smaller_jobs_pass_one_that_does_not_fit_and_it_keeps_its_place(scheduler: Scheduler) -> None:
    large, small, later = Job(0, {"_cores": 3}), Job(-1), Job(-2)

    first = select(scheduler, {large, small}, cores=2)
    second = select(scheduler, {large, later}, cores=3)

    assert first == [small]
    assert second == [large]


def test_a_resource_of_the_user_is_shared_out(scheduler: Scheduler) -> None:
    jobs = [Job(-number, {"_cores": 1, "gpu": 1}) for number in range(3)]

    assert select(scheduler, {*jobs}, cores=8, gpu=2) == jobs[:2]


def test_no_more_jobs_than_may_be_started_now(scheduler: Scheduler) -> None:
    jobs = {Job(-number) for number in range(5)}

    assert len(select(scheduler, jobs, cores=8, _job_count=2)) == 2


def test_a_job_that_is_no_longer_ready_is_forgotten_and_may_come_back(scheduler: Scheduler) -> None:
    gone, other = Job(0), Job(-1)
    select(scheduler, {gone, other}, cores=0)

    assert select(scheduler, {other}, cores=2) == [other]
    assert select(scheduler, {gone}, cores=2) == [gone]


def test_a_failed_job_that_is_retried_is_selected_again(scheduler: Scheduler) -> None:
    job = Job(-1)

    assert select(scheduler, {job}, cores=1) == [job]
    assert select(scheduler, {job}, cores=1) == [job]
