"""``MLExperiment``: the interface of this package for training scripts."""

from __future__ import annotations

import functools
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import LogError, ResultsError, UsageError, did_you_mean
from mle_toolbox.experiment.after_import import when_imported
from mle_toolbox.experiment.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from mle_toolbox.experiment.ending import STOPPED_STATUS, Ending, end_watch, ending_of
from mle_toolbox.experiment.experiment_log import ExperimentLog
from mle_toolbox.experiment.handed_on import CONTINUES, checkpoint_owner, read_handed_on
from mle_toolbox.experiment.heard_signals import heard_signals
from mle_toolbox.experiment.hints import hint_for
from mle_toolbox.experiment.inputs import RunInputs, find_inputs
from mle_toolbox.experiment.kept_models import kept_models
from mle_toolbox.experiment.own_checkpoint import Continuation
from mle_toolbox.experiment.saved_model import read_model
from mle_toolbox.experiment.saver import Saver
from mle_toolbox.experiment.seed_run import SeedRun
from mle_toolbox.experiment.seeding import (
    make_rng,
    random_states,
    restore_random_states,
    rng_from_state,
    rng_state,
    seed_everything,
)
from mle_toolbox.experiment.session import is_interactive, notice
from mle_toolbox.experiment.settings import Settings, write_in_yaml
from mle_toolbox.experiment.stop_notice import stop_notice, stopped_in_words
from mle_toolbox.experiment.tensorboard_writer import TensorBoard
from mle_toolbox.experiment.worker import ReadOnlyLog, hand_over, inputs_of_parent, worker_error
from mle_toolbox.experiment_file.log_keys import board_name, is_wandb_used
from mle_toolbox.experiment_file.sections import SECTIONS
from mle_toolbox.installed_first import with_installed_modules
from mle_toolbox.layout import ExperimentFolder, SeedFolder

if TYPE_CHECKING:
    from mle_toolbox.experiment.wandb_run import WandbRun

__all__ = ["MLExperiment"]


