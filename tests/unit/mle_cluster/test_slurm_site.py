"""What `mle doctor` says of a site with Slurm, from recorded answers of its commands (22.05)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mle_cluster.scheduler import Request
from mle_cluster.slurm.backend import SCHEDULER

SINFO = (
    "main|up|2|idle|infinite|gpu:2|OFF\nshort|up|1|mixed|2:00:00|(null)|OFF\nold|up|3|drained|1-00:00:00|(null)|OFF\n"
    "scavenge|up|2|idle|infinite|(null)|REQUEUE"
)
CONFIG = {
    "KillWait": "30 sec",
    "MaxArraySize": "1001",
    "MinJobAge": "300 sec",
    "ProctrackType": "proctrack/cgroup",
    "SelectTypeParameters": "CR_CORE",
}


@dataclass(frozen=True)
class Profile:
    settings: dict[str, str] = field(default_factory=dict)
    name: str = "slurm"
    shown_file: str = "profiles/slurm/config.yaml"

    def setting(self, name: str) -> str:
        return self.settings.get(name, "")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that says what the doctor finds; the commands answer as given."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def find(
        asked: Request | None,
        profile: Profile | None = None,
        *,
        sinfo: str = SINFO,
        sbatch: str = "exit 0",
        accounts: str = "lab|normal,long|",
        qos: str = "normal|\nlong|",
        **config: str,
    ) -> list[str]:
        lines = "\n".join(f"{key:23} = {value}" for key, value in {**CONFIG, **config}.items())
        bodies = {
            "sinfo": f"[ \"$1\" = --version ] && echo 'slurm 22.05.8' || printf '%s\\n' '{sinfo}'",
            "scontrol": f"printf '%s\\n' '{lines}'",
            "sacctmgr": f"[ \"$3\" = qos ] && printf '%s\\n' '{qos}' || printf '%s\\n' '{accounts}'",
            "sbatch": sbatch,
        }
        for name, body in bodies.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
            (tmp_path / name).chmod(0o755)
        found = SCHEDULER.check_site(asked, profile or Profile())
        return [f"{each.mark}: {each.text}" + (f" -> {each.fix}" if each.fix else "") for each in found]

    return find


def test_a_site_where_all_is_well_has_no_warning(site: Callable[..., list[str]]) -> None:
    found = site(Request("exp.yaml", 20, 4, time_minutes=60, queue="main", gpus=1))

    assert [line for line in found if not line.startswith("ok")] == []
    assert "ok: the scheduler answers: slurm 22.05.8, 4 partitions" in found
    assert "ok: partition main: 2 of 2 nodes take jobs" in found
    assert "ok: a script that is told to end has 30 s (KillWait) to save a checkpoint" in found
    assert any(line.startswith("ok: sbatch would take a seed run: --job-name=mle --partition=main") for line in found)


@pytest.mark.parametrize(
    ("asked", "profile", "answers", "expected"),
    [
        (
            Request("exp.yaml", 1, 1, queue="mian"),
            {},
            {},
            "problem: there is no partition 'mian' that you may use. Did you mean 'main'? -> name another one in "
            "exp.yaml: main, short, old, scavenge",
        ),
        (
            None,
            {"partition": "old"},
            {},
            "warning: partition old accepts no jobs: up, nodes drained -> ask your administrator, or leave old out",
        ),
        (
            Request("exp.yaml", 1, 1, time_minutes=300, queue="short"),
            {},
            {},
            "warning: time_per_job is longer than partition short lets a job run (2 hours); at most sites such a job "
            "waits for ever -> lower time_per_job, or name a partition for longer jobs",
        ),
        (
            Request("exp.yaml", 1, 1, gpus=2, queue="short"),
            {},
            {},
            "warning: partition short has no GPUs -> name one that has in the experiment file (queue)",
        ),
        (
            Request("exp.yaml", 1, 1, memory_mb=1000),
            {},
            {},
            "warning: memory is not counted here (SelectTypeParameters=CR_CORE), so memory_per_job reserves none -> if "
            "requests of memory are refused, set mle-slurm-memory-per: none in the profile",
        ),
        (
            None,
            {"account": "labs"},
            {},
            "problem: you have no account 'labs'. Did you mean 'lab'? -> set mle-slurm-account in "
            "profiles/slurm/config.yaml to one of lab",
        ),
        (
            Request("exp.yaml", 1, 99),
            {},
            {"sbatch": "echo 'sbatch: error: Batch job submission failed: More processors requested' >&2; exit 1"},
            "problem: sbatch would refuse a seed run:",
        ),
        (
            Request("exp.yaml", 20, 1),
            {},
            {"MaxArraySize": "4"},
            "warning: arrays have at most 3 tasks here (MaxArraySize), and the profile says 1000: larger ones are "
            "refused first, and then split -> set mle-slurm-array-size: 3 in profiles/slurm/config.yaml",
        ),
        (None, {}, {"MaxArraySize": "0"}, "problem: this site takes no arrays (MaxArraySize=0) ->"),
        (
            None,
            {"query-seconds": "120"},
            {"MinJobAge": "60 sec", "accounts": ""},
            "warning: Slurm forgets after 60 s how a job has ended (MinJobAge), squeue is asked every 120 s, and "
            "there is no accounting: some ends stay without a reason -> set mle-slurm-query-seconds: 30 in",
        ),
        (
            None,
            {},
            {"ProctrackType": "proctrack/pgid"},
            "warning: Slurm does not find all processes of a job (ProctrackType=proctrack/pgid)",
        ),
        (
            Request("exp.yaml", 20, 1, queue="scavenge", retries=0),
            {},
            {},
            "warning: jobs of partition scavenge may be preempted (PreemptMode), and a seed run that is counts as "
            "failed -> set retries in exp.yaml",
        ),
        (
            Request("exp.yaml", 20, 1),
            {},
            {"accounts": "lab|normal|5"},
            "warning: you may have 5 jobs at a time (MaxSubmitJobs, which counts every task of an array), and there "
            "are 20 seed runs: the others are submitted as these end -> nothing to change, but `mle run` has to go on",
        ),
        (
            Request("exp.yaml", 20, 1),
            {"qos": "long"},
            {"qos": "normal|3\nlong|7"},
            "warning: you may have 7 jobs at a time (MaxSubmitJobs,",
        ),
        (None, {}, {"sinfo": "", "accounts": ""}, "ok: there is no accounting, or it knows no account of yours"),
    ],
)
def test_each_trouble_has_its_line_and_its_fix(
    site: Callable[..., list[str]],
    asked: Request | None,
    profile: dict[str, str],
    answers: dict[str, str],
    expected: str,
) -> None:
    found = site(asked, Profile(profile), **answers)

    assert any(line.startswith(expected) for line in found), found


@pytest.mark.parametrize(
    ("asked", "profile", "answers", "word"),
    [
        (Request("exp.yaml", 20, 1), {}, {"MinJobAge": "10 sec"}, "MinJobAge"),
        (None, {}, {"MinJobAge": "0 sec", "accounts": ""}, "MinJobAge"),
        (Request("exp.yaml", 20, 1, queue="scavenge", retries=2), {}, {}, "preempted"),
        (Request("exp.yaml", 20, 1, queue="main", retries=0), {}, {}, "preempted"),
        (Request("exp.yaml", 5, 1), {}, {"accounts": "lab|normal|5"}, "MaxSubmitJobs"),
        (Request("exp.yaml", 9, 1), {"account": "lab"}, {"accounts": "lab|normal|\nroot|normal|2"}, "MaxSubmitJobs"),
        (Request("exp.yaml", 20, 1), {"array-size": "3"}, {"MaxArraySize": "4"}, "MaxArraySize"),
    ],
)
def test_what_does_no_harm_is_not_mentioned(
    site: Callable[..., list[str]], asked: Request | None, profile: dict[str, str], answers: dict[str, str], word: str
) -> None:
    assert [line for line in site(asked, Profile(profile), **answers) if word in line] == []


def test_a_silent_controller_is_one_problem(site: Callable[..., list[str]], tmp_path: Path) -> None:
    site(None)
    (tmp_path / "sinfo").write_text("#!/bin/sh\necho 'Unable to contact slurm controller' >&2\nexit 1\n")

    (found,) = SCHEDULER.check_site(None, Profile())

    assert found.mark == "problem"
    assert "but Slurm does not answer" in found.text


def test_without_sbatch_there_is_nothing_to_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert list(SCHEDULER.check_site(None, Profile())) == []
