"""Each key of `mle watch`, pressed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from textual.pilot import Pilot
from textual.widgets import Static
from watched import Watched

from mle_toolbox.watch.app import WatchApp
from mle_toolbox.watch.run_table import RunTable
from mle_toolbox.watch.screens import OutputScreen, StopQuestion

Scene = Callable[[WatchApp, Pilot[None]], Awaitable[None]]


def played(watched: Watched, scene: Scene, size: tuple[int, int] = (80, 24)) -> None:
    """Play a scene once the first look has been drawn."""

    async def play() -> None:
        app = watched.app()
        async with app.run_test(size=size) as pilot:
            await looked(app, pilot, app.looks + 1)
            await scene(app, pilot)

    # In a thread of its own, because the tests with a browser leave a running loop in the main one.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, play()).result()


async def looked(app: WatchApp, pilot: Pilot[None], looks: int) -> None:
    while app.looks < looks:
        await asyncio.sleep(0.02)
    await pilot.pause()


def screen_of(app: WatchApp) -> str:
    lines = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in lines)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_states_ticks_values_and_curves_are_seen(watched: Watched, size: tuple[int, int]) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        seen = screen_of(app)

        assert "0 of 9 seed runs done, 4 running, 1 failed" in seen
        assert "no `mle run` is going on" in seen
        assert "▸ [red]sgd 0" in seen
        assert "loss, mean over seeds, 95 % interval" in seen.replace("\n", " ")
        assert "━ [red]sgd 0.15 (n=2, 2 running)" in " ".join(seen.split())

    played(watched, scene, size)


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (120, 40)])
def test_every_key_is_named_in_the_last_line(watched: Watched, size: tuple[int, int]) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        keys = " ".join(screen_of(app).splitlines()[-1].split())

        assert keys == "q Quit m Metric s Sort / Filter o Output f Failures x Stop"

    played(watched, scene, size)


def test_what_the_line_of_the_cursor_has_no_room_for_is_above_the_table(watched: Watched) -> None:
    async def narrow(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("down")
        await pilot.pause()

        assert "adam 1: running" in screen_of(app)

    async def wide(app: WatchApp, pilot: Pilot[None]) -> None:
        assert "adam 0: running" not in screen_of(app)

    played(watched, narrow, (44, 24))
    played(watched, wide, (80, 24))


def test_what_is_appended_is_seen_at_the_next_look(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        watched.tick("adam", 0, 90)
        await looked(app, pilot, app.looks + 2)

        (line,) = (line for line in screen_of(app).splitlines() if "▸ adam 0" in line)
        assert " 100 " in line

    played(watched, scene)


def test_m_shows_the_next_metric(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("m")
        await pilot.pause()
        assert "accuracy, mean over seeds" in screen_of(app)

        await pilot.press("M")
        await pilot.pause()
        assert "loss, mean over seeds" in screen_of(app)

    played(watched, scene)


def test_s_sorts(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await pilot.pause()

        seen = screen_of(app)
        assert "sorted by state" in seen
        assert seen.index("▸ [red]sgd 1") < seen.index("✗ -dash é 0") < seen.index("· adam 2")

    played(watched, scene, (80, 40))


def test_a_slash_filters_while_it_is_typed_and_escape_ends_that(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", "[", "r", "e", "d", "]")
        await pilot.pause()
        assert "adam 0" not in screen_of(app)
        assert "[red]sgd 2" in screen_of(app)

        await pilot.press("enter")
        await pilot.pause()
        assert "only '[red]'" in screen_of(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "adam 0" in screen_of(app)

    played(watched, scene)


def test_f_shows_why_seed_runs_failed(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("f")
        await pilot.pause()
        seen = screen_of(app)
        assert "✗ ModuleNotFoundError: No module named 'torch' at train.py:3" in seen
        assert "-dash é seed 0" in seen

        await pilot.press("f")
        await pilot.pause()
        assert "mean over seeds" in screen_of(app)

    played(watched, scene)


def test_o_opens_the_output_of_the_run_under_the_cursor_and_follows_it(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("down", "o")
        await pilot.pause()
        assert isinstance(app.screen, OutputScreen)
        assert "[bold]output of adam 1[/bold]" in screen_of(app)
        assert " 50%" in screen_of(app)

        with (watched.folder.seed_run("adam", 1).path / "out.txt").open("a") as file:
            file.write("one line more\n")
        await looked(app, pilot, app.looks + 3)
        assert "one line more" in screen_of(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "mean over seeds" in screen_of(app)

    played(watched, scene)


def test_x_asks_and_stops_only_after_yes(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("x")
        await pilot.pause()
        assert isinstance(app.screen, StopQuestion)
        assert "Stop adam seed 0?" in screen_of(app)
        await pilot.press("n")
        await pilot.pause()
        assert watched.stopped == []

        await pilot.press("x")
        await pilot.press("y")
        while not watched.stopped:
            await asyncio.sleep(0.02)
        assert watched.stopped == [("adam", 0)]

    played(watched, scene)


def test_what_does_not_run_cannot_be_stopped(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("end", "x")
        await pilot.pause()

        assert not isinstance(app.screen, StopQuestion)

    played(watched, scene)


def test_the_cursor_stays_on_its_seed_run_when_the_order_changes(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("end", "s")
        await pilot.pause()
        await pilot.press("o")
        await pilot.pause()

        title = app.screen.query(".title").first(Static)
        assert str(title.render()).startswith("-dash é seed 2 waiting")

    played(watched, scene)


def test_a_damaged_record_is_said_and_mended_later(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        content = watched.folder.record.read_text()
        watched.folder.record.unlink()
        while "no experiment has been started here" not in " ".join(screen_of(app).split()):
            await asyncio.sleep(0.05)

        watched.folder.record.write_text(content)
        await looked(app, pilot, app.looks + 1)
        assert "seed runs done" in screen_of(app)

    played(watched, scene)


def test_q_ends(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        await pilot.press("q")
        await pilot.pause()

        assert not app.is_running

    played(watched, scene)


def test_of_a_search_the_values_of_the_trial_under_the_cursor_are_seen(watched: Watched) -> None:
    content = json.loads(watched.folder.record.read_text())
    for number, each in enumerate(content["configurations"]):
        each["trial"] = {"number": number, "values": {"lr": 10**-number, "size": number}}
    watched.folder.record.write_text(json.dumps(content))

    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        assert "adam: lr 1, size 0" in screen_of(app)

        await pilot.press("down", "down", "down")
        await pilot.pause()

        assert "[red]sgd: lr 0.1, size 1" in screen_of(app)

    played(watched, scene)


def test_the_name_of_a_metric_is_whole_where_there_is_room_and_else_ends_in_an_ellipsis(watched: Watched) -> None:
    async def scene(app: WatchApp, pilot: Pilot[None]) -> None:
        table = app.query_one(RunTable)
        for metric, wanted in (("validation_loss", "validation_loss"), ("validation_" * 9, "…")):
            table.show_rows([row] if (row := table.row) is not None else [], metric)
            assert table.render_line(0).text.rstrip().endswith(wanted)

    played(watched, scene, (100, 24))
