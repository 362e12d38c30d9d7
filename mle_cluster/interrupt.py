"""Hold back Ctrl-C while an interruption would lose something."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interrupt_later"]


@contextmanager
def interrupt_later() -> Iterator[None]:
    """Delay a Ctrl-C until the block is done; a second one interrupts at once."""
    before = signal.getsignal(signal.SIGINT)
    # Python delivers signals to the main thread, and only it may set a handler.
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    kept: list[FrameType | None] = []

    def keep(number: int, frame: FrameType | None) -> None:
        if kept:
            raise KeyboardInterrupt
        kept.append(frame)

    signal.signal(signal.SIGINT, keep)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if kept:
        before(signal.SIGINT, kept[0])
