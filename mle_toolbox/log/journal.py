"""Append the ticks of a running seed run to its journal, with one write per tick.

Imports nothing heavy: it runs inside training scripts.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic as time_now
from typing import TYPE_CHECKING, Any

from mle_toolbox.errors import FolderInUseError, LogError
from mle_toolbox.layout import SeedFolder
from mle_toolbox.log.held_file import hold, read_bytes
from mle_toolbox.log.journal_format import Header, Segment, may_continue, read_segments
from mle_toolbox.log.run_record import read_run_record
from mle_toolbox.log.tick_encoder import TickEncoder, check_names

if TYPE_CHECKING:
    from mle_toolbox.log.log_data import LogData

__all__ = ["ONLY_IN_THE_MAIN_PROCESS", "JournalWriter", "read_journal"]

ONLY_IN_THE_MAIN_PROCESS = (
    "Only the process that began the run logs and saves: return the numbers from the worker (pool.map returns them) "
    "and log them in the main process."
)

# Ticks with save=False are buffered in memory up to this size.
_PENDING_BYTES = 64 * 1024
# And no longer than this, so that other processes can see that the run still makes ticks.
_PENDING_SECONDS = 60.0
# Seconds after a tick in which the script can hardly have closed the descriptor. Asking for its position at every tick
# would cost 15 % of one in a tight loop, with this it is 4 %.
_AT_ONCE = 20e-6


class JournalWriter:
    """Holds the lock of a seed folder and writes its journal.

    The content of an existing file is kept until the first tick, or until ``rewind`` says how much of it is still
    valid. A process that is killed loses no tick that was appended with ``save=True``.

    Parameters
    ----------
    path
        ``journal.bin`` of a seed folder; made when it is missing.
    time_names, metric_names
        Variables that every tick has, and those that it may have, in the order of the configuration.
    attributes
        Provenance; anything that JSON can hold.

    Raises
    ------
    FolderInUseError
        When another writer holds the journal: says who, where and since when.
    LogError
        When a name cannot be tracked.
    """

    def __init__(
        self,
        path: Path,
        time_names: Sequence[str],
        metric_names: Sequence[str],
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        check_names(time_names, metric_names)
        self.path = Path(path)
        self._attributes = json.loads(json.dumps(dict(attributes or {})))
        self._remarks: tuple[str, ...] = ()
        self._n_kept = 0
        self._encoder = TickEncoder(time_names, metric_names, self._begin_segment)
        self._header: Header | None = None
        self._row_size = 0
        self._checksum = 0
        self._n_written = self._position = 0
        self._look_at = 0.0
        self._pending: list[bytes] = []
        self._pending_since = 0.0
        # Whether the next row can be written at the current position of the descriptor.
        self._is_quick = self._is_finished = False
        try:
            self._file = hold(self.path)
        except BlockingIOError:
            raise FolderInUseError(_who_holds(self.path)) from None

    @property
    def n_ticks(self) -> int:
        """Ticks so far, those before a ``rewind`` included."""
        return self._n_written + len(self._pending)

    def append(self, time: Mapping[str, Any], metrics: Mapping[str, Any], save: bool) -> None:
        """Log one tick.

        Parameters
        ----------
        time, metrics
            All time variables, and those metrics that were measured: each with a number, or for metrics an array that
            has the same shape at every tick. None stands for a metric that was not measured.
        save
            Write now. Otherwise the tick waits in memory for the next one that is saved, or the first that comes a
            minute later, or 64 kB, or the end.

        Raises
        ------
        LogError
            When the tick does not fit, or this writer is closed. Nothing is logged then.
        OSError
            When it cannot be written (a full disk). This tick is not logged, all earlier ones are.
        """
        with self._file.guard:
            if not (save and self._is_quick):
                self._append(time, metrics, save)
                return
            row = self._encoder.encode(time, metrics)
            row += zlib.crc32(row, self._checksum + self._n_written).to_bytes(4, "little")
            # Whatever happens before this is True again (a signal handler that raises, for one), the next row is
            # written at its computed offset and not where the descriptor happens to be.
            self._is_quick = False
            now = time_now()
            try:
                # Another position means that the script has closed the descriptor and its number is another file's by
                # now. Between ticks that follow each other at once there is no time for both.
                is_there = now < self._look_at or os.lseek(self._file.descriptor, 0, os.SEEK_CUR) == self._position
                is_whole = is_there and os.write(self._file.descriptor, row) == self._row_size
            except OSError:
                is_whole = False
            if is_whole:
                self._n_written += 1
                self._position += self._row_size
                self._look_at = now + _AT_ONCE
                self._is_quick = True
            else:
                self._write([row])  # again, the slow way, which reports what is wrong

    def _append(self, time: Mapping[str, Any], metrics: Mapping[str, Any], save: bool) -> None:
        """Log a tick that needs more than one write of one row."""
        if self._file.descriptor < 0 or self._is_finished:
            raise self._not_writable()
        kept = None
        if self._header is None:  # the first tick: shapes come from it, or from earlier ticks that are kept
            self._encoder.start_with(None)
            kept = self._continue_behind(self._n_kept) if self._n_kept else None
        row = self._encoder.encode(time, metrics)
        if self._header is None:
            self._start(kept)
        # The state is the number of rows on disk and the list of those in memory. Each change of it is one assignment,
        # so that a signal handler that raises in between (Ctrl-C in a notebook) leaves no tick half counted.
        row += zlib.crc32(row, self._checksum + self._n_written + len(self._pending)).to_bytes(4, "little")
        now = time_now()
        is_due = bool(self._pending) and now - self._pending_since > _PENDING_SECONDS
        if save or is_due or len(self._pending) * self._row_size > _PENDING_BYTES:
            self._write([*self._pending, row])
        else:
            self._is_quick = False
            self._pending_since = self._pending_since if self._pending else now
            self._pending.append(row)

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The metrics that a tick may have."""
        return self._encoder.metric_names

    def add_metrics(self, names: Sequence[str]) -> None:
        """Accept further metrics from the next tick on; those that are accepted already are left out.

        Raises
        ------
        LogError
            When a name cannot be tracked, or this writer is closed.
        OSError
            When it cannot be written (a full disk). Nothing is changed then.
        """
        with self._file.guard:
            if self._is_finished or not self._file.is_open():
                raise self._not_writable()
            new = [name for name in dict.fromkeys(names) if name not in self.metric_names]
            check_names(self._encoder.time_names, (*self.metric_names, *new))
            if new:
                self._is_quick = False
                self._encoder.add_metrics(new)

    def check_time(self, time: Mapping[str, Any]) -> None:
        """Raise LogError unless ``time`` is the time of a tick, or when this writer is closed."""
        if self._is_finished or not self._file.is_open():
            raise self._not_writable()
        self._encoder.check_time(time)

    def read(self) -> LogData:
        """Return the ticks of this run so far."""
        with self._file.guard:
            self.flush()
            if self._header is None:  # what is in the file belongs to an earlier attempt
                from mle_toolbox.log.log_data import LogData

                return LogData(self._encoder.time_names, self._encoder.metric_names, {})
            return read_journal(self.path)

    def rewind(self, n_ticks: int) -> None:
        """Keep the first ``n_ticks`` of the file and drop the rest; the next tick is appended to them.

        Raises
        ------
        LogError
            When the journal tracks other names, or has fewer whole ticks. Nothing is changed then.
        """
        if not self._file.is_open():
            raise self._not_writable()
        if n_ticks > 0:
            kept = self._continue_behind(n_ticks)
            self._adopt(kept.header)
            # The only rows that are ever removed: those behind the checkpoint, which the run computes again.
            os.ftruncate(self._file.descriptor, kept.end)
        else:
            os.ftruncate(self._file.descriptor, 0)
            self._header = None
            self._encoder.start_with(None)
        self._pending, self._n_written, self._is_quick = [], n_ticks, False
        if self._header is not None and self._header.metric_names != self._encoder.metric_names:
            self._begin_segment()

    def go_on_behind(self, n_ticks: int, remarks: Sequence[str]) -> None:
        """Keep the first ``n_ticks`` of the file once the first tick is appended; until then all of it stays.

        Parameters
        ----------
        n_ticks
            How many whole ticks of the same names to keep; with 0 the file starts over, as it does by default.
        remarks
            Sentences about that for readers of the log.
        """
        self._n_kept, self._remarks = n_ticks, tuple(remarks)

    def flush(self, durable: bool = False) -> None:
        """Write the ticks that are buffered in memory; with ``durable`` also make sure they survive a power cut."""
        with self._file.guard:
            if self._pending and not self._file.forked:
                self._write(self._pending)
            self._file.is_open()
            if self._header is not None and self._file.descriptor >= 0:
                # A signal handler that raised just after a write leaves a tick on disk whose append has failed.
                end = self._header.size + (self._n_written - self._header.first_tick) * self._row_size
                if os.fstat(self._file.descriptor).st_size > end:
                    os.ftruncate(self._file.descriptor, end)
            if durable and self._file.descriptor >= 0:
                os.fsync(self._file.descriptor)

    def finish(self) -> int:
        """Refuse further ticks, also from other threads, make those logged so far durable, and return their number."""
        # Under the lock, so that a thread that keeps logging cannot change what is sealed.
        with self._file.guard:
            self._is_finished = True
            self.flush(durable=True)
            self._is_quick = False
            return self.n_ticks

    def close(self) -> None:
        """End a successful run: write pending ticks and release the folder. Further calls do nothing.

        A run that logged nothing leaves a journal without ticks: those of an earlier attempt are not its own.
        """
        with self._file.guard:
            if self._file.descriptor < 0:
                return
            try:
                if self._header is None:
                    self._start(None)
                self.flush()
            finally:
                self._file.release()

    def release(self) -> None:
        """End a failed run: write pending ticks if possible, and release the folder.

        A run that logged nothing leaves the journal as it was. Never raises on a full disk.
        """
        with self._file.guard:
            with contextlib.suppress(OSError, LogError):
                self.flush()
            self._file.release()

    def _start(self, kept: Segment | None) -> None:
        """Write a header with the shapes of the first tick, at the start of the file or after kept ticks."""
        shapes = self._encoder.shapes or ((),) * len(self._encoder.names)
        names = self._encoder.time_names, self._encoder.metric_names
        first, end = (kept.header.first_tick + kept.n_rows, kept.end) if kept is not None else (0, 0)
        # A run that ends without a tick has not kept anything, so a remark about that would be wrong.
        remarks = self._remarks if kept is not None or not self._n_kept else ()
        new = Header(*names, shapes, self._attributes, first, remarks)
        if not self._file.is_open():
            raise self._not_writable()
        try:
            os.ftruncate(self._file.descriptor, end)
            self._write_header(new, end)
        except OSError as error:
            self._encoder.start_with(None)
            raise self._write_error(error) from None
        self._n_written = first

    def _begin_segment(self) -> None:
        """Start a segment after the ticks so far, with the names and shapes that the encoder expects now."""
        if self._header is None or self._encoder.shapes is None:
            return
        if not self._file.is_open() or self._is_finished:
            raise self._not_writable()
        if self._pending:
            self._write(self._pending)
        self._is_quick = False
        header = self._header
        position = header.size + (self._n_written - header.first_tick) * self._row_size
        new = replace(
            header,
            metric_names=self._encoder.metric_names,
            shapes=self._encoder.shapes,
            attributes=self._attributes,
            first_tick=self._n_written,
            remarks=(),
        )
        try:
            self._write_header(new, position)
            self._position = os.lseek(self._file.descriptor, self._header.size, os.SEEK_SET)
        except BaseException as error:  # a signal handler may raise anywhere: then rows keep their old shapes
            self._adopt(header)
            if isinstance(error, OSError):
                raise self._write_error(error) from None
            raise

    def _write_header(self, header: Header, position: int) -> None:
        """Write a header after the valid part of the file; if that fails, all of it is truncated again."""
        data, descriptor, written = header.encode(), self._file.descriptor, 0
        try:
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], position + written)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, position)
            raise
        self._adopt(header.with_place_of(data, position))

    def _adopt(self, header: Header) -> None:
        self._row_size = header.row_size
        # So that a tick's number can be added to it in any segment; a row's checksum starts from its index in the
        # segment.
        self._checksum = header.checksum - header.first_tick
        self._header = header

    def _write(self, rows: list[bytes]) -> None:
        """Append rows to those on disk; if that fails, a partly written row is truncated again."""
        assert self._header is not None
        if not self._file.is_open():
            raise self._not_writable()
        self._is_quick = False
        position = self._header.size + (self._n_written - self._header.first_tick) * self._row_size
        data = b"".join(rows)
        written = 0
        try:
            while written < len(data):
                written += os.pwrite(self._file.descriptor, data[written:], position + written)
        except OSError as error:
            # Whole rows count as written: a full disk costs the tick that failed and none before it.
            whole = written // self._row_size
            with contextlib.suppress(OSError):
                os.ftruncate(self._file.descriptor, position + whole * self._row_size)
            self._pending, self._n_written = self._pending[whole:], self._n_written + whole
            raise self._write_error(error) from None
        self._pending, self._n_written = [], self._n_written + len(rows)
        self._position = os.lseek(self._file.descriptor, position + len(data), os.SEEK_SET)
        self._is_quick = True

    def _continue_behind(self, n_ticks: int) -> Segment:
        """Return the last segment that is kept, and expect ticks of its names and shapes."""
        data = read_bytes(self.path)
        segments = read_segments(data, self.path)
        kept = [each for each in segments if each.header.first_tick < n_ticks]
        header = kept[-1].header if kept else segments[0].header
        self._check_continues(sum(each.n_rows for each in segments), n_ticks, header)
        kept[-1] = Segment(header, n_ticks - header.first_tick)
        # A metric without a value so far may still turn out to be an array.
        settled = [any(each.measures(data, column) for each in kept) for column in range(len(header.shapes))]
        added = self._encoder.metric_names[len(header.metric_names) :]
        self._encoder.expect((*header.metric_names, *added), (*header.shapes, *((),) * len(added)), settled)
        return kept[-1]

    def _check_continues(self, n_whole: int, n_ticks: int, header: Header) -> None:
        if n_ticks > n_whole:
            raise LogError(
                f"{self.path} has {n_whole} whole ticks, so the run cannot continue from tick {n_ticks}. "
                "Remove the checkpoint to start the run again."
            )
        before = header.time_names, header.metric_names
        now = self._encoder.time_names, self._encoder.metric_names
        if not may_continue(before, now):
            raise LogError(
                f"{self.path} tracks {_lists(*before)}, this run {_lists(*now)}: the run cannot continue from there. "
                "Remove the checkpoint to start the run again."
            )

    def _write_error(self, error: OSError) -> OSError:
        return OSError(
            error.errno,
            f"{error.strerror}: the tick after the first {self.n_ticks} could not be written. "
            "Those are kept; free some space and start the run again",
            str(self.path),
        )

    def _not_writable(self) -> LogError:
        if self._file.forked:
            return LogError(f"update_log() is called in a worker process. {ONLY_IN_THE_MAIN_PROCESS}")
        if self._file.lost:
            return LogError(
                f"{self.path} cannot be written any more: the script, or a library that it uses, closed the file "
                "(os.close, os.closerange, daemonizing). Do that before calling MLExperiment(). Ticks saved so far "
                "are kept."
            )
        return LogError(f"The log of this run is closed: {self.path}.")


def read_journal(path: Path) -> LogData:
    """Read a journal, finished or growing, without a lock.

    Returns
    -------
    LogData
        All whole ticks before the first one that is torn or damaged; ``damage`` says so if there is one.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ResultsError
        When the file is not a journal, or was made by a newer version.
    """
    # Late, because it imports numpy, which writing a journal does not need.
    from mle_toolbox.log.journal_reader import read

    return read(path)


def _who_holds(journal: Path) -> str:
    folder = SeedFolder(journal.parent)
    record = read_run_record(folder)
    who = "another process"
    if record is not None and record.status == "running" and record.pid is not None:
        who = f"process {record.pid} on {record.host}, started {record.start},"
    return (
        f"{folder.path}: {who} is running this seed and writes to this folder. Wait until it ends, stop it, or give "
        "this run another -exp_dir."
    )


def _lists(time_names: tuple[str, ...], metric_names: tuple[str, ...]) -> str:
    return f"time {list(time_names)} and metrics {list(metric_names)}"
