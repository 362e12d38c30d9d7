"""What `mle-gen-snakefile` writes, keeps and says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mle_toolbox.cli import generate_main


@pytest.fixture
def project(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reference experiment in a folder of its own, which is the current one; no profiles elsewhere."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(repository / "exp.yaml", folder)
    shutil.copytree(repository / "ode", folder / "ode")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "site"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


def content(folder: Path) -> dict[str, bytes | str]:
    """Everything in a folder: the bytes of files, the targets of links."""
    return {
        str(each.relative_to(folder)): str(each.readlink()) if each.is_symlink() else each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_symlink() or each.is_file()
    }


def test_three_lines_say_what_was_done_and_what_to_type_next(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = generate_main(["exp.yaml"])

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert len(lines) == 3
    assert lines[0] == "Snakefile: written; 2 configurations x 10 seeds = 20 seed runs"
    assert lines[1].startswith("profiles local: written")
    assert lines[2].startswith("next: snakemake --profile local")


def test_typed_elsewhere_the_next_command_says_where_to_type_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.parent)

    generate_main(["project/exp.yaml"])

    assert capsys.readouterr().out.splitlines()[-1].startswith(f"next: cd {project} && snakemake --profile local")


def test_the_bare_profile_name_is_a_relative_link(project: Path) -> None:
    generate_main(["exp.yaml"])

    assert (project / "local").readlink() == Path("profiles/local")
    assert (project / "local" / "config.yaml").is_file()


def test_twice_changes_nothing(project: Path) -> None:
    generate_main(["exp.yaml"])
    before = content(project)

    generate_main(["exp.yaml"])

    assert content(project) == before


@pytest.mark.parametrize("edited", ["Snakefile", "profiles/local/config.yaml"])
def test_a_file_that_was_edited_is_kept_and_named(
    project: Path, edited: str, capsys: pytest.CaptureFixture[str]
) -> None:
    generate_main(["exp.yaml"])
    path = project / edited
    path.write_text("# mine\n" + path.read_text())
    before = path.read_text()
    capsys.readouterr()

    status = generate_main(["exp.yaml"])

    assert status == 0
    assert path.read_text() == before
    assert "kept as you edited it" in capsys.readouterr().out


@pytest.mark.parametrize("edited", ["Snakefile", "profiles/local/config.yaml"])
def test_force_writes_an_edited_file_anew(project: Path, edited: str) -> None:
    generate_main(["exp.yaml"])
    before = content(project)
    (project / edited).write_text("# mine\n" + (project / edited).read_text())

    generate_main(["exp.yaml", "--force"])

    assert content(project) == before


def test_a_file_of_an_older_version_is_replaced(project: Path) -> None:
    from mle_toolbox.generate import write_stamped

    generate_main(["exp.yaml"])
    before = content(project)
    write_stamped(project / "profiles" / "local" / "config.yaml", "cores: 1\n", force=True)

    generate_main(["exp.yaml"])

    assert content(project) == before


def test_check_tells_whether_anything_would_change(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_main(["exp.yaml", "--check"]) == 1
    assert not (project / "Snakefile").exists()

    generate_main(["exp.yaml"])
    assert generate_main(["exp.yaml", "--check"]) == 0

    (project / "Snakefile").write_text("rule all:\n")
    capsys.readouterr()
    assert generate_main(["exp.yaml", "--check"]) == 1
    assert capsys.readouterr().out == "Snakefile: differs from what would be written\n"


def test_another_experiments_snakefile_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate_main(["exp.yaml"])
    shutil.copy("exp.yaml", "other.yaml")
    before = content(project)

    status = generate_main(["other.yaml"])

    assert status == 2
    assert capsys.readouterr().err == (
        "Snakefile belongs to exp.yaml, not to other.yaml. --output other.smk writes beside it, --force replaces it.\n"
    )
    assert content(project) == before


def test_a_snakefile_of_the_users_own_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "Snakefile").write_text("rule all:\n    output: 'x'\n")

    status = generate_main(["exp.yaml"])

    assert status == 2
    assert "Snakefile was not written by mle-gen-snakefile. --output exp.smk" in capsys.readouterr().err


def test_output_names_another_snakefile(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = generate_main(["exp.yaml", "--output", "ode.smk"])

    assert status == 0
    assert (project / "ode.smk").exists()
    assert not (project / "Snakefile").exists()
    assert "next: snakemake --snakefile ode.smk --profile local" in capsys.readouterr().out


def test_output_in_another_folder_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = generate_main(["exp.yaml", "--output", "ode/Snakefile"])

    assert status == 2
    assert "the Snakefile must lie beside exp.yaml" in capsys.readouterr().err


def test_no_profiles_writes_only_the_snakefile(project: Path) -> None:
    generate_main(["exp.yaml", "--no-profiles"])

    assert not (project / "profiles").exists()
    assert not (project / "local").is_symlink()


def test_profiles_can_be_installed_for_all_projects(project: Path, tmp_path: Path) -> None:
    if sys.platform == "darwin":
        pytest.skip("the folder has another name there")

    generate_main(["exp.yaml", "--install-profiles"])

    assert (tmp_path / "config" / "snakemake" / "local" / "config.yaml").is_file()
    assert not (project / "profiles").exists()
    assert not (project / "local").is_symlink()


def test_a_profile_that_was_there_already_is_said_to_win(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "local").mkdir()

    generate_main(["exp.yaml"])

    assert "--profile local means" in (out := capsys.readouterr().out)
    assert "to use ours: --profile profiles/local" in out


@pytest.mark.slow
@pytest.mark.parametrize("name", ['it\'s "odd".yaml', "$(touch pwned).yaml", "-dash.yaml", "größe.yaml", "{x}.yaml"])
def test_the_name_of_the_experiment_file_is_data(project: Path, name: str) -> None:
    (project / "exp.yaml").rename(project / name)

    assert generate_main(["--no-profiles", "--", name]) == 0

    shown = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1"], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert "train         20" in shown.stdout
    assert not (project / "pwned").exists()


@pytest.mark.slow
def test_a_written_snakefile_is_formatted_and_passes_lint(project: Path) -> None:
    generate_main(["exp.yaml"])

    for command in (["snakefmt", "--check", "--line-length", "120", "Snakefile"], ["snakemake", "--lint"]):
        outcome = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
