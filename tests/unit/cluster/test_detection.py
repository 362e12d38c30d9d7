"""Where `mle run` goes, told from what fake commands of Grid Engine answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mle_cluster.grid_engine.backend import SCHEDULER
from mle_cluster.grid_engine.queues import named, parse_queues, states_in_words
from mle_cluster.known import schedulers
from mle_toolbox.cluster import detection
from mle_toolbox.cluster.detection import Place
from mle_toolbox.errors import UsageError

Command = Callable[[str, str], None]


def detect_place(queue: str | None, asked_by: str = "the experiment file") -> Place:
    """Look for a Grid Engine."""
    return detection.detect_place(SCHEDULER, queue, asked_by)


def queues(*instances: tuple[str, str, int, str]) -> str:
    """Return what ``qstat -f -xml`` answers; each instance is name, type, slots and state."""
    entries = "".join(
        f"<Queue-List><name>{name}</name><qtype>{kind}</qtype><slots_used>0</slots_used><slots_resv>0</slots_resv>"
        f"<slots_total>{slots}</slots_total>{f'<state>{state}</state>' if state else ''}</Queue-List>"
        for name, kind, slots, state in instances
    )
    return f"<?xml version='1.0'?><job_info><queue_info>{entries}</queue_info><job_info></job_info></job_info>"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that puts a command on a PATH that has nothing else of Grid Engine."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(name: str, body: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    return make


@pytest.fixture
def answer(command: Command, tmp_path: Path) -> Callable[[str], None]:
    """Return a function that makes qstat answer with a text."""

    def make(text: str) -> None:
        command("qsub", "exit 0")
        (tmp_path / "answer").write_text(text)
        command("qstat", f"/bin/cat {tmp_path}/answer")

    return make


def test_without_qsub_everything_runs_here(command: Command) -> None:
    place = detect_place(None)

    assert place.profile == "local"
    assert place.why == "No Grid Engine here (qsub is not on PATH): running on this machine."


@pytest.mark.slow
def test_a_scheduler_that_hangs_is_not_waited_for(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_PATIENCE_SECONDS", 0.5)
    command("qsub", "exit 0")
    command("qstat", "exec /bin/sleep 60")
    begin = time.monotonic()

    place = detect_place(None)

    assert time.monotonic() - begin < 30
    assert place.profile == "local"
    assert "the scheduler does not answer (qstat did not come back" in (place.why or "")


def test_the_schedulers_own_words_say_why_it_does_not_answer(command: Command) -> None:
    command("qsub", "exit 0")
    command(
        "qstat",
        "echo 'error: commlib error: got select error (Connection refused)' >&2; "
        "echo 'error: unable to send message to qmaster using port 6444' >&2; exit 1",
    )

    place = detect_place(None)

    assert place.why == (
        "qsub is there, but the scheduler does not answer (commlib error: got select error (Connection refused)): "
        "running on this machine."
    )


def test_the_qstat_of_another_scheduler_is_none(answer: Callable[[str], None]) -> None:
    answer("qstat: illegally formed job identifier: -xml")

    place = detect_place(None)

    assert place.profile == "local"
    assert "qstat does not answer as that of Grid Engine does" in (place.why or "")


def test_one_queue_that_accepts_jobs_is_enough(answer: Callable[[str], None]) -> None:
    answer(queues(("all.q@a", "BIP", 8, "d"), ("long.q@a", "BIP", 8, "a"), ("long.q@b", "BIP", 8, "au")))

    place = detect_place(None)

    assert place.profile == "sge"
    assert place.why == "Grid Engine answers and queue long.q accepts jobs: running there (--profile local runs here)."


@pytest.mark.parametrize("state", ["d", "D", "E", "au", "s", "S", "C", "o", "c", "dE"])
def test_a_queue_in_a_closed_state_accepts_no_jobs(answer: Callable[[str], None], state: str) -> None:
    answer(queues(("all.q@a", "BIP", 8, state)))

    place = detect_place(None)

    assert place.profile == "local"
    assert "no queue accepts jobs (all.q is " in (place.why or "")


@pytest.mark.parametrize(("kind", "slots", "words"), [("I", 8, "interactive"), ("BIP", 0, "without slots")])
def test_a_queue_for_other_jobs_or_without_slots_is_none(
    answer: Callable[[str], None], kind: str, slots: int, words: str
) -> None:
    answer(queues(("all.q@a", kind, slots, "")))

    place = detect_place(None)

    assert place.profile == "local"
    assert words in (place.why or "")


def test_only_the_queue_that_is_asked_for_counts(answer: Callable[[str], None]) -> None:
    answer(queues(("all.q@a", "BIP", 8, ""), ("gpu.q@a", "BIP", 8, "d")))

    there, not_there = detect_place("all.q"), detect_place("gpu.q")

    assert there.profile == "sge"
    assert not_there.profile == "local"
    assert "(gpu.q is disabled (qmod -d))" in (not_there.why or "")


def test_a_queue_that_is_not_there_is_a_mistake_and_the_nearest_is_named(answer: Callable[[str], None]) -> None:
    answer(queues(("all.q@a", "BIP", 8, ""), ("long.q@a", "BIP", 8, "")))

    with pytest.raises(UsageError, match=r"exp.yaml asks for queue 'lon.q'.* Did you mean 'long.q'\? There are: all.q"):
        detect_place("lon.q", "exp.yaml")


def test_of_a_list_of_queues_one_that_accepts_jobs_is_enough_and_one_that_is_not_there_is_a_mistake(
    answer: Callable[[str], None],
) -> None:
    answer(queues(("all.q@a", "BIP", 8, ""), ("long.q@a", "BIP", 8, "d")))

    place = detect_place("long.q,all.q")

    assert place.profile == "sge"
    assert "queue all.q accepts jobs" in (place.why or "")
    with pytest.raises(UsageError, match=r"exp.yaml asks for queue 'lon.q'.* Did you mean 'long.q'\?"):
        detect_place("all.q,lon.q", "exp.yaml")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("all.q", ["all.q@a", "all.q@b"]),
        ("*.q@b", ["all.q@b"]),
        ("all.q@a,long.q", ["all.q@a", "long.q@a"]),
        ("all.q@@big", ["all.q@a", "all.q@b"]),
        ("other.q", []),
    ],
)
def test_a_request_means_the_queues_that_qsub_would_take(asked: str, expected: list[str]) -> None:
    instances = parse_queues(queues(*((name, "BIP", 8, "") for name in ("all.q@a", "all.q@b", "long.q@a"))))

    found = named(instances, asked)

    assert [f"{each.queue}@{each.host}" for each in found] == expected


def test_each_hindrance_is_said_once() -> None:
    instances = parse_queues(queues(("all.q@a", "BIP", 8, "d"), ("all.q@b", "BIP", 8, "dE")))

    words = states_in_words(instances)

    assert words.count("disabled") == 1
    assert "in error" in words


def sinfo(command: Command, body: str) -> None:
    command("sbatch", "exit 0")
    command("sinfo", body)


def choose(queue: str | None = None) -> Place:
    return detection.choose_among(schedulers(), lambda each: (queue, "exp.yaml"))


def test_without_any_scheduler_everything_runs_here(command: Command) -> None:
    assert choose().why == "No Grid Engine or Slurm here (neither qsub nor sbatch is on PATH): running on this machine."


def test_the_one_scheduler_that_answers_is_taken(command: Command, answer: Callable[[str], None]) -> None:
    sinfo(command, "echo 'main|up'")

    assert choose().why == "Slurm answers and partition main accepts jobs: running there (--profile local runs here)."
    # Jobs that name no partition go to the default one, whatever others there are.
    sinfo(command, "echo 'main*|up'; echo 'gpu|up'")
    assert "partition main accepts jobs" in (choose().why or "")
    sinfo(command, "echo 'main*|down'; echo 'gpu|up'")
    with pytest.raises(UsageError, match=r"no partition accepts jobs \(main"):
        choose()
    sinfo(command, "echo 'main|up'")
    answer(queues(("all.q@node1", "BIP", 2, "d")))
    assert choose().profile == "slurm"


def test_of_two_that_answer_the_first_is_taken_and_the_other_is_named(
    command: Command, answer: Callable[[str], None]
) -> None:
    sinfo(command, "echo 'main|up'")
    answer(queues(("all.q@node1", "BIP", 2, "")))

    place = choose()

    assert place.profile == "sge"
    assert place.why == (
        "Grid Engine and Slurm both answer: running on Grid Engine (--profile slurm runs on Slurm, --profile local "
        "here)."
    )


def test_a_queue_that_only_one_of_them_has_decides(command: Command, answer: Callable[[str], None]) -> None:
    sinfo(command, "echo 'main|up'; echo 'gpu|up'")
    answer(queues(("all.q@node1", "BIP", 2, "")))

    assert choose("gpu").profile == "slurm"
    assert choose("all.q").profile == "sge"
    with pytest.raises(UsageError, match="asks for queue 'gup'"):
        choose("gup")


@pytest.mark.parametrize("body", ["echo no controller >&2; exit 1", "echo 'main|down'", "exit 0"])
@pytest.mark.parametrize("with_grid_engine", [False, True])
def test_nothing_runs_unasked_where_slurm_is_installed_and_takes_no_jobs(
    command: Command, answer: Callable[[str], None], body: str, with_grid_engine: bool
) -> None:
    sinfo(command, body)
    if with_grid_engine:
        answer(queues(("all.q@node1", "BIP", 2, "d")))

    with pytest.raises(UsageError, match="nothing was started, because this is probably its login node"):
        choose()
