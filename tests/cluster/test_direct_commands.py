"""What Snakemake promises about a rule holds as well for commands that run without a Snakemake around them."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest
from cluster_project import Project

pytestmark = [pytest.mark.sge, pytest.mark.slow]

WAYS = pytest.mark.parametrize("way", [[], ["--mle-sge-nested"]], ids=["direct", "nested"])
# Each writes down who started its command.
PARENT = "tr '\\\\0' ' ' < /proc/$PPID/cmdline"
# The benchmark's duration has two decimals: a command that ends at once would show as 0.
LASTING = f"sleep 0.1; {PARENT}"


def incomplete(project: Project) -> list[str]:
    """The markers of outputs that are being made."""
    return [path.name for path in (project.path / ".snakemake/incomplete").glob("*") if path.is_file()]


def test_only_rules_that_lose_nothing_run_directly(project: Project) -> None:
    project.write(
        "rule all:\n    input: 'plain', 'measured', 'shadowed'\n"
        f'rule plain:\n    output: "plain"\n    shell: "{PARENT} > {{output}}"\n'
        f'rule measured:\n    output: "measured"\n    benchmark: "b.tsv"\n    shell: "{LASTING} > {{output}}"\n'
        f'rule shadowed:\n    output: "shadowed"\n    shadow: "minimal"\n    shell: "{PARENT} > {{output}}"\n'
    )

    status, said = project.run()

    assert status == 0, said
    assert "task.sh" in (project.path / "plain").read_text()
    assert "snakemake" in (project.path / "measured").read_text()
    assert "snakemake" in (project.path / "shadowed").read_text()
    head, measured = (project.path / "b.tsv").read_text().splitlines()
    assert float(dict(zip(head.split("\t"), measured.split("\t"), strict=True))["s"]) > 0


@WAYS
def test_what_is_said_of_an_output_is_seen_to(project: Project, way: list[str]) -> None:
    project.write(
        "rule all:\n    input: 'kept', 'flag', 'folder', 'from_temporary'\n"
        "rule protect:\n    output: protected('kept')\n    shell: 'echo a > {output}'\n"
        "rule touch:\n    output: touch('flag')\n    shell: 'true'\n"
        "rule folder:\n    output: directory('folder')\n    shell: 'mkdir -p {output} && touch {output}/a'\n"
        "rule temporary:\n    output: temp('deep/down/temp')\n    shell: 'echo a > {output}'\n"
        "rule after:\n    input: 'deep/down/temp'\n    output: 'from_temporary'\n    shell: 'cp {input} {output}'\n"
    )

    status, said = project.run(*way)

    assert status == 0, said
    assert not (project.path / "kept").stat().st_mode & stat.S_IWUSR
    assert (project.path / "flag").exists()
    assert (project.path / "folder/.snakemake_timestamp").exists()
    assert (project.path / "from_temporary").read_text() == "a\n"
    assert not (project.path / "deep/down/temp").exists()
    assert incomplete(project) == []


@WAYS
def test_an_output_that_is_missing_or_empty_is_an_error(project: Project, way: list[str]) -> None:
    project.write(
        "rule all:\n    input: 'missing', 'empty', 'good'\n"
        "rule forget:\n    output: 'missing'\n    shell: 'true'\n"
        "rule hollow:\n    output: ensure('empty', non_empty=True)\n    shell: 'touch {output}'\n"
        "rule good:\n    output: 'good'\n    shell: 'touch {output}'\n"
    )

    status, said = project.run("--latency-wait", "1", *way)

    assert status == 1, said
    assert "rule forget" in said
    assert "rule hollow" in said
    assert sorted(path.name for path in project.path.iterdir() if path.name in ("missing", "empty", "good")) == ["good"]


@WAYS
def test_old_outputs_are_gone_before_the_command_and_half_ones_after_a_failure(
    project: Project, way: list[str]
) -> None:
    project.write(
        "rule one:\n    output: 'out'\n    shell: 'test ! -e {output} || touch was_there; echo > {output}; exit 1'\n"
    )
    (project.path / "out").write_text("old")

    status, said = project.run("--forceall", *way)

    assert status == 1, said
    assert not (project.path / "was_there").exists()
    assert not (project.path / "out").exists()
    assert incomplete(project) == []


@WAYS
def test_an_output_counts_as_incomplete_until_the_driver_has_seen_its_end(project: Project, way: list[str]) -> None:
    project.write(
        "rule one:\n    output: 'out'\n    shell: 'echo half > {output}; until [ -e go ]; do sleep 0.2; done'\n"
    )
    driver = project.start(*way)
    project.wait_for_file("out")
    while_running = incomplete(project)

    driver.kill()
    after_the_crash = incomplete(project)
    plain = [sys.executable, "-m", "snakemake", "--cores", "1", "--nolock", "--executor", "local", "one"]
    elsewhere = subprocess.run(plain, cwd=project.path, capture_output=True, text=True, check=False)
    (project.path / "go").touch()
    status, said = project.run(*way)

    assert len(while_running) == len(after_the_crash) == 1
    assert elsewhere.returncode == 1
    assert "IncompleteFilesException" in elsewhere.stdout + elsewhere.stderr
    assert status == 0, said
    assert incomplete(project) == []
