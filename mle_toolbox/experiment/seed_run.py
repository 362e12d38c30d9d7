"""The life cycle of one seed run on disk: locks its folder, keeps its record, seals its log or leaves the journal.

In a launched run the log is only prepared here: the launcher sees how the process really ended, and publishes or
discards it.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mle_toolbox.errors import FinishedLogError, UsageError
from mle_toolbox.experiment.command_line import (
    SEED_RUN_VARIABLE,
    is_in_launched_run,
    launcher,
    shell_script,
)
from mle_toolbox.experiment.ending import Ending, one_line
from mle_toolbox.experiment.handed_on import keep_checkpoint
from mle_toolbox.experiment.inputs import RunInputs, is_launched
from mle_toolbox.experiment.own_checkpoint import Continuation, continuation
from mle_toolbox.experiment.provenance import (
    GitState,
    package_versions,
    scheduler_ids,
)
from mle_toolbox.experiment.session import notice
from mle_toolbox.experiment.stop_notice import stop_notice
from mle_toolbox.experiment.used_resources import used_here
from mle_toolbox.experiment_file.log_keys import may_overwrite, without_secrets
from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.atomic import replace_json
from mle_toolbox.log.journal import JournalWriter
from mle_toolbox.log.run_record import RunRecord, read_run_record, write_run_record
from mle_toolbox.log.sealing import commit_log, discard_prepared, prepare_log, prepare_record
from mle_toolbox.seed_run.frozen_code import snapshot_name
from mle_toolbox.seed_run.own_code import OwnCode, code_digest, not_frozen_in_words

__all__ = ["SeedRun"]


class SeedRun:
    """Holds the folder of a seed run from start to end.

    Parameters
    ----------
    folder
        The folder, created if it is missing. Its path is absolute.
    inputs
        The inputs of the run.

    Raises
    ------
    FinishedLogError
        When there is a finished log and ``overwrite_experiment_dir`` does not allow replacing it. For a run that
        `mle run` starts, earlier results have been set aside before.
    FolderInUseError
        When another process runs this seed.
    UsageError
        When the launcher started this process for another folder.
    """

    def __init__(self, folder: SeedFolder, inputs: RunInputs) -> None:
        self.folder = folder
        self._configuration = configuration = inputs.configuration
        self.launched = is_launched(inputs.experiment_dir, configuration.name, inputs.seed)
        self._shell = shell_script() if self.launched else None
        self._code = OwnCode(inputs.script)
        if self._shell is not None:
            self._code.add(self._shell.path, self._shell.digest)
        self._pid = os.getpid()
        log_config = configuration.content["log_config"]
        self._refuse_other_folder()
        self._refuse_finished_log()
        folder.path.mkdir(parents=True, exist_ok=True)
        earlier = read_run_record(folder)
        self.record = self._first_record(inputs, earlier.attempt + 1 if earlier is not None else 1)
        self._inputs, self._names = inputs, (log_config["time_to_track"], log_config["what_to_track"])
        self._continuation: Continuation | None = None
        self.journal = JournalWriter(folder.journal, *self._names, self._attributes())
        try:
            self._refuse_finished_log()  # another run may have finished it while this one waited for the folder
            discard_prepared(folder)
            write_run_record(folder, self.record)
            replace_json(folder.config, without_secrets(configuration.content))
        except BaseException:
            self.journal.release()
            raise
        self._git = GitState(inputs.script.parent if inputs.script is not None else Path.cwd())

    @property
    def end_is_seen(self) -> bool:
        """Whether the launcher sees how this process ends, and so has the last word about the run."""
        return self.launched and self._shell is None

    @property
    def is_mine(self) -> bool:
        """Whether this is the process that started the run, and not a forked child of it."""
        return os.getpid() == self._pid

    def go_on(self, time: Mapping[str, Any]) -> Continuation | None:
        """Keep the ticks of an interrupted attempt before the first tick of this one, if it continues from them.

        The other ticks are dropped when the first tick is appended.
        """
        if self.journal.n_ticks:
            return None  # another thread has logged the first tick in the meantime
        identity, seed = self._inputs.identity, self._inputs.seed
        self._continuation = found = continuation(self.folder.journal, identity, seed, time, self._names)
        self.journal.go_on_behind(*((found.n_ticks, [found.remark]) if found is not None else (0, [])))
        return found

    def note_continuation(self) -> None:
        """Report and record what ``go_on`` has kept."""
        if self._continuation is not None:
            notice(self._continuation.remark)
            if self._continuation.n_ticks:
                self.note_resumed(self._continuation.n_ticks)

    def note_resumed(self, n_ticks: int) -> None:
        """Record that this attempt continues after the first ``n_ticks``."""
        self._update_record(resumed_from_tick=n_ticks)

    @with_installed_modules
    def seal(self) -> None:
        """Write the log: published at once, or in a launched run only prepared for the launcher.

        Raises
        ------
        OSError, ResultsError
            When it cannot be written, or the journal is incomplete. The journal is kept.
        """
        keep_checkpoint(self.folder)
        # From here on no thread can add a tick, so what is sealed is what was counted.
        n_ticks = self.journal.finish()
        self._note_end(ticks=n_ticks)
        if n_ticks == 0:
            self.journal.close()  # replaces the journal of an earlier attempt by one without ticks
        prepare_log(self.folder, self._attributes(), n_ticks)
        self.record = self.record._replace(end=_now(), exit_status=0, **used_here())
        if self.launched:
            # The journal stays locked until the process ends: no other run may start before the launcher is done.
            prepare_record(self.folder, self.record)
        else:
            commit_log(self.folder, self.record)
            self.journal.close()

    def fail(self, ending: Ending) -> None:
        """Keep the journal and record why there is no log."""
        self.journal.release()
        reason = ending.reason
        try:
            self._note_end(ticks=self.journal.n_ticks)
        except Exception as error:  # whatever it was: it must not replace what ended the script
            reason = f"{reason}. The record of its code and packages is incomplete: {one_line(error)}"
        # On a full disk the record cannot be written; the caller has reported the reason on stderr.
        with contextlib.suppress(OSError):
            status = "stopped" if ending.stopped else "failed"
            self._update_record(status=status, end=_now(), exit_status=ending.exit_status, reason=reason)
        if self.launched:
            with contextlib.suppress(OSError):
                discard_prepared(self.folder)

    def _refuse_other_folder(self) -> None:
        if self.launched or not is_in_launched_run():
            return
        raise UsageError(
            f"`mle run` started this process for {os.environ[SEED_RUN_VARIABLE]}, but MLExperiment() would write to "
            f"{self.folder.path}. A launched run may write to its own folder only: let -config, -seed and -exp_dir "
            "come from the command line, start other runs as other programs (subprocess.run([sys.executable, ...]))."
        )

    def _refuse_finished_log(self) -> None:
        log = self.folder.log
        if may_overwrite(self._configuration.content["log_config"]):
            return
        if self._shell is not None and self.folder.ready_record.exists():  # the launcher has removed those of before
            raise FinishedLogError(
                f"{self._shell.path.name} has already run a program that wrote the log of {self.folder.path} to its "
                "end. A seed run has one log: make one MLExperiment for it, or give this program another -exp_dir."
            )
        if not log.exists():
            return
        made = datetime.fromtimestamp(log.stat().st_mtime).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        raise FinishedLogError(
            f"{log} is the finished log of this seed, written {made}, and overwrite_experiment_dir is 0 in "
            f"{self._configuration.file}. To replace the log once the new one is complete, set it to 1 there; to keep "
            "it, move it away, or give this run another -exp_dir."
        )

    def _first_record(self, inputs: RunInputs, attempt: int) -> RunRecord:
        code = self._code.collect()
        return RunRecord(
            configuration=self._configuration.name,
            seed=inputs.seed,
            host=platform.node(),
            pid=os.getpid(),
            launcher=launcher() if self.launched else None,
            scheduler=scheduler_ids(),
            command=list(sys.orig_argv),
            start=_now(),
            attempt=attempt,
            script_sha256=self._code.digest_of(inputs.script),
            code=code,
            snapshot=snapshot_name(),
            config_sha256=self._configuration.digest,
            identity=inputs.identity,
            python=platform.python_version(),
            packages=package_versions(),
        )

    def _note_end(self, ticks: int) -> None:
        """Fill in what is known only at the end."""
        code = self._code.collect()
        self._git.collect(self._code.names())
        self.record = self.record._replace(
            ticks=ticks,
            code=code,
            not_frozen=self._code.not_frozen(),
            git_commit=self._git.commit,
            git_dirty=self._git.dirty,
            git_untracked=self._git.untracked,
            packages=package_versions(),
            own_handlers=stop_notice.own_handlers(),
        )
        if self.record.not_frozen:
            notice(not_frozen_in_words(self.record.not_frozen))

    def _update_record(self, **changes: Any) -> None:
        self.record = self.record._replace(**changes)
        write_run_record(self.folder, self.record)

    def _attributes(self) -> dict[str, Any]:
        """Return the provenance for the log."""
        left_out = {"format", "status", "pid", "launcher", "exit_status", "signal", "reason", "ticks", "end", "extra"}
        left_out.add("own_handlers")
        # An HDF5 attribute is limited to 64 kB, and these may be of any length: only run.json has them.
        left_out |= {"code", "not_frozen", "git_untracked"}
        known = {name: value for name, value in self.record.to_json().items() if name not in left_out}
        return {
            "code_digest": code_digest(self.record.code),
            **{name: value for name, value in known.items() if value is not None},
            "config": without_secrets(self._configuration.content),
            "config_file": self._configuration.file,
        }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