class MLExperiment:
    """One seed run of a training script: its configuration, its random numbers and its log.

    The command line of the script (``-config -seed -exp_dir``) overrides the arguments given here. A notebook has no
    command line. A run that ends well leaves a finished log. Where the end of the run is not the end of the script, use
    a context manager or call ``close()``.

    Parameters
    ----------
    config_fname
        The configuration, a .json or .yaml file. By default the first one of the experiment file for this script, else
        the only one next to the script, else ``configs/base_config.json`` or ``.yaml``.
    experiment_dir
        The results folder; ``by_hand`` by default, so that trials by hand do not mix with results.
    seed_id
        The seed. By default ``seed_id`` of train_config, else ``default_seed``.
    auto_setup
        Start the run at once; otherwise ``setup()`` starts it.
    create_jax_prng
        Make ``rng`` a jax key instead of a numpy generator.
    default_seed
        The seed if no other is given.
    train_config, net_config, log_config, model_config, device_config
        Sections of the configuration as dictionaries, instead of those in the file. With ``train_config`` and
        ``log_config`` no file is needed.
    default_config_fname, default_experiment_dir
        What versions 0.2.9 to 0.3.1 of the original called ``config_fname`` and ``experiment_dir``.

    Attributes
    ----------
    train_config, net_config, log_config, extra_config
        Sections of the configuration (``Settings``), and the other arguments of the command line. Further sections of
        the file are attributes as well; ``config`` contains all of them.
    seed, seed_id
        The seed.
    experiment_dir, seed_dir
        The results folder of the experiment, and in it the folder of this seed run, where the script can write files of
        its own. Both are absolute.
    log
        The log; its ``update_log`` is the experiment's.

    Raises
    ------
    UsageError, ExperimentFileError
        When the command line or the configuration is invalid.
    FinishedLogError, FolderInUseError
        When this seed is already finished, or another process is running it.
    """

    @with_installed_modules
    def __init__(
        self,
        config_fname: str | Path | None = None,
        experiment_dir: str | Path | None = None,
        seed_id: int | None = None,
        auto_setup: bool = True,
        create_jax_prng: bool = False,
        default_seed: int = 0,
        train_config: Mapping[str, Any] | None = None,
        net_config: Mapping[str, Any] | None = None,
        log_config: Mapping[str, Any] | None = None,
        model_config: Mapping[str, Any] | None = None,
        device_config: Mapping[str, Any] | None = None,
        *,
        default_config_fname: str | Path | None = None,
        default_experiment_dir: str | Path | None = None,
    ) -> None:
        config_fname, experiment_dir = config_fname or default_config_fname, experiment_dir or default_experiment_dir
        given = (train_config, net_config, model_config, log_config, device_config)
        sections = dict(zip(SECTIONS, given, strict=True))

        def find() -> RunInputs:
            return find_inputs(config_fname, experiment_dir, seed_id, default_seed, sections)

        of_parent = inputs_of_parent(find)
        self._become(of_parent or find(), is_view=of_parent is not None, jax_key=create_jax_prng)
        if auto_setup:
            self.setup()

    def _become(self, inputs: RunInputs, *, is_view: bool, jax_key: bool) -> None:
        self._inputs = inputs
        self.config_name = self._inputs.configuration.name
        self.seed = self.seed_id = self._inputs.seed
        self.experiment_dir = self._inputs.experiment_dir
        self.seed_dir = ExperimentFolder(self.experiment_dir).seed_run(self.config_name, self.seed).path
        self._set_sections()
        self._create_jax_prng = jax_key
        self._rng: Any = None
        self._run: SeedRun | None = None
        self._is_view = is_view
        self._wandb: WandbRun | None = None
        self._log: Any = ReadOnlyLog(self.log_config, self.train_config, self.seed_dir) if is_view else None
        self._is_closed = self._resumed = self._has_been_asked_to_stop = False
        self._signals_before: int | None = None

    @with_installed_modules
    def setup(self) -> None:
        """Start the run: lock its folder, open its log, seed the random number generators. Further calls do nothing."""
        if self._run is not None or self._is_view:
            return
        configuration = self._inputs.configuration
        if is_interactive():
            _abandon_earlier(self.seed_dir)
        # Before the folder is touched: where jax is missing, no failed run is left behind.
        if self._create_jax_prng and self._rng is None:
            self._rng = make_rng(self.seed, jax_key=True)
        if is_wandb_used(configuration.content["log_config"]):
            # Late: hardly any run uses it, and it imports what other runs do without.
            from mle_toolbox.experiment.wandb_settings import wandb_run_for

            self._wandb = wandb_run_for(self._inputs, self.seed_dir, self.extra_config)
        self._run = run = SeedRun(SeedFolder(self.seed_dir), self._inputs)
        if not run.launched:
            notice(f"configuration {configuration.file}, seed {self.seed}, results in {_short(self.seed_dir)}")
        seed_everything(self.seed)
        tboard = board_name(self.log_config)
        self._saver = Saver(run.folder)
        self._log = ExperimentLog(
            run.journal,
            self._saver,
            self.log_config,
            self.train_config,
            board=TensorBoard(run.folder.tboard / tboard) if tboard else None,
            before_first_tick=self._go_on,
            at_first_tick=self._forget_checkpoint,
            after_each_tick=end_watch.forget_errors if is_interactive() else None,
            kept=kept_models(self._saver.save_model, run.folder.models, self.log_config),
            wandb=self._wandb,
        )
        _open.append(self)
        stop_notice.expect_warnings()
        # At a prompt Ctrl-C interrupts a cell, and in a test the test: neither ends the run.
        self._signals_before = heard_signals.listen() if self._inputs.script and not is_interactive() else None
        end_watch.add(self, self._end, progress=lambda: run.journal.n_ticks)
        hand_over(self._inputs)

    @property
    def log(self) -> ExperimentLog:
        """The log of this run."""
        if self._log is None:
            raise UsageError("The run has not started: auto_setup is False. Call setup() first.")
        log: ExperimentLog = self._log
        return log

    @property
    def model_ckpt_path(self) -> str | None:
        """The file that ``-model_ckpt`` names on the command line, or None."""
        path = self.extra_config.get("model_ckpt")
        return None if path is None else str(path)

    @functools.cached_property
    def model_ckpt(self) -> Any:
        """The model in ``model_ckpt_path``, or None; read when it is first asked for."""
        return None if self.model_ckpt_path is None else read_model(self.model_ckpt_path)

    @property
    def rng(self) -> Any:
        """A seeded generator for the script: of numpy, or with ``create_jax_prng`` a jax key. May be replaced."""
        if self._rng is None:
            self._rng = make_rng(self.seed, jax_key=self._create_jax_prng)
        return self._rng

    @rng.setter
    def rng(self, value: Any) -> None:
        self._rng = value

    def update_log(
        self,
        time_tick: Mapping[str, Any] | None = None,
        stats_tick: Mapping[str, Any] | None = None,
        model: Any = None,
        plot_to_tboard: Any = None,
        save: bool = False,
        **others: Any,
    ) -> None:
        """Log one tick; see ``ExperimentLog.update_log``."""
        log = self._log or self.log
        if model is None and plot_to_tboard is None and not others:
            log.tick(time_tick, stats_tick, save)
        else:
            log.update_log(time_tick, stats_tick, model, plot_to_tboard, save, **others)

    def ready_to_log(self, step: int) -> bool:
        """Return whether to log at this step; see ``ExperimentLog.ready_to_log``."""
        return self.log.ready_to_log(step)

    def save_model(self, model: Any, name: str = "final") -> Path:
        """Save a model into ``models/`` of this seed run; see ``Saver.save_model``."""
        self._running("save_model")
        return self._saver.save_model(model, name)

    def save_figure(self, figure: Any, name: str | None = None) -> Path:
        """Save a figure into ``figures/`` of this seed run; see ``Saver.save_figure``."""
        self._running("save_figure")
        return self._saver.save_figure(figure, name)

    save_plot = save_figure

    def save_extra(self, extra: Any, name: str | None = None) -> Path:
        """Save any object into ``extra/`` of this seed run; see ``Saver.save_extra``."""
        self._running("save_extra")
        return self._saver.save_extra(extra, name)

    def checkpoint(self, state: Any) -> None:
        """Save a checkpoint from which ``resume`` continues if this run is interrupted.

        It includes the states of the random number generators of Python, numpy and torch, and of ``rng``.

        Parameters
        ----------
        state
            The state of the script: numbers, arrays, state_dicts, and lists and dictionaries of them.

        Raises
        ------
        UsageError
            When it is None, or cannot be pickled.
        """
        run = self._running("checkpoint")
        if state is None:
            raise UsageError(
                "checkpoint() needs a state, found None, which resume() returns if there is no checkpoint."
            )
        # The ticks reach the disk first: a checkpoint whose ticks are missing could not be resumed.
        run.journal.flush(durable=True)
        moment = Checkpoint(
            state=state,
            n_ticks=run.journal.n_ticks,
            random_states=random_states(),
            rng=rng_state(self._rng),
            digest=self._identity(),
            elapsed=self.log.elapsed,
            last_step=self.log.last_step(),
            n_models=self.log.n_models,
        )
        write_checkpoint(run.folder.checkpoint, moment)

    def resume(self) -> Any:
        """Resume from the last checkpoint of an interrupted attempt at this run.

        The log is rewound to it, so that no tick is logged twice, and the random number generators are restored.

        Returns
        -------
        Any
            The state passed to ``checkpoint``, or None if the run starts over: there is no checkpoint, or it is damaged
            or belongs to another configuration, which is reported on stderr.

        Raises
        ------
        UsageError
            When this attempt has already logged a tick.
        """
        run = self._running("resume")
        if self.log.has_begun:
            raise UsageError(
                "resume() must be called before the first update_log: it rewinds the log to the checkpoint."
            )
        try:
            moment = read_checkpoint(run.folder.checkpoint)
            if moment is None:
                return self._resume_from_another(run)
            moment.check_owner(run.folder.checkpoint, self._identity())
            run.journal.rewind(moment.n_ticks)
        except (LogError, OSError, ResultsError) as error:
            notice(f"the run starts over. {error}")
            return None
        return self._go_on_from(moment, run)

    def _go_on_from(self, moment: Checkpoint, run: SeedRun) -> Any:
        restore_random_states(moment.random_states)
        self._rng = rng_from_state(moment.rng)
        self.log.resume_at(moment.elapsed, moment.last_step, moment.n_ticks, moment.n_models)
        self._resumed = True
        run.note_resumed(moment.n_ticks)
        return moment.state

    def _resume_from_another(self, run: SeedRun) -> Any:
        """Go on where the run ended that the configuration continues; None if it continues none, or nothing is left."""
        name = self._inputs.configuration.content.get(CONTINUES)
        if not isinstance(name, str):
            return None
        file = Path(self._inputs.configuration.file)
        try:
            found = read_handed_on(
                name, self.seed, self.extra_config.to_dict(), self.experiment_dir, file if file.is_file() else None
            )
            # Of an earlier attempt that was killed before its first checkpoint.
            run.journal.rewind(0)
            for time, metrics in found.ticks:
                run.journal.append(time, metrics, save=False)
            run.journal.flush()
        except (LogError, OSError, ResultsError) as error:
            notice(f"the run starts from scratch. {error}")
            return None
        return self._go_on_from(replace(found.checkpoint, n_models=0), run)

    def should_stop(self) -> bool:
        """Return whether this run should end now because it will soon be stopped. Call it at every step.

        A scheduler sends a signal before it kills a job that exceeds its time limit, suspends it or deletes it. The
        script should then call ``checkpoint`` and exit. After ``should_stop()`` has returned True the run counts as
        stopped, whatever its exit status: the next attempt (``retries``, or the next call) resumes from the checkpoint.

        Returns
        -------
        bool
            True once SIGUSR1, SIGUSR2, SIGXCPU or SIGTERM has been received. A second SIGTERM ends the process. Always
            False where signals cannot be received: if the first call does not come from the main thread.
        """
        if self._is_view or not stop_notice.is_given():
            return False
        self._has_been_asked_to_stop = True
        return True

    def close(self) -> None:
        """End the run successfully and write its log. Further calls do nothing.

        After ``should_stop()`` has returned True, the run is left to the next attempt instead.

        Raises
        ------
        OSError, ResultsError
            When the log cannot be written; all ticks are kept in the journal.
        """
        self._finish(ending_of(None))

    def __enter__(self) -> MLExperiment:
        self.setup()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._finish(ending_of(error))

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled for a worker, as an argument or in a closure (joblib), it becomes a read-only view of the run.
        return _view, (self._inputs, self.config, self._create_jax_prng)

    def __getattr__(self, name: str) -> Any:
        # IPython, copy and pickle probe for such names; they need no suggestion.
        if name.startswith("_"):
            raise AttributeError(name)
        # With a name and no object Python looks for no suggestion of its own, which would stand behind this one.
        raise AttributeError(f"MLExperiment has no {name!r}.{did_you_mean(name, dir(self))}", name=name, obj=None)

    def __dir__(self) -> list[str]:
        return sorted(name for name in {*dir(type(self)), *self.__dict__} if not name.startswith("_"))

    def __repr__(self) -> str:
        return f"MLExperiment({self.config_name!r}, seed={self.seed}, seed_dir={_short(self.seed_dir)!r})"

    def _set_sections(self) -> None:
        file, content = self._inputs.configuration.file, self._inputs.configuration.content
        when_imported("yaml", write_in_yaml)
        self.extra_config = Settings(self._inputs.extra, "extra_config", "the command line")
        self.config = Settings({}, "the configuration", file)
        for name in dict.fromkeys((*SECTIONS, *content)):
            value = content.get(name, {})
            # Scripts of the original mle-toolbox read `mle.train_config.seed_id`; but `Config(**mle.train_config)` must
            # not get an argument that is not in the file.
            silent = {"seed_id": self.seed} if name == "train_config" else None
            self.config[name] = Settings(value, name, file, silent) if isinstance(value, dict) else value
        for one, other in (("net_config", "model_config"), ("model_config", "net_config")):
            if not content.get(one) and other in content:
                self.config[one] = self.config[other]
        self.train_config: Settings = self.config["train_config"]
        if "seed_id" in self.train_config:
            self.train_config["seed_id"] = self.seed
        self.log_config: Settings = self.config["log_config"]
        for name in self.config:
            if not hasattr(type(self), name) and name not in self.__dict__:
                setattr(self, name, self.config[name])

    def _running(self, what: str) -> SeedRun:
        self.log  # noqa: B018  (raises if the run has not started)
        if self._is_view or (self._run is not None and not self._run.is_mine):
            raise worker_error(f"{what}()")
        if self._run is None or self._is_closed:
            raise UsageError(f"{what}() must be called before the end of the run, which is closed: {self.seed_dir}.")
        return self._run

    def _identity(self) -> str:
        """Return the digest that a checkpoint of this run carries."""
        return checkpoint_owner(self._inputs.configuration.digest, self.seed, self.extra_config.to_dict())

    def _go_on(self, time: Mapping[str, Any]) -> Continuation | None:
        """Return whether an attempt that does not resume continues from a checkpoint of the script's own."""
        return None if self._resumed or self._run is None else self._run.go_on(time)

    def _forget_checkpoint(self) -> None:
        # The first tick of an attempt that does not resume replaces the journal to which a checkpoint belongs.
        if not self._resumed and self._run is not None:
            self._run.note_continuation()
            self._run.folder.checkpoint.unlink(missing_ok=True)

    def _finish(self, ending: Ending) -> None:
        run = self._run
        if run is None or self._is_closed or not run.is_mine:
            return
        self._is_closed = True
        if (number := self._stopped_by(ending)) is not None:
            ending = self._stopped(run, number, ending)
        self.log.close()
        _open.remove(self)
        # In a launched run the process may still fail after close(), and then the prepared log is discarded.
        if not (run.launched and ending.well):
            end_watch.remove(self)
        try:
            if not ending.well:
                run.fail(ending)
                return
            run.seal()
        except Exception as error:  # whatever it was, the run must not look as if it were still running
            if ending.well:
                ending = ending_of(error)
                run.fail(ending)
            end_watch.remove(self)
            raise
        finally:
            if self._wandb is not None:  # last, because it waits for others
                self._wandb.finish(0 if ending.well else ending.exit_status or 1, stopped=ending.stopped)

    def _stopped_by(self, ending: Ending) -> int | None:
        """Return the signal that asked this run to end early, or None."""
        heard = heard_signals.first_since(self._signals_before) if self._signals_before is not None else None
        if heard is not None:
            return heard
        if isinstance(ending.error, KeyboardInterrupt) and not is_interactive():
            return signal.SIGINT
        return stop_notice.number if self._has_been_asked_to_stop and ending.error is None else None

    def _stopped(self, run: SeedRun, number: int, ending: Ending) -> Ending:
        if self._signals_before is not None or (self._has_been_asked_to_stop and not is_interactive()):
            end_watch.end_as_stopped()
        is_clean = ending.well or not ending.sure or isinstance(ending.error, KeyboardInterrupt)
        error = None if is_clean else ending.reason
        has_checkpoint = run.folder.checkpoint.exists()
        reason = stopped_in_words(number, run.journal.n_ticks, has_checkpoint=has_checkpoint, error=error)
        if not run.launched:
            notice(f"{_short(self.seed_dir)} {reason}")
        status = STOPPED_STATUS if ending.error is None else ending.exit_status
        return Ending(well=False, reason=reason, exit_status=status, stopped=True, error=ending.error)

    def _end(self, ending: Ending) -> None:
        """Handle the end of the process; called once, unless the run has been finished before."""
        run = self._run
        if run is None or not run.is_mine:
            return
        if self._is_closed:  # prepared for the launcher, but the process has failed since
            if not ending.well and ending.sure:
                number = self._stopped_by(ending)
                run.fail(ending if number is None else self._stopped(run, number, ending))
            return
        if not run.launched and not ending.well and self._stopped_by(ending) is None:
            notice(f"{_short(self.seed_dir)} has no finished log; its ticks are kept in the journal. {ending.reason}")
        self._finish(ending_of(None) if run.end_is_seen and not ending.sure else ending)
        if ending.error is not None and (hint := hint_for(ending.error, self)):
            notice(hint)


def _view(inputs: RunInputs, config: Settings, jax_key: bool) -> MLExperiment:
    """Return a worker's view of a run, with the settings of the main process."""
    experiment = MLExperiment.__new__(MLExperiment)
    experiment._become(inputs, is_view=True, jax_key=jax_key)
    for section, value in config.items():
        experiment.config[section] = value
        if not hasattr(MLExperiment, section) and section in experiment.__dict__:
            setattr(experiment, section, value)
    experiment._log = ReadOnlyLog(experiment.log_config, experiment.train_config, experiment.seed_dir)
    return experiment


_open: list[MLExperiment] = []


def _abandon_earlier(seed_dir: Path) -> None:
    """Abandon an earlier run of this seed in the same session: a cell was executed again."""
    for each in list(_open):
        if each.seed_dir == seed_dir:
            each._finish(Ending(well=False, reason="restarted in the same session"))


def _short(path: Path) -> str:
    """Return a path relative to the current folder if it is inside it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
