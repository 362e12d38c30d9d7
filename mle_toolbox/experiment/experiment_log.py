"""``mle.log``: one call per tick, which goes to the journal, the screen, TensorBoard and Weights & Biases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import LogError, UsageError
from mle_toolbox.experiment.kept_models import KeptModels
from mle_toolbox.experiment.own_checkpoint import Continuation
from mle_toolbox.experiment.printing import TickPrinter
from mle_toolbox.experiment.saver import Saver
from mle_toolbox.experiment.session import notice
from mle_toolbox.experiment.settings import Settings
from mle_toolbox.experiment.tensorboard_writer import TensorBoard
from mle_toolbox.experiment.ticks_so_far import TicksSoFar
from mle_toolbox.experiment_file.log_keys import OWN_CLOCKS, printed_every, printed_names
from mle_toolbox.log.journal import JournalWriter

if TYPE_CHECKING:  # it needs modules that most runs need not wait for
    from mle_toolbox.experiment.wandb_run import WandbRun

__all__ = ["ExperimentLog", "is_step_to_log"]

_Tick = Mapping[str, Any]


class ExperimentLog:
    """The log of one seed run.

    Parameters
    ----------
    journal
        Receives every tick.
    saver
        Receives models, figures and other objects.
    log_config, train_config
        What is tracked and printed, and how often ``ready_to_log`` is true.
    board
        Receives scalars for TensorBoard; None if it is not used.
    wandb
        Receives them for Weights & Biases; None if it is not used.
    before_first_tick
        Called with the time of this attempt's first tick before that is logged; returns where the run continues, if it
        does.
    at_first_tick
        Called after the first tick of this attempt.
    after_each_tick
        Called after every tick; None, which is faster, if not needed.
    kept
        Keeps some of the models; None if log_config asks for none.
    """

    def __init__(
        self,
        journal: JournalWriter,
        saver: Saver,
        log_config: Settings,
        train_config: Settings,
        board: TensorBoard | None = None,
        at_first_tick: Callable[[], None] | None = None,
        before_first_tick: Callable[[_Tick], Continuation | None] | None = None,
        after_each_tick: Callable[[], None] | None = None,
        kept: KeptModels | None = None,
        wandb: WandbRun | None = None,
    ) -> None:
        self._journal = journal
        self._append: Callable[[Any, Any, bool], None] = journal.append
        self.tick: Callable[[Any, Any, bool], None] = self._log
        """Logs two dictionaries, and saves or not: the journal's own method where nothing else needs the tick."""
        self._saver, self._kept = saver, kept
        self._log_config, self._train_config = log_config, train_config
        self._board = board
        self._wandb = wandb
        self._printer = _printer(log_config)
        self._clocks = [name for name in OWN_CLOCKS if name in log_config["time_to_track"]]
        self._before_first_tick = before_first_tick
        self._at_first_tick, self._after_each_tick = at_first_tick, after_each_tick
        self._has_begun = False
        self._n_kept = 0
        self._zero = time.monotonic()

    @property
    def n_ticks(self) -> int:
        """Number of ticks so far, including those before a resume."""
        return self._journal.n_ticks

    @property
    def has_begun(self) -> bool:
        """Whether this attempt has logged a tick."""
        return self._has_begun

    @property
    def elapsed(self) -> float:
        """Seconds that the run has taken so far, in all attempts."""
        return time.monotonic() - self._zero

    def update_log(
        self,
        time_tick: _Tick | None = None,
        stats_tick: _Tick | None = None,
        model: Any = None,
        plot_to_tboard: Any = None,
        save: bool = False,
        *,
        clock_tick: _Tick | None = None,
        plot_fig: Any = None,
        plot_fig_name: str | None = None,
        extra_obj: Any = None,
        extra_obj_name: str | None = None,
    ) -> None:
        """Log one tick.

        Parameters
        ----------
        time_tick
            Every name of ``time_to_track``, each with a number. ``time`` (Unix seconds), ``time_elapsed`` (seconds)
            and ``num_updates`` are filled in if they are tracked and not passed.
        stats_tick
            At least one name of ``what_to_track``, each with a number, or an array of the same shape at every tick.
            Leave out a metric that was not measured at this tick, or pass None.
        model
            Saved as the model ``final`` when ``save`` is true. With a model there may be no metric at all: then the
            model is saved, and no tick is logged.
        plot_to_tboard
            A matplotlib figure for TensorBoard.
        save
            Write this tick to the journal now. Otherwise it is kept in memory until the next tick that is saved, until
            there are 64 kB, or until the end of the script.
        clock_tick
            Another name of ``time_tick``.
        plot_fig, plot_fig_name, extra_obj, extra_obj_name
            As for ``update``.

        Raises
        ------
        LogError
            When a name is not tracked, a time is missing, nothing was measured, or a value is not a number; then
            nothing is logged.
        """
        if model is None and plot_to_tboard is None and clock_tick is None and plot_fig is None and extra_obj is None:
            self.tick(time_tick, stats_tick, save)
            return
        clock = time_tick if clock_tick is None else clock_tick
        figure = plot_to_tboard if plot_fig is None else plot_fig
        self._log(clock, stats_tick, save, model=model, figure=figure, is_saved=plot_fig is not None)
        self._save_with_tick(plot_fig, plot_fig_name, extra_obj, extra_obj_name)

    def update(
        self,
        clock_tick: _Tick | None = None,
        stats_tick: _Tick | None = None,
        model: Any = None,
        plot_fig: Any = None,
        extra_obj: Any = None,
        grads: Any = None,
        save: bool = False,
        *,
        plot_fig_name: str | None = None,
        extra_obj_name: str | None = None,
    ) -> None:
        """Log one tick, with the interface of the original mle-logging.

        Parameters
        ----------
        clock_tick, stats_tick, model, save
            As for ``update_log``.
        plot_fig, plot_fig_name
            A matplotlib figure: saved as ``figures/<plot_fig_name>``, ``fig_<n>.png`` without a name, and shown in
            TensorBoard.
        extra_obj, extra_obj_name
            Any object: saved as ``extra/<extra_obj_name>``, ``extra_<n>.pkl`` without a name.
        grads
            An array, or a dictionary of arrays, shown as histograms in TensorBoard.
        """
        is_saved = plot_fig is not None
        self._log(clock_tick, stats_tick, save, model=model, figure=plot_fig, grads=grads, is_saved=is_saved)
        self._save_with_tick(plot_fig, plot_fig_name, extra_obj, extra_obj_name)

    def extend_tracking(self, names: Iterable[str]) -> None:
        """Track further metrics from now on; those that are tracked already are left out.

        Raises
        ------
        LogError
            When a name cannot be tracked, or is that of a time.
        """
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise LogError(
                f"extend_tracking takes a list of names, found {names!r}. Write extend_tracking([{names!r}])."
            )
        added = list(names)
        self._journal.add_metrics(added)
        if self._printer is not None and self._log_config.get("what_to_print") is None:
            self._printer.add(added)

    @property
    def stats_log(self) -> TicksSoFar:
        """What has been logged so far: ``stats_log.stats_tracked["loss"]`` is a list."""
        return TicksSoFar(self._journal)

    @property
    def experiment_dir(self) -> str:
        """The folder of this seed run, with ``/`` at its end: ``mle.seed_dir`` as scripts of the original want it."""
        return f"{self._saver.folder.path}/"

    def save(self) -> None:
        """Write the ticks that are still in memory to the journal."""
        self._journal.flush()

    def save_model(self, model: Any, name: str = "final") -> Any:
        """Save a model; see ``MLExperiment.save_model``."""
        return self._saver.save_model(model, name)

    def save_init_model(self, model: Any) -> Any:
        """Save a model before it is trained, as ``models/init``."""
        return self._saver.save_model(model, "init")

    def save_plot(self, figure: Any, name: str | None = None) -> Any:
        """Save a figure; see ``MLExperiment.save_figure``."""
        return self._saver.save_figure(figure, name)

    def save_extra(self, extra: Any, name: str | None = None) -> Any:
        """Save any object; see ``MLExperiment.save_extra``."""
        return self._saver.save_extra(extra, name)

    def ready_to_log(self, step: int) -> bool:
        """Return whether to log at a step, counted from 0: at 0, and then at the end of every k steps.

        k is ``log_every_j_steps`` of log_config, or else ``log_every_steps`` of train_config.

        Raises
        ------
        UsageError
            When the configuration has neither.
        """
        return is_step_to_log(step, self._log_config, self._train_config)

    @property
    def n_models(self) -> int:
        """Number of models that were passed so far, if some of them are kept."""
        return self._kept.n_models if self._kept is not None else 0

    def resume_at(self, elapsed: float, last_step: int, n_ticks: int, n_models: int | None = None) -> None:
        """Continue clocks, TensorBoard and the list of kept models where an interrupted attempt stopped."""
        self._zero = time.monotonic() - elapsed
        if self._board is not None:
            self._board.resume_behind(last_step)
        if self._kept is not None:
            self._kept.resume_at(n_ticks, n_models)
        if self._wandb is not None:
            self._wandb.resume_behind()

    def last_step(self) -> int:
        """Return TensorBoard's last step."""
        return self._board.last_step if self._board is not None else -1

    def close(self) -> None:
        """Accept no more ticks."""
        self._append = self.tick = self._refuse
        if self._board is not None:
            self._board.close()

    def _log(
        self,
        clock: _Tick | None,
        stats: _Tick | None,
        save: bool,
        model: Any = None,
        figure: Any = None,
        grads: Any = None,
        is_saved: bool = False,
    ) -> None:
        if model is not None and self._journal.metric_names and _measures_nothing(stats):
            self._save_model_alone(clock, model)
            return
        if not self._has_begun and self._before_first_tick is not None and isinstance(clock, Mapping):
            self._n_kept = self._go_on(self._before_first_tick(clock))
        tick = self._with_clocks(clock)
        self._append(tick, stats, save)
        if not self._has_begun:
            self._begin(None if is_saved else figure, stats or {})
        shown: _Tick = stats or {}
        if self._printer is not None and self._printer.is_due(self.n_ticks):
            readings = {**self._readings(self.n_ticks), "time": time.strftime("%H:%M:%S")}
            self._printer.update(self.n_ticks, {**readings, **(tick or {})}, shown)
        if self._board is not None:
            self._board.update(self.n_ticks, tick or {}, shown, figure, grads)
        if self._wandb is not None:
            self._wandb.update(self.n_ticks, tick or {}, shown)
        if model is not None and save:
            self._saver.save_model(model)
        if model is not None and self._kept is not None:
            self._kept.take(model, self.n_ticks, {**self._readings(self.n_ticks), **(tick or {})}, shown)
        if self._after_each_tick is not None:
            self._after_each_tick()

    def _save_model_alone(self, clock: _Tick | None, model: Any) -> None:
        # No tick: with nothing measured it would say nothing, and leave a gap in every metric.
        moment = self._with_clocks(clock) or {}
        self._journal.check_time(moment)
        self._saver.save_model(model)
        if self._kept is not None:
            self._kept.take(model, self.n_ticks, {**self._readings(self.n_ticks), **moment}, {})
        if self._after_each_tick is not None:
            self._after_each_tick()

    def _save_with_tick(self, figure: Any, figure_name: str | None, extra: Any, extra_name: str | None) -> None:
        if figure is not None:
            self._saver.save_figure(figure, figure_name)
        if extra is not None:
            self._saver.save_extra(extra, extra_name)

    def _begin(self, figure: Any, stats: _Tick) -> None:
        if self._at_first_tick is not None:
            self._at_first_tick()
        if figure is not None and self._board is None:
            notice("a figure was passed for TensorBoard, but log_config has no tboard_fname: it is not saved there.")
        for name, value in stats.items():
            if getattr(value, "shape", None) == (1,):
                # Not converted: code that reads arrays of any length must not find a number when there is one element.
                notice(
                    f"{name!r} has shape (1,): it is stored as an array, but tables, figures and comparisons use only "
                    f"metrics that are numbers. If it is a single number, log its value with .item()."
                )
        extras = (self._printer, self._board, self._wandb, self._after_each_tick)
        self._has_begun = True
        # From now on update_log calls the journal directly: in a tight loop each call in between is noticeable.
        if not self._clocks and all(each is None for each in extras):
            self.tick = self._append

    def _go_on(self, found: Continuation | None) -> int:
        """Continue clocks and TensorBoard after the ticks that are kept, and return how many these are."""
        if found is None or found.n_ticks == 0:
            return 0
        self.resume_at(self.elapsed if found.elapsed is None else found.elapsed, found.last_step, found.n_ticks)
        return found.n_ticks

    def _with_clocks(self, clock: _Tick | None) -> _Tick | None:
        missing = [name for name in self._clocks if name not in (clock or {})]
        if not missing:
            return clock
        n_before = self.n_ticks if self._has_begun else max(self.n_ticks, self._n_kept)
        readings = self._readings(n_before + 1)
        return {**(clock or {}), **{name: readings[name] for name in missing}}

    def _readings(self, n_ticks: int) -> dict[str, Any]:
        """Return what the log itself knows at an update, by the names of OWN_CLOCKS."""
        return dict(zip(OWN_CLOCKS, (time.time(), self.elapsed, n_ticks), strict=True))

    def _refuse(self, *_: Any) -> None:
        raise LogError(f"The log of this run is closed: {self._journal.path.parent}.")


def _measures_nothing(stats: _Tick | None) -> bool:
    return stats is None or (isinstance(stats, Mapping) and all(value is None for value in stats.values()))


def is_step_to_log(step: int, log_config: Settings, train_config: Settings) -> bool:
    """Return whether to log at a step; see ``ExperimentLog.ready_to_log``."""
    every = log_config.get("log_every_j_steps") or train_config.get("log_every_steps")
    if not isinstance(every, (int, float)) or every < 1:
        raise UsageError(
            "ready_to_log needs log_every_j_steps in log_config, or log_every_steps in train_config: a whole "
            f"number of at least 1, found {every!r}."
        )
    return step == 0 or (step + 1) % every == 0


def _printer(log_config: Settings) -> TickPrinter | None:
    every = printed_every(log_config)
    if every is None:
        return None
    time_names = printed_names(log_config, "time_to_print", "time_to_track")
    metric_names = printed_names(log_config, "what_to_print", "what_to_track")
    return TickPrinter(time_names, metric_names, every) if (*time_names, *metric_names) else None
