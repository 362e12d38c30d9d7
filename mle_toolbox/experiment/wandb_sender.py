"""Started for each seed run with ``use_wandb``: passes on what comes through stdin to Weights & Biases.

The first line is what ``wandb.init`` gets; then come ticks ``[step, {name: number}]``, and at last
``{"exit": status}``. Without that line the run has been killed. Imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

__all__ = ["main"]

_SECONDS_TO_CONNECT = 5
_SECONDS_TO_BEGIN = 30
# An orphan that cannot get rid of its ticks must not stay for ever.
_SECONDS_AFTER_THE_END = 120
_KILLED = 137


def main() -> None:
    """Read stdin to its end."""
    lines = iter(sys.stdin.buffer.readline, b"")
    first = next(lines, None)
    if first is None:
        return
    start = json.loads(first)
    if start.get("key") and not os.environ.get("WANDB_API_KEY"):
        os.environ["WANDB_API_KEY"] = start["key"]
    if not os.environ.get("WANDB_MODE"):
        os.environ.pop("WANDB_MODE", None)  # set to nothing, it is no mode for the client
    import wandb

    run = _begin(wandb, start)
    status = _KILLED
    for line in lines:
        try:
            tick = json.loads(line)
        except ValueError:  # the script was killed in the middle of a line
            break
        if isinstance(tick, dict):
            status = tick["exit"]
            break
        run.log(tick[1], step=tick[0])
    signal.alarm(_SECONDS_AFTER_THE_END)
    run.finish(exit_code=status)


def _begin(wandb: Any, start: dict[str, Any]) -> Any:
    """Start or continue the run, without the network where there is none."""
    keys = ("id", "project", "entity", "group", "name", "job_type", "tags", "notes")
    named = {key: start[key] for key in keys if key in start}
    mode = _mode(wandb, start)
    # It is to leave output, git and code of the script alone.
    quiet: dict[str, Any] = {"silent": True, "console": "off", "disable_git": True}
    if "WANDB_INIT_TIMEOUT" not in os.environ:
        quiet["init_timeout"] = _SECONDS_TO_BEGIN
    resume = "allow" if start["continues"] and mode == "online" else None
    named |= {"dir": start["dir"], "config": start["config"], "save_code": False, "resume": resume}
    try:
        run = wandb.init(**named, mode=mode, settings=wandb.Settings(**quiet))
    except Exception as error:
        if mode != "online":
            raise
        print(f"offline, because {type(error).__name__}: {error}", flush=True)
        wandb.teardown()  # else the run of this name is one that has begun
        run = wandb.init(**{**named, "resume": None}, mode="offline", settings=wandb.Settings(**quiet))
    if start["x"] is not None:
        run.define_metric(start["x"])
        run.define_metric("*", step_metric=start["x"])
    return run


def _mode(wandb: Any, start: dict[str, Any]) -> str:
    given = start.get("mode") or os.environ.get("WANDB_MODE")
    if given:
        return str(given)
    url = urlsplit(wandb.setup().settings.base_url)
    if not _has_key(url.hostname):
        print("offline, because there is no API key: WANDB_API_KEY, wandb login, or key in wandb_config", flush=True)
        return "offline"
    try:
        port = url.port or (443 if url.scheme == "https" else 80)
        socket.create_connection((url.hostname, port), _SECONDS_TO_CONNECT).close()
    except OSError as error:
        print(f"offline, because {url.hostname} cannot be reached: {error}", flush=True)
        return "offline"
    return "online"


def _has_key(host: str | None) -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    from netrc import NetrcParseError, netrc

    try:
        return host is not None and netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, NetrcParseError):
        return False


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        # One line, which the script repeats.
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())[:500]}")
