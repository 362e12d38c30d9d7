"""The command line itself: what it says to a wrong command, and how it ends."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mle_toolbox import __version__
from mle_toolbox.cli import _COMMANDS, _parser, generate_main, main
from mle_toolbox.cli.examples import EXAMPLES
from mle_toolbox.layout import ExperimentFolder
from tests.faults.results_folder import make_experiment
from tests.mistakes import MISTAKES, Mistake, copy_reference_project


def mle(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mle_toolbox", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_in_a_file_ends_with_its_message_and_starts_nothing(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_reference_project(tmp_path)
    mistake.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    statuses = [main(["run", "exp.yaml"]), generate_main(["exp.yaml"])]

    output = capsys.readouterr()
    assert statuses == [2, 2]
    assert output.err == 2 * (mistake.message + "\n")
    assert output.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unknown_command_suggests_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["stauts"])

    assert status == 2
    assert capsys.readouterr().err == "mle: there is no command 'stauts'. Did you mean 'status'?\n"


@pytest.mark.slow
def test_a_missing_experiment_file_is_one_line(tmp_path: Path) -> None:
    outcome = mle("run", cwd=tmp_path)

    assert outcome.returncode == 2
    assert outcome.stderr.count("\n") == 1
    assert outcome.stderr.startswith("exp.yaml: ")


def test_a_ctrl_c_while_a_command_is_still_being_imported_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_reference_project(tmp_path)
    (tmp_path / "early" / "rich-1.dist-info").mkdir(parents=True)  # only a folder of packages comes before ours
    (tmp_path / "early/rich.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "early"))

    outcome = mle("run", "exp.yaml", cwd=tmp_path)

    assert (outcome.returncode, outcome.stderr) == (130, "Interrupted.\n")


@pytest.mark.slow
def test_status_without_an_experiment_says_what_to_give(tmp_path: Path) -> None:
    outcome = mle("status", cwd=tmp_path)

    assert outcome.returncode == 2
    assert outcome.stderr == ("There is no exp.yaml in this folder. Name the experiment file or the results folder.\n")


@pytest.mark.slow
def test_status_before_anything_was_started_says_so(tmp_path: Path) -> None:
    copy_reference_project(tmp_path)

    outcome = mle("status", cwd=tmp_path)

    assert outcome.returncode == 2
    assert "no experiment has been started here" in outcome.stderr
    assert outcome.stderr.endswith("Next:\n  mle run exp.yaml\n")


def test_init_never_writes_into_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()

    outcome = mle("init", "mine", cwd=tmp_path)

    assert outcome.returncode == 2
    assert outcome.stderr == "mine is not empty. Give the name of a new folder.\n"
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_init_says_what_to_type_next(tmp_path: Path) -> None:
    outcome = mle("init", "my project", cwd=tmp_path)

    assert outcome.returncode == 0
    assert outcome.stdout.splitlines()[-1] == "next: cd 'my project' && mle run exp.yaml"
    assert (tmp_path / "my project" / "exp.yaml").is_file()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("file/new", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("loop", "File exists"),
        ("nowhere", "File exists"),
        ("", "The name of the new folder is empty"),
    ],
)
def test_a_new_project_where_there_can_be_none_is_one_line(
    name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("loop").symlink_to("loop")
    Path("nowhere").symlink_to("gone")
    before = sorted(tmp_path.iterdir())

    status = main(["init", name])

    output = capsys.readouterr()
    assert status == 2
    assert output.err in (f"{name}: {reason}.\n", f"{reason}.\n")
    assert sorted(tmp_path.iterdir()) == before


def test_a_project_whose_name_begins_with_a_dash_can_be_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    status = main(["init", "--", "-x"])

    assert status == 0
    assert capsys.readouterr().out.splitlines()[-1] == "next: cd ./-x && mle run exp.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "status", "results", "report", "stop", "generate"])
def test_a_folder_that_is_gone_is_one_line(command: str, tmp_path: Path) -> None:
    copy_reference_project(tmp_path)
    (tmp_path / "gone").mkdir()
    typed = f"cd gone && rmdir ../gone && exec {sys.executable} -m mle_toolbox {command} ../exp.yaml"

    outcome = subprocess.run(typed, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert outcome.returncode == 2
    assert outcome.stderr == "The current folder no longer exists. Change to another one.\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redirection", "exit_status", "words"),
    [
        (">/dev/full", 1, "Could not write the output: No space left on device.\n"),
        (">&-", 0, ""),
        ("<&- 2>&1 >&-", 0, ""),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_nowhere_to_print_to_is_no_traceback(
    unbuffered: str, redirection: str, exit_status: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    make_experiment(ExperimentFolder(tmp_path / "results"))
    typed = f"exec {sys.executable} -m mle_toolbox status results {redirection}"

    outcome = subprocess.run(typed, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (outcome.returncode, outcome.stderr) == (exit_status, words)


def test_what_is_no_option_and_no_file_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_reference_project(tmp_path)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit, match="2"):
        main(["run", "exp.yaml", "other.yaml"])

    assert capsys.readouterr().err.splitlines()[-1] == "mle: error: unrecognized arguments: other.yaml"
    assert not (tmp_path / "Snakefile").exists()


@pytest.mark.parametrize(("option", "hint"), [("--percent", ""), ("--coers", ". Did you mean '--cores'?")])
def test_an_unknown_option_is_answered_with_one_that_is_nearly_the_same_or_with_none(
    option: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["run", option])

    assert capsys.readouterr().err.splitlines()[-1] == f"mle: error: unrecognized arguments: {option}{hint}"


@pytest.mark.parametrize("before", [[], ["exp.yaml"]])
def test_everything_after_two_dashes_goes_to_snakemake(
    before: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_reference_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "mle_toolbox.cli.run.forecast", lambda plan, **_: pytest.fail("the options of Snakemake are those of `mle run`")
    )
    monkeypatch.setattr(
        "mle_toolbox.drive.run.snakemake_command",
        lambda project, snakefile, options: started.append(options.snakemake_arguments) or ["true"],
    )

    main(["run", *before, "--cores", "1", "--", "--forceall", "all"])

    assert started == [("--forceall", "all")]


@pytest.mark.parametrize("number", ["-1", "x", "1.5"])
def test_how_many_lines_of_a_log_must_be_a_whole_number(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["logs", "a", "0", "--tail", number])

    assert f"argument --tail: {number!r} is not a whole number (0 or more)" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert mle("--version", cwd=tmp_path).stdout == f"mle-toolbox-snakemake {__version__}\n"


@pytest.mark.slow
def test_the_help_of_every_command_is_printed(tmp_path: Path) -> None:
    for command in ("run", "status", "logs", "init", "generate", "stop", "doctor"):
        outcome = mle(command, "--help", cwd=tmp_path)

        assert outcome.returncode == 0, outcome.stderr
        assert outcome.stdout.startswith(f"usage: mle {command}")


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m mle_toolbox --help | head -n 1"

    outcome = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert outcome.stdout.startswith("usage: mle")
    assert outcome.stderr == ""


def test_the_command_alone_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])

    assert ended.value.code == 0
    assert "run       run an experiment" in capsys.readouterr().out


@pytest.mark.parametrize("command", _COMMANDS)
def test_the_help_of_a_command_ends_with_two_examples_that_it_understands(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])

    printed = capsys.readouterr().out
    assert all(len(line) < 80 for line in printed.splitlines())
    # Names keep their case.
    assert _COMMANDS[command][1:] in " ".join(printed.replace("mle-gen-\n", "mle-gen-").split())
    assert len(EXAMPLES[command]) == 2
    for example in EXAMPLES[command]:
        assert example in printed
        parsed, left = _parser(command, []).parse_known_args(shlex.split(example)[1:])
        assert parsed.call is not None
        assert left == []


def test_a_section_that_is_misspelt_is_answered_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "singl_job_args"]) == 2
    assert capsys.readouterr().err == "singl_job_args: no section is called that. Did you mean 'single_job_args'?\n"


def test_the_keys_of_a_section_are_printed_with_their_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "single_job_args", "log_config"]) == 0
    printed = capsys.readouterr().out
    assert "| `num_logical_cores` | whole number, at least 1 | `1` |" in printed
    assert "what_to_track" in printed
    assert "num_seeds" not in printed


def test_a_shell_completes_commands_options_and_configurations(tmp_path: Path) -> None:
    make_experiment(ExperimentFolder(tmp_path))

    def completed(line: str) -> set[str]:
        # As bash does, with the code that `mle completion bash` prints.
        code = f"""
            eval "$({shlex.quote(sys.executable)} -m mle_toolbox completion bash)"
            mle() {{ {shlex.quote(sys.executable)} -m mle_toolbox "$@"; }}
            export -f mle; COMP_LINE={shlex.quote(line)}; COMP_POINT=${{#COMP_LINE}}; COMP_TYPE=9
            COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            _python_argcomplete mle; printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        ended = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        return {word.strip() for word in ended.stdout.splitlines()}

    assert completed("mle resu") == {"results"}
    assert completed("mle results --configurations fin") == {"finished"}
    assert "--compare" in completed("mle results --comp")
