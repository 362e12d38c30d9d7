"""A finished log is left only by a run that ended well, however it was started and however it ended."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from mle_toolbox.experiment.ending import STOPPED_STATUS
from mle_toolbox.log.hdf5 import read_log
from mle_toolbox.log.journal import read_journal
from mle_toolbox.log.run_record import run_status
from tests.unit.experiment.conftest import GO_ON, ONE_TICK, Project

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class End:
    """The last lines of a script, and what must be on record afterwards."""

    name: str
    lines: str
    exit_status: int
    reason: str = ""
    """As a script started by hand records it; empty when it has no time to."""
    launched_reason: str = ""
    """As the launcher has it, where it knows more."""
    signal: str | None = None
    status: str = "failed"
    launched_status: str = "failed"


_UNSEEN = (
    "ended by a SystemExit whose status is not visible to MLExperiment. Use sys.exit(...), or close the experiment "
)
_UNSEEN += "before: mle.close(), or `with MLExperiment() as mle:`"
_KILLED = "ended by SIGKILL: somebody killed it, or it needed more memory than there was"
_NO_END = "train.py ended with exit status 0, but its log is not finished: "
_NO_END += "Python did not come to its own end (os._exit)"

BAD_ENDS = [
    End("exception", "raise ValueError('too\\nlarge')", 1, "ValueError: too large"),
    End(
        "keyboard_interrupt",
        "os.kill(os.getpid(), signal.SIGINT)",
        -2,
        "stopped after 1 tick (SIGINT: Ctrl-C or `mle stop`). The next attempt starts over: no checkpoint was saved.",
        signal="SIGINT",
        status="stopped",
        launched_status="stopped",
    ),
    End("sys_exit_3", "sys.exit(3)", 3, "sys.exit(3)"),
    End("sys_exit_text", "sys.exit('no data')", 1, "sys.exit('no data')"),
    End("exit_in_a_function", "def main():\n    exit(4)\nmain()", 4, "sys.exit(4)"),
    End("raised_system_exit", "raise SystemExit(5)", 5, _UNSEEN, "ended with exit status 5"),
    End(
        "exit_after_a_caught_one",
        "try:\n    sys.exit(0)\nexcept SystemExit:\n    mle.update_log({'step': 2}, {'loss': 0})\nraise SystemExit(6)",
        6,
        _UNSEEN,
        "ended with exit status 6",
    ),
    End("os_exit", "os._exit(7)", 7, "", "ended with exit status 7", status="died"),
    End("os_exit_0", "os._exit(0)", 0, "", _NO_END, status="died"),
    End("kill", "os.kill(os.getpid(), signal.SIGKILL)", -9, "", _KILLED, signal="SIGKILL", status="died"),
    End(
        "terminated",
        "os.kill(os.getpid(), signal.SIGTERM)",
        -15,
        "",
        "stopped after 1 tick (SIGTERM: it was asked to terminate). "
        "The next attempt starts over: no checkpoint was saved.",
        signal="SIGTERM",
        status="died",
        launched_status="stopped",
    ),
]
GOOD_ENDS = {
    "last_line": "",
    "sys_exit": "sys.exit()",
    "sys_exit_0": "sys.exit(0)",
    "sys_exit_256": "sys.exit(256)",
    "quit": "quit()",
    "caught_exit": "try:\n    sys.exit(3)\nexcept SystemExit:\n    pass",
    "caught_error": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    pass",
    "closed_twice": "mle.close()\nmle.close()",
    "closed_before_a_raised_exit": "mle.close()\nraise SystemExit(0)",
    "error_in_a_thread": "import threading\nthreading.excepthook = lambda _: None\n"
    "thread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()",
    "excepthook_called_by_the_script": "try:\n    1 / 0\nexcept ZeroDivisionError:\n"
    "    sys.excepthook(*sys.exc_info())",
}


@pytest.mark.parametrize("end", BAD_ENDS, ids=lambda end: end.name)
def test_bad_end_by_hand_leaves_the_journal_and_no_log(project: Project, end: End) -> None:
    project.write_script(ONE_TICK + end.lines)

    finished = project.by_hand()

    assert finished.returncode == end.exit_status
    assert not project.seed().log.exists()
    assert read_journal(project.seed().journal).columns["loss"][0] == 0.5
    assert run_status(project.seed()) == end.status
    if end.reason:
        assert project.record().reason == end.reason
        why = "has no finished log; its ticks are kept in the journal. " if end.status == "failed" else ""
        assert f"seed_0 {why}{end.reason}\n" in finished.stderr


@pytest.mark.parametrize("end", BAD_ENDS, ids=lambda end: end.name)
def test_bad_end_of_a_launched_run_is_on_record_with_its_status(project: Project, end: End) -> None:
    project.write_script(ONE_TICK + end.lines)

    finished = project.launched()

    folder, record = project.seed("results"), project.record("results")
    assert finished.returncode == (128 - end.exit_status if end.exit_status < 0 else end.exit_status or 1)
    assert not folder.log.exists()
    assert not folder.ready_log.exists()
    assert read_journal(folder.journal).columns["loss"][0] == 0.5
    assert (record.status, run_status(folder)) == (end.launched_status, end.launched_status)
    assert record.exit_status == (None if end.signal else end.exit_status)
    assert record.signal == end.signal
    assert record.reason == (end.launched_reason or end.reason)


@pytest.mark.parametrize("lines", GOOD_ENDS.values(), ids=GOOD_ENDS.keys())
def test_good_end_by_hand_leaves_a_log(project: Project, lines: str) -> None:
    project.write_script(ONE_TICK + lines)

    finished = project.by_hand()

    assert finished.returncode == 0, finished.stderr
    assert project.log().columns["loss"].tolist() == [0.5]
    assert (project.record().status, project.record().ticks) == ("done", 1)
    assert not project.seed().journal.exists()


@pytest.mark.parametrize("lines", ["", "sys.exit(0)", "raise SystemExit(0)", "mle.close()"])
def test_good_end_of_a_launched_run_leaves_a_log(project: Project, lines: str) -> None:
    project.write_script(ONE_TICK + lines)

    finished = project.launched()

    record = project.record("results")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert read_log(project.seed("results").log).columns["loss"].tolist() == [0.5]
    assert (record.status, record.exit_status, record.signal, record.reason) == ("done", 0, None, None)
    assert not project.seed("results").journal.exists()


def test_error_after_close_in_a_launched_run_takes_the_log_back(project: Project) -> None:
    project.write_script(ONE_TICK + "mle.close()\nraise ValueError('in the evaluation')")

    finished = project.launched()

    assert finished.returncode == 1
    assert not project.seed("results").log.exists()
    assert not project.seed("results").ready_log.exists()
    assert project.record("results").reason == "ValueError: in the evaluation"


def test_with_block_ends_the_run(project: Project) -> None:
    project.write_script(
        "from mle_toolbox import MLExperiment\n"
        "with MLExperiment() as mle:\n"
        "    mle.update_log({'step': 1}, {'loss': 0.5})\n"
        "print((mle.seed_dir / 'log.h5').exists())\n"
        "raise SystemExit(0)\n"
    )

    finished = project.by_hand()

    assert finished.stdout == "True\n"
    assert run_status(project.seed()) == "done"


@pytest.mark.parametrize(
    ("line", "reason"), [("1 / 0", "ZeroDivisionError: division by zero"), ("raise SystemExit(2)", "sys.exit(2)")]
)
def test_with_block_that_is_left_by_an_error_fails_the_run(project: Project, line: str, reason: str) -> None:
    project.write_script(
        "from mle_toolbox import MLExperiment\n"
        "try:\n"
        "    with MLExperiment() as mle:\n"
        f"        mle.update_log({{'step': 1}}, {{'loss': 0.5}})\n        {line}\n"
        "except BaseException:\n"
        "    pass\n"
    )

    by_hand, launched = project.by_hand(), project.launched()

    assert (by_hand.returncode, launched.returncode) == (0, 1)
    assert run_status(project.seed()) == run_status(project.seed("results")) == "failed"
    assert project.record().reason == project.record("results").reason == reason


def test_run_without_a_tick_leaves_an_empty_log(project: Project) -> None:
    project.write_script("from mle_toolbox import MLExperiment\nMLExperiment()\n")

    by_hand, launched = project.by_hand(), project.launched()

    assert (by_hand.returncode, launched.returncode) == (0, 0)
    assert project.log().n_ticks == project.log("results").n_ticks == 0


def test_forked_child_neither_seals_nor_writes(project: Project) -> None:
    project.write_script(
        ONE_TICK
        + "pid = os.fork()\n"
        + "if pid == 0:\n"
        + "    mle.close()\n"
        + "    sys.exit(1)\n"
        + "os.waitpid(pid, 0)\n"
        + "print(mle.seed_dir.joinpath('log.h5').exists())\n"
        + "mle.update_log({'step': 2}, {'loss': 0.25}, save=True)\n"
    )

    finished = project.by_hand()

    assert (finished.returncode, finished.stdout) == (0, "False\n")
    assert project.log().columns["step"].tolist() == [1, 2]


def test_worker_processes_leave_the_run_alone(project: Project) -> None:
    project.write_script(
        ONE_TICK
        + "import multiprocessing\n"
        + "if __name__ == '__main__':\n"
        + "    with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        + "        print(pool.map(abs, [-1, -2]))\n"
    )

    finished = project.launched()

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "[1, 2]\n", "")
    assert project.record("results").status == "done"


def test_sys_exit_is_given_back_when_the_run_is_closed(project: Project) -> None:
    project.write_script(
        "import sys, _sitebuiltins\n"
        "before = sys.exit, _sitebuiltins.Quitter.__call__\n"
        + ONE_TICK
        + "during = sys.exit\nmle.close()\n"
        + "print(before == (sys.exit, _sitebuiltins.Quitter.__call__), during == sys.exit)\n"
    )

    finished = project.by_hand()

    assert finished.stdout == "True False\n"


@pytest.mark.parametrize("name", ["train_config", "log", "update_log", "seed"])
def test_missing_name_that_the_experiment_has_is_explained(project: Project, name: str) -> None:
    project.write_script(ONE_TICK + f"def main(run):\n    print({name})\nmain(mle)\n")

    finished = project.by_hand()

    assert finished.stderr.endswith(f"mle-toolbox: {name!r} is not defined. Did you mean 'run.{name}'?\n")


def test_full_disk_at_the_end_keeps_the_journal_and_fails(project: Project) -> None:
    # Files may have 4 kB: enough for the journal, too little for the log.
    project.write_script(
        # Python would write its compiled modules only as far as the limit, and fail to read them from then on.
        "import resource, sys\nsys.dont_write_bytecode = True\n"
        + "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        + ONE_TICK
        + "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    )

    by_hand, launched = project.by_hand(), project.launched()

    assert (by_hand.returncode, launched.returncode) == (1, 1)
    for folder in (project.seed(), project.seed("results")):
        assert not folder.log.exists()
        assert not folder.ready_log.exists()
        assert read_journal(folder.journal).n_ticks == 1
        assert run_status(folder) == "failed"
    assert "mle-toolbox: the log of this run could not be finished. " in by_hand.stderr
    assert re.search("File too large", project.record("results").reason or "")


def test_a_record_that_cannot_be_completed_does_not_replace_what_ended_the_script(project: Project) -> None:
    project.write_script(
        ONE_TICK
        + "import sys, types\nclass Odd(types.ModuleType):\n    __version__ = property(lambda self: 1 / 0)\n"
        + "sys.modules['torch'] = Odd('torch')\n"
        + "raise ValueError('my own mistake')\n"
    )

    by_hand, launched = project.by_hand(), project.launched()

    assert (by_hand.returncode, launched.returncode) == (1, 1)
    for record in (project.record(), project.record("results")):
        assert (record.reason or "").startswith("ValueError: my own mistake. The record of its code and packages is")


def test_interrupt_while_the_log_is_written_does_not_lose_it(project: Project) -> None:
    project.write_script(
        ONE_TICK
        + "from mle_toolbox.log import sealing\n"
        + "prepare = sealing.prepare_log\n"
        + "from mle_toolbox.experiment import seed_run\n"
        + "def interrupted(*arguments):\n"
        + "    os.kill(os.getpid(), signal.SIGINT)\n"
        + "    prepare(*arguments)\n"
        + "seed_run.prepare_log = interrupted\n"
    )

    finished = project.by_hand()

    assert finished.returncode == 0, finished.stderr
    assert project.log().n_ticks == 1


def test_killed_run_is_seen_as_died(project: Project) -> None:
    project.write_script(ONE_TICK + GO_ON)
    with project.start(project.command()) as run:
        alive = run_status(project.seed())

        run.kill()
        run.wait()

    assert (alive, run_status(project.seed())) == ("running", "died")


def test_signals_reach_the_script_of_a_launched_run(project: Project) -> None:
    project.write_script(
        ONE_TICK
        + "import time\n"
        + "def note(number, frame):\n    print(signal.Signals(number).name, flush=True)\n"
        + "for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGINT):\n"
        + "    signal.signal(number, note)\n"
        + "print('ready', flush=True)\n"
        + "while True:\n    time.sleep(60)\n"
    )
    numbers = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is behind nohup, also for these tests
        numbers.append(signal.SIGHUP)

    with project.start(project.launch_command()) as run:
        assert run.stdout is not None
        heard = []
        for number in numbers:
            run.send_signal(number)
            heard.append(run.stdout.readline())
        run.terminate()
        status = run.wait(timeout=30)

    assert heard == [f"{number.name}\n" for number in numbers]
    assert status == 128 + signal.SIGTERM
    assert project.record("results").signal == "SIGTERM"


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux can do this")
def test_script_does_not_outlive_a_killed_launcher(project: Project) -> None:
    project.write_script(ONE_TICK + GO_ON.replace("time.sleep", "print(os.getpid(), flush=True)\ntime.sleep"))

    with project.start(project.launch_command()) as run:
        assert run.stdout is not None
        pid = int(run.stdout.readline())
        run.kill()

    deadline = time.monotonic() + 20
    while run_status(project.seed("results")) == "running" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run_status(project.seed("results")) == "died"
    assert not Path(f"/proc/{pid}/exe").exists()


def test_ctrl_c_at_a_terminal_reaches_the_script_once(project: Project) -> None:
    project.write_script(
        ONE_TICK
        + "import time\n"
        + "heard = []\n"
        + "signal.signal(signal.SIGINT, lambda *_: heard.append(1))\n"
        + "print('ready', flush=True)\n"
        + "while not heard:\n    time.sleep(0.01)\n"
        + "time.sleep(0.3)\n"
        + "print('heard', len(heard), flush=True)\n"
    )

    spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    with subprocess.Popen(
        [sys.executable, "-c", spawn, *project.launch_command()],
        cwd=project.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=project.environment(),
    ) as terminal:
        assert terminal.stdin is not None
        assert terminal.stdout is not None
        while b"ready" not in terminal.stdout.readline():
            pass
        terminal.stdin.write(b"\x03")
        terminal.stdin.flush()
        said = terminal.stdout.read()

    assert terminal.returncode == STOPPED_STATUS
    assert b"heard 1\r\n" in said


@pytest.mark.parametrize("launched", [True, False])
def test_script_that_closes_descriptors_is_told_and_writes_into_no_other_file(project: Project, launched: bool) -> None:
    project.write_script(
        ONE_TICK
        + "os.closerange(3, 1000)\n"
        + "others = [open(f'other_{n}.txt', 'w') for n in range(9)]\n"
        + "mle.update_log({'step': 2}, {'loss': 0.25}, save=True)\n"
    )

    finished = project.launched() if launched else project.by_hand()

    folder = project.seed("results" if launched else "by_hand")
    assert finished.returncode == 1
    assert re.search(r"LogError: .*journal.bin cannot be written any more: .*os.closerange", finished.stderr)
    assert [each.read_text() for each in project.path.glob("other_*.txt")] == [""] * 9
    assert (run_status(folder), read_journal(folder.journal).n_ticks) == ("failed", 1)
