#!/usr/bin/env -S python3 -IS
"""A Grid Engine that runs tasks as processes of this machine; qsub, qstat, qdel, qacct, qconf, qalter are links to it.

It takes and prints what the real one does as far as the executor goes, and keeps a folder, MLE_FAKE_GRID_ENGINE:
`jobs/ID/job.json`, one file a task with its state, accounts, and two files that tests may write: `down` (the master
daemon does not answer) and `site.json` (queues and limits). Each job has a process of its own that starts its tasks.
Standard library only; needs no daemon and no right of any kind.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(os.environ["MLE_FAKE_GRID_ENGINE"])
HOST = os.uname().nodename
# How many words follow an option of qsub; others have none.
VALUES = dict.fromkeys(("-N", "-q", "-P", "-l", "-tc", "-wd", "-o", "-t", "-r", "-j", "-b", "-shell", "-S", "-R"), 1)
VALUES["-pe"] = 2
SITE = {"queues": {"all.q": ""}, "slots": 8, "max_u_jobs": 0, "max_aj_tasks": 0, "notify": 60, "starts": True}
LOOK_SECONDS = 0.03


class RefusalError(Exception):
    """What the real command would say on stderr."""


def site() -> dict:
    with contextlib.suppress(FileNotFoundError):
        return SITE | json.loads((ROOT / "site.json").read_text())
    return SITE


def write(path: Path, content: object) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(json.dumps(content))
    part.rename(path)


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def job_folders() -> list[Path]:
    return sorted((ROOT / "jobs").glob("*"), key=lambda path: int(path.name))


def tasks(job: Path) -> dict[int, dict]:
    """The tasks of a job that have not ended, each with its state."""
    found = {}
    for path in job.glob("task.*"):
        with contextlib.suppress(FileNotFoundError):
            task = read(path)
            if path.with_name(path.name.replace("task", "delete")).exists():
                if "pid" not in task:
                    continue
                task["state"] = f"d{task['state']}"
            found[int(path.name[5:])] = task
    return dict(sorted(found.items()))


# -- qsub ---------------------------------------------------------------------------------------------------------


def qsub(words: list[str]) -> None:
    options, resources = {}, {}
    while words and words[0].startswith("-"):
        count = VALUES.get(words[0], 0)
        if words[0] == "-l":
            resources |= dict(part.partition("=")[::2] for part in words[1].split(","))
        options[words[0]] = words[1 : 1 + count]
        words = words[1 + count :]
    last = int(options.get("-t", ["1-1"])[0].split("-")[1])
    here = site()
    named = options.get("-q", [next(iter(here["queues"]))])[0].split(",")
    for each in named:
        if each.partition("@")[0] not in here["queues"]:
            raise RefusalError(f'Unable to run job: Job was rejected because job requests unknown queue "{each}".')
    queue = next((each for each in named if not here["queues"][each.partition("@")[0]]), named[0])
    if "-pe" in options and options["-pe"][0] != "smp":
        raise RefusalError(
            f'Unable to run job: the requested parallel environment "{options["-pe"][0]}" does not exist.'
        )
    if here["max_aj_tasks"] and last > here["max_aj_tasks"]:
        raise RefusalError(f"Unable to run job: job rejected: more than {here['max_aj_tasks']} tasks per array.")
    with (ROOT / "number").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        n_jobs = sum(bool(tasks(job)) for job in job_folders())
        if here["max_u_jobs"] and n_jobs >= here["max_u_jobs"]:
            raise RefusalError(
                f"Unable to run job: job rejected: only {here['max_u_jobs']} jobs are allowed per user (current job "
                f"count: {n_jobs})."
            )
        file.seek(0)
        number = int(file.read() or "0") + 1
        file.truncate(0)
        file.write(str(number))
    job = ROOT / "jobs" / str(number)
    job.mkdir(parents=True)
    for task in range(1, last + 1):
        write(job / f"task.{task}", {"state": "qw"})
    record = {
        "number": number,
        "name": options.get("-N", ["job"])[0],
        "queue": queue,
        "slots": int(options.get("-pe", ["smp", "1"])[1]),
        "at_once": int(options.get("-tc", ["0"])[0]),
        "folder": options["-wd"][0],
        "output": options["-o"][0],
        "notify": "-notify" in options,
        "resources": resources,
        "command": words,
    }
    write(job / "job.json", record)
    # It inherits the environment, and hands it on to the tasks (-V).
    subprocess.Popen(
        [sys.executable, "-IS", str(Path(__file__).absolute()), "run", str(job)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(ROOT / "errors").open("ab"),
        start_new_session=True,
    )
    print(f"{number}.1-{last}:1")


# -- the process of a job -----------------------------------------------------------------------------------------


class Runner:
    """Starts the tasks of one job, ends those that are deleted or over their time, and writes their accounts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.job = folder, read(folder / "job.json")
        self.waiting = [int(path.name[5:]) for path in folder.glob("task.*")]
        self.waiting.sort()
        self.running: dict[int, subprocess.Popen] = {}
        self.begun: dict[int, float] = {}
        self.told: dict[int, float] = {}
        self.failed: dict[int, str] = {}

    def run(self) -> None:
        while self.waiting or self.running or any(self.folder.glob("task.*")):
            for number in list(self.waiting):
                if (self.folder / f"delete.{number}").exists():
                    self.waiting.remove(number)
                    (self.folder / f"task.{number}").unlink()
                elif self.may_start():
                    self.waiting.remove(number)
                    self.start(number)
            for number, process in list(self.running.items()):
                self.look_after(number, process)
            for path in self.folder.glob("delete.*"):
                number = int(path.name[7:])
                if number not in self.running and number not in self.waiting:
                    (self.folder / f"task.{number}").unlink(missing_ok=True)
            time.sleep(LOOK_SECONDS)

    def may_start(self) -> bool:
        here = site()
        most = min(here["slots"], self.job["at_once"] or here["slots"])
        is_open = not here["queues"].get(self.job["queue"].partition("@")[0], "d")
        return here["starts"] and is_open and (len(self.running) + 1) * self.job["slots"] <= most

    def start(self, number: int) -> None:
        self.job = read(self.folder / "job.json")  # a test may have changed it
        output = Path(self.job["folder"], self.job["output"].replace("$TASK_ID", str(number)))
        variables = {
            "JOB_ID": str(self.job["number"]),
            "JOB_NAME": self.job["name"],
            "SGE_TASK_ID": str(number),
            "NSLOTS": str(self.job["slots"]),
            "QUEUE": self.job["queue"],
        }
        try:
            with output.open("ab") as file:
                self.running[number] = subprocess.Popen(
                    self.job["command"],
                    cwd=self.job["folder"],
                    env=os.environ | variables,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            reason = f"11/28/2026 20:00:00 [0:1]: error: can't open {error.filename}: {error.strerror}"
            write(self.folder / f"task.{number}", {"state": "Eqw", "reason": reason})
            return
        self.begun[number] = time.time()
        write(self.folder / f"task.{number}", {"state": "r", "pid": self.running[number].pid})

    def look_after(self, number: int, process: subprocess.Popen) -> None:
        if process.poll() is not None:
            self.end(number, process.returncode)
            return
        ran = time.time() - self.begun[number]
        limit = self.job["resources"].get("h_rt", "")
        if limit.isdecimal() and ran > int(limit):
            self.failed[number] = "37 : qmaster enforced h_rt, h_cpu, or h_vmem limit"
            self.kill(process, signal.SIGKILL)
        elif (self.folder / f"delete.{number}").exists():
            if number not in self.told:
                self.told[number] = time.time()
                self.kill(process, signal.SIGUSR2 if self.job["notify"] else signal.SIGKILL)
            elif time.time() - self.told[number] > site()["notify"]:
                self.kill(process, signal.SIGKILL)

    @staticmethod
    def kill(process: subprocess.Popen, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    def end(self, number: int, status: int) -> None:
        del self.running[number]
        killed = f"100 : assumedly after job because: job {self.job['number']}.{number} died through signal"
        account = {
            "jobnumber": str(self.job["number"]),
            "taskid": str(number),
            "qname": self.job["queue"],
            "hostname": HOST,
            "failed": self.failed.get(number) or (killed if status < 0 else "0"),
            "exit_status": str(status if status >= 0 else 128 - status),
            "ru_wallclock": f"{time.time() - self.begun[number]:.3f}s",
            "maxvmem": "4.000M",
        }
        write(self.folder / f"account.{number}", account)
        (self.folder / f"task.{number}").unlink()


# -- the other commands -------------------------------------------------------------------------------------------


def qstat(words: list[str]) -> None:
    if "-help" in words:
        print("GE 8.1.9 (fake)")
    elif "-j" in words:
        for number in words[words.index("-j") + 1].split(","):
            print_details(ROOT / "jobs" / number)
    elif "-f" in words:
        used = sum("pid" in task for job in job_folders() for task in tasks(job).values())
        entries = "".join(
            f"<Queue-List><name>{name}@{HOST}</name><qtype>BIP</qtype><slots_used>{used}</slots_used>"
            f"<slots_total>{site()['slots']}</slots_total><state>{state}</state></Queue-List>"
            for name, state in site()["queues"].items()
        )
        print(f"<?xml version='1.0'?><job_info><queue_info>{entries}</queue_info><job_info></job_info></job_info>")
    else:
        entries = "".join(
            f"<job_list><JB_job_number>{job.name}</JB_job_number><state>{task['state']}</state><tasks>{number}</tasks>"
            "</job_list>"
            for job in job_folders()
            for number, task in tasks(job).items()
        )
        print(f"<?xml version='1.0'?><job_info><queue_info></queue_info><job_info>{entries}</job_info></job_info>")


def print_details(job: Path) -> None:
    if not job.is_dir() or not tasks(job):
        raise RefusalError(f"Following jobs do not exist:\n{job.name}")
    record = read(job / "job.json")
    print("=" * 62)
    print(f"job_number:                 {record['number']}")
    if record["resources"]:
        print(f"hard resource_list:         {','.join('='.join(each) for each in record['resources'].items())}")
    print(f"stdout_path_list:           NONE:NONE:{record['folder']}/{record['output']}")
    for number, task in tasks(job).items():
        if "reason" in task:
            print(f"error reason    {number}:          {task['reason']}")
    print("scheduling info:            (Collecting of scheduler job information is turned off)")


def qdel(words: list[str]) -> None:
    for word in words:
        number, _, task = word.partition(".")
        job = ROOT / "jobs" / number
        if not job.is_dir() or not tasks(job):
            print(f'denied: job "{number}" does not exist')
            continue
        for each in [int(task)] if task else tasks(job):
            (job / f"delete.{each}").touch()
        print(f"root has deleted job {word}")


def qacct(words: list[str]) -> None:
    number = words[words.index("-j") + 1]
    accounts = [read(path) for path in (ROOT / "jobs" / number).glob("account.*")]
    if not accounts:
        raise RefusalError(f"error: job id {number} not found")
    for account in accounts:
        print("=" * 62)
        print("".join(f"{key:<13}{value}\n" for key, value in account.items()), end="")


def qconf(words: list[str]) -> None:
    here = site()
    answers = {
        "-spl": "smp",
        "-sql": "\n".join(here["queues"]),
        "-sc": "#name shortcut type relop requestable consumable default urgency\nh_rt h_rt TIME <= YES NO 0:0:0 0\n"
        "gpu gpu INT <= YES YES 0 0",
        "-sconf": f"max_aj_tasks {here['max_aj_tasks']}\nmax_u_jobs {here['max_u_jobs']}\nenforce_project false",
        "-ssconf": "maxujobs 0",
        "-sq": "h_rt INFINITY\npe_list smp",
        "-sp": "allocation_rule $pe_slots",
    }
    if words[0] not in answers:
        raise RefusalError("error: no such list defined")
    print(answers[words[0]])


def qalter(words: list[str]) -> None:
    print("verification: found suitable queue(s)")


def main() -> None:
    name, words = Path(sys.argv[0]).name, sys.argv[1:]
    if words[:1] == ["run"]:
        Runner(Path(words[1])).run()
        return
    with (ROOT / "calls").open("a") as file:
        file.write(f"{name} {' '.join(words)}\n")
    if (ROOT / "down").exists():
        sys.exit("error: commlib error: got select error (Connection refused)")
    try:
        {"qsub": qsub, "qstat": qstat, "qdel": qdel, "qacct": qacct, "qconf": qconf, "qalter": qalter}[name](words)
    except RefusalError as refused:
        print(refused, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
