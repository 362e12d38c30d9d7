"""Arrays that a site does not accept yet: how they are submitted once it has room for them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_cluster import waiting
from mle_cluster.array_folder import ArrayFolder, TaskRecord, new_array
from mle_cluster.known import schedulers
from mle_cluster.scheduler import Refusal, SchedulerError, SchedulerSilentError
from mle_cluster.waiting import Later, WaitingArrays


class Site:
    """A scheduler that accepts as many tasks as there is room for, and does not say how many that are."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.open = 0
        self.ended: list[int] = []
        self.is_silent = False
        self.asked: list[int] = []
        self.jobs: dict[Path, int] = {}
        self.deleted: list[int] = []

    def submit(self, command: list[str], answer: Path) -> int:
        if self.is_silent:
            raise SchedulerSilentError("silent")
        n_tasks = int(command[0])
        self.asked.append(n_tasks)
        if n_tasks > self.room:
            raise SchedulerError("too many")
        self.room -= n_tasks
        self.open += n_tasks
        self.jobs[answer.parent] = len(self.jobs) + 1
        answer.write_text(f"{self.jobs[answer.parent]}\n")
        return self.jobs[answer.parent]

    def end(self, n_tasks: int) -> None:
        self.ended.append(n_tasks)
        self.room += n_tasks
        self.open -= n_tasks

    def refusal(self, message: str, n_tasks: int) -> Refusal:
        return Refusal("later", message, n_tasks // 2 or None)

    def find_array(self, array: Path) -> int | None:
        return self.jobs.get(array)

    def delete(self, tasks: dict[int, None]) -> None:
        self.deleted += tasks


@pytest.fixture
def site() -> Site:
    return Site(3)


@pytest.fixture
def arrays(site: Site) -> WaitingArrays:
    said: list[str] = []
    return WaitingArrays(site, said.append, said.append)  # type: ignore[arg-type]


def array_of(folder: Path, n_tasks: int) -> ArrayFolder:
    folder.mkdir(exist_ok=True)
    tasks = [TaskRecord(f"claim {n}", "", f"task {n}") for n in range(1, n_tasks + 1)]
    array = new_array(
        folder / "driver.lock",
        schedulers()[-1].executor,
        tasks,
        [f"echo '{n}\\n{n}'\x0b\u2028" for n in range(1, n_tasks + 1)],
        [[f"input {n}"] for n in range(1, n_tasks + 1)],
        "",
    )
    (array.path / "task.sh").write_text(f"folder={array.path}\n")
    return array


def command(array: ArrayFolder, n_tasks: int) -> list[str]:
    return [str(n_tasks), str(array.path)]


def until_refused(arrays: WaitingArrays, rounds: int = 1) -> list[list[str]]:
    """Return the labels of the tasks of each accepted array."""
    accepted = []
    for _ in range(rounds):
        arrays._due = 0.0
        n_open = arrays.scheduler.open  # type: ignore[attr-defined]
        accepted += [[task.label for task in array.tasks] for array, _ in arrays.submit_when_due(n_open)]
    return accepted


def test_the_number_that_a_site_takes_is_searched_once_and_then_as_many_are_submitted_as_have_ended(
    tmp_path: Path, site: Site, arrays: WaitingArrays
) -> None:
    arrays.add(array_of(tmp_path, 8), command, Later("refused", at_most=4))

    first = until_refused(arrays)
    nothing = until_refused(arrays, rounds=10)
    site.end(2)
    then = until_refused(arrays, rounds=10)
    site.end(3)
    last = until_refused(arrays)

    assert first == [["task 1", "task 2"], ["task 3"]]
    assert nothing == []
    assert then == [["task 4", "task 5"]]
    assert last == [["task 6", "task 7", "task 8"]]
    assert site.asked == [4, 2, 1, 2, 3]
    assert not arrays.is_waiting


@settings(max_examples=20)
@given(room=st.integers(0, 30), n_tasks=st.integers(2, 60), others=st.lists(st.integers(-40, 40), max_size=5))
def test_with_any_limit_and_whatever_others_do_meanwhile_all_tasks_are_submitted_with_few_commands(
    room: int, n_tasks: int, others: list[int]
) -> None:
    site = Site(room)
    arrays = WaitingArrays(site, lambda _: None, lambda _: None)  # type: ignore[arg-type]
    rounds = 0
    with tempfile.TemporaryDirectory() as folder:
        arrays.add(array_of(Path(folder), n_tasks), command, Later("refused", at_most=n_tasks // 2))
        while arrays.is_waiting:
            rounds += 1
            arrays._try_more = 0.0
            until_refused(arrays)
            site.end(site.open)
            site.room = max(site.room + (others.pop() if others else 1), 0)

    assert site.open + sum(site.ended) == n_tasks
    # A search is one command for each halving; there is a new one when others have taken or left some of the room.
    assert len(site.asked) <= 4 * rounds + 60


def test_a_site_without_room_is_asked_once_a_round_and_less_and_less_often(
    tmp_path: Path, site: Site, arrays: WaitingArrays
) -> None:
    site.room = 0
    arrays.add(array_of(tmp_path, 8), command, Later("refused", at_most=4))

    until_refused(arrays)
    for _ in range(19):
        arrays._try_more = 0.0
        until_refused(arrays)

    assert site.asked == [4, 2, 1, *[1] * 19]
    assert arrays._wait == waiting._LONGEST_WAIT


def test_more_room_than_there_was_is_found_after_a_while(tmp_path: Path, site: Site, arrays: WaitingArrays) -> None:
    arrays.add(array_of(tmp_path, 40), command, Later("refused", at_most=20))
    until_refused(arrays)

    site.end(3)
    site.room = 30
    before = until_refused(arrays, rounds=2)
    arrays._try_more = 0.0
    after = until_refused(arrays)

    assert [len(labels) for labels in before] == [3]
    assert sum(len(labels) for labels in after) > 20


def test_tasks_that_have_just_ended_may_still_be_counted_and_what_others_took_is_searched_for_again(
    tmp_path: Path, site: Site, arrays: WaitingArrays
) -> None:
    arrays.add(array_of(tmp_path, 20), command, Later("refused", at_most=10))
    until_refused(arrays)
    site.asked.clear()

    site.open = 0
    refused = until_refused(arrays)
    site.room = 3
    accepted = until_refused(arrays)
    site.open, site.room = 0, 1
    taken_by_others = until_refused(arrays, rounds=2)

    assert refused == []
    assert [len(labels) for labels in accepted] == [3]
    assert [len(labels) for labels in taken_by_others] == [1]
    assert site.asked == [3, 3, 3, 3, 1, 1]


def test_what_waits_in_another_folder_has_its_own_commands_inputs_and_driver(tmp_path: Path) -> None:
    array = array_of(tmp_path, 4)

    rest = array.cut(3)

    assert [task.label for task in ArrayFolder(array.path).tasks] == ["task 1", "task 2", "task 3"]
    assert [task.label for task in ArrayFolder(rest.path).tasks] == ["task 4"]
    commands = (array.path / "commands").read_text().split("\n")
    assert (rest.path / "commands").read_text().split("\n") == [commands[3], ""]
    assert (rest.path / "inputs").read_text() == "'input 4'\n"
    assert (rest.path / "task.sh").read_text() == f"folder={rest.path}\n"
    assert rest.driver == array.driver
    assert not rest.is_copy


def test_a_part_that_was_accepted_without_an_answer_is_not_submitted_again(
    tmp_path: Path, site: Site, arrays: WaitingArrays
) -> None:
    array = array_of(tmp_path, 3)
    arrays.add(array, command, Later("refused", at_most=2))
    site.is_silent = True
    until_refused(arrays)
    site.is_silent = False
    site.jobs[array.path] = 7

    accepted = until_refused(arrays)

    assert accepted == [["task 1"], ["task 2"]]
    assert array.job_id == 7
    assert site.asked == [1]


def test_what_is_given_up_while_it_is_accepted_is_deleted_and_its_rest_never_starts(
    tmp_path: Path, site: Site, arrays: WaitingArrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = site.submit

    def interrupted(words: list[str], answer: Path) -> int:
        arrays.give_up()
        return accept(words, answer)

    monkeypatch.setattr(site, "submit", interrupted)
    arrays.add(array_of(tmp_path, 4), command, Later("refused", at_most=2))

    accepted = until_refused(arrays)

    assert accepted == []
    assert site.deleted == [1]
    assert all((folder.parent / "cancelled").exists() for folder in tmp_path.glob("*/array.json"))
