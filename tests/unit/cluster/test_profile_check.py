"""A profile that cannot work is refused with the lines of its mistakes; one that Snakemake takes is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mle_toolbox.cluster.profile_check import check_profile
from mle_toolbox.errors import ExperimentFileError, UsageError
from mle_toolbox.project_profiles import install_profiles
from mle_toolbox.snakemake_side.profile_files import profile_file, read_profile

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with the shipped profiles, of somebody who has no others."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    project = tmp_path / "project"
    project.mkdir()
    install_profiles(project)
    return project


def write_profile(project: Path, text: str, file: str = "profiles/mine/config.yaml") -> None:
    path = project / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize("name", ["local", "sge", "slurm", "profiles/sge", "profiles/sge/config.yaml"])
def test_the_shipped_profiles_are_fine(project: Path, name: str) -> None:
    check_profile(name, project)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mle-sge-quue: all.q", "mle-sge-quue: there is no such setting. Did you mean 'mle-sge-queue'?"),
        ("mle-sge-array_size: 3", "mle-sge-array_size: there is no such setting. Did you mean 'mle-sge-array-size'?"),
        ("mle-sge-array-size: many", "mle-sge-array-size: expected a whole number, found 'many'."),
        ("mle-sge-array-size: 2.5", "mle-sge-array-size: expected a whole number, found 2.5."),
        ("mle-sge-array-size: 0", "mle-sge-array-size: expected a number of tasks from 1 on, found 0."),
        ("mle-sge-poll-seconds: .nan", "mle-sge-poll-seconds: expected a number, found nan."),
        ("mle-sge-poll-seconds: [1]", "mle-sge-poll-seconds: expected a number, found [1]."),
        ("mle-sge-poll-seconds: -1", "mle-sge-poll-seconds: expected seconds above 0, found -1.0."),
        ("mle-sge-nested: maybe", "mle-sge-nested: expected true or false, found 'maybe'."),
        ("mle-sge-queue: {a: b}", "mle-sge-queue: expected text, found {'a': 'b'}."),
        ("mle-sge-queue: [a, b]", "mle-sge-queue: expected text, found ['a', 'b']. Write `a,b`."),
        ("keep-goin: true", "keep-goin: Snakemake refuses this: ignored explicit argument 'True'."),
        (
            "scheduler: greedyx",
            "scheduler: Snakemake refuses this: invalid choice: 'greedyx' (choose from 'mle', 'greedy', 'ilp').",
        ),
        ("foo-bar: 1", "foo-bar: Snakemake refuses this: unrecognized arguments: --foo-bar=1."),
        ("latency-wait: x", "latency-wait: Snakemake refuses this: invalid int value: 'x'."),
        (
            "cores: many",
            "cores: Snakemake refuses this: Error parsing number of cores (--cores, -c): must be integer or 'all'.",
        ),
        (
            "nolock: maybe",
            "nolock: Snakemake refuses this: Unexpected value for nolock: 'maybe'. Expecting 'true', 'false', 'yes', "
            "'no', 'on', 'off', '1' or '0'.",
        ),
        ("mle-sge-queue: a b", "mle-sge-queue: expected one name, found 'a b'."),
        ("mle-sge-memory-per: core", "mle-sge-memory-per: expected slot or job, found 'core'."),
        ("mle-sge-qsub-options: -t 3", "mle-sge-qsub-options: -t is set by the plugin itself and cannot be given."),
    ],
)
def test_a_mistake_is_told_with_its_line(project: Path, line: str, message: str) -> None:
    write_profile(project, f"executor: mle-sge\n# a comment\n{line}\n")

    with pytest.raises(ExperimentFileError) as caught:
        check_profile("mine", project)

    assert str(caught.value) == f"profiles/mine/config.yaml:3: {message}"


def test_all_mistakes_are_told_at_once(project: Path) -> None:
    write_profile(project, "mle-sge-quue: a\nexecutor: mle-sge\njobs: ''\nmle-sge-array-size: -1\n")

    with pytest.raises(ExperimentFileError) as caught:
        check_profile("mine", project)

    assert [problem.line for problem in caught.value.problems] == [1, 3, 4]


@pytest.mark.parametrize("text", ["jobs: ''\n", 'jobs: ""\n', "jobs: $NOTHING\n"])
def test_an_empty_text_is_refused_whoever_executes(project: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTHING", "")
    write_profile(project, text)

    with pytest.raises(
        ExperimentFileError, match=r"config\.yaml:1: jobs: Snakemake replaces an empty text by the folder"
    ):
        check_profile("mine", project)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jobs: [1\n", r"config\.yaml:1: the bracket opened here is not closed"),
        ("", r"config\.yaml: expected lines of the form `key: value`; there are none\."),
        ("# nothing\n", r"config\.yaml: expected lines of the form `key: value`; there are none\."),
        ("executor: mle-sgx\n", r"config\.yaml:1: executor: Snakemake refuses this: invalid choice: 'mle-sgx'"),
        ("- jobs\n", r"config\.yaml: expected lines of the form `key: value`\."),
        ("jobs: 1\njobs: 2\n", r"config\.yaml:2: the key 'jobs' is already defined on line 1\."),
    ],
)
def test_what_is_no_profile_at_all_is_refused(project: Path, text: str, message: str) -> None:
    write_profile(project, text)

    with pytest.raises(ExperimentFileError, match=message):
        check_profile("mine", project)


@pytest.mark.parametrize(
    "text",
    [
        "jobs:\n",
        "executor: local\ndefault-resources:\n  - mem_mb=100\nset-threads:\n  train: 4\n",
        "executor: mle-sge\nmle-sge-queue:\nmle-sge-nested: yes\nmle-sge-poll-seconds: 2\nmle-sge-project: 12\n",
        "executor: mle-sge\nmle-sge-array-size: $SIZE\n",
        "__use_yte__: true\nexecutor: mle-sge\n?if True:\n  mle-sge-quue: a\n",
    ],
    ids=["nothing behind the colon", "of another executor", "other forms", "a variable", "computed"],
)
def test_what_snakemake_takes_is_left_alone(project: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIZE", "7")
    write_profile(project, text)

    check_profile("mine", project)


def test_a_profile_that_is_not_there_is_named_with_those_that_are(project: Path) -> None:
    write_profile(project, "jobs: 1\n")

    with pytest.raises(UsageError) as caught:
        check_profile("sgee", project)

    assert str(caught.value).startswith(
        "There is no profile 'sgee'. Did you mean 'sge'? There are local, mine, sge, slurm; "
    )


def test_the_file_for_this_version_of_snakemake_is_the_one_that_counts(project: Path) -> None:
    for name in ("config.yaml", "config.v8+.yaml", "config.v999+.yaml", "other.yaml"):
        write_profile(project, f"executor: {name}\n", f"profiles/mine/{name}")

    assert profile_file("mine", project) == project / "profiles/mine/config.v8+.yaml"
    assert read_profile("mine", project).keys == {"executor": "config.v8+.yaml"}
