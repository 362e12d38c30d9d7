"""Which runs of an answer are of older code: what they share decides, not what only others import."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mle_toolbox.log.log_data import LogData
from mle_toolbox.log.run_record import RunRecord
from mle_toolbox.results import SeedResults
from mle_toolbox.results.code_states import CodePlace, CodeState, code_states, recorded

OLD, NEW = {"train.py": "t", "helper.py": "old"}, {"train.py": "t", "helper.py": "new"}


def run(minute: int, code: dict[str, str], **more: Any) -> RunRecord:
    """Return the record of a run that began in that minute."""
    return script_only(minute, code["train.py"])._replace(code=code, **more)


def script_only(minute: int, digest: str) -> RunRecord:
    """Return a record of a version that knew the script only."""
    return RunRecord(start=f"2026-01-02T03:{minute:02d}:00+00:00", script_sha256=digest)


def test_a_run_whose_module_has_changed_since_is_of_older_code() -> None:
    states = code_states({"a": {0: run(0, OLD), 1: run(1, NEW), 2: run(2, NEW)}, "b": {0: run(3, NEW)}})

    assert states["a"] == CodeState(3, (0,), ("helper.py",))
    assert (states["a"].word, states["b"].word) == ("mixed", "current")


def test_a_configuration_that_was_done_before_the_edit_is_older_as_a_whole() -> None:
    states = code_states({"a": {0: run(0, OLD), 1: run(1, OLD)}, "b": {0: run(2, NEW)}})

    assert (states["a"].word, states["a"].older) == ("older", (0, 1))


def test_the_newest_run_decides_also_when_an_edit_was_taken_back() -> None:
    states = code_states({"a": {0: run(0, OLD), 1: run(1, NEW), 2: run(2, OLD)}})

    assert states["a"].older == (1,)


def test_what_only_another_configuration_imports_is_no_difference() -> None:
    states = code_states(
        {"a": {0: run(0, {"train.py": "t", "net_a.py": "a"})}, "b": {0: run(1, {"train.py": "t", "net_b.py": "b"})}}
    )

    assert [state.word for state in states.values()] == ["current", "current"]


def test_a_module_that_some_seeds_import_is_no_difference() -> None:
    plots = {**NEW, "plots.py": "p"}

    states = code_states({"a": {0: run(0, plots, snapshot="s"), 1: run(1, NEW, snapshot="s"), 2: run(2, NEW)}})

    assert states["a"].word == "current"


def test_a_module_that_newer_code_imports_besides_is_a_difference() -> None:
    settings = {**NEW, "local_settings.py": "l"}
    runs = {0: run(0, NEW, snapshot="1"), 1: run(1, NEW, snapshot="1"), 2: run(2, settings, snapshot="2")}

    assert code_states({"a": runs})["a"] == CodeState(3, (0, 1), ("local_settings.py",))


def test_a_module_that_comes_from_another_place_is_a_difference() -> None:
    states = code_states(
        {"a": {0: run(0, {"train.py": "t", "lib/net.py": "1"}), 1: run(1, {"train.py": "t", "net/__init__.py": "2"})}}
    )

    assert states["a"] == CodeState(2, (0,), ("lib/net.py", "net/__init__.py"))


def test_a_record_that_knows_the_script_only_is_compared_by_it() -> None:
    place = {"a": CodePlace("project", "train.py")}

    same = code_states({"a": {0: script_only(0, "t"), 1: run(1, NEW)}}, place)
    other = code_states({"a": {0: script_only(0, "before"), 1: run(1, NEW)}}, place)
    old_only = code_states({"a": {0: script_only(0, "before"), 1: script_only(1, "t")}})

    assert same["a"].word == "current"
    assert other["a"] == CodeState(2, (0,), ("train.py",))
    assert old_only["a"] == CodeState(2, (0,), ("the script",))


def test_files_of_the_same_path_in_two_projects_have_nothing_to_do_with_each_other() -> None:
    records = {"a": {0: run(0, OLD)}, "b": {0: run(1, NEW)}}

    apart = code_states(records, {"a": CodePlace("one"), "b": CodePlace("two")})

    assert [state.word for state in apart.values()] == ["current", "current"]
    assert code_states(records)["a"].word == "older"


def test_nothing_on_record_is_neither_current_nor_older() -> None:
    states = code_states({"a": {0: RunRecord(), 1: RunRecord()}, "b": {}})

    assert (states["a"].word, states["b"].word) == (None, None)


def test_a_log_that_tells_a_digest_only_tells_that_code_differs_but_not_where() -> None:
    logs = [log_of(code_digest=digest, start=f"2026-01-0{day}") for day, digest in enumerate(["x", "y", "y"], start=1)]

    state = code_states({"a": dict(enumerate(map(recorded, logs)))})["a"]

    assert (state.older, state.files, state.word) == ((0,), (), "mixed")


def test_a_log_that_tells_the_digests_of_its_files_is_as_good_as_a_record() -> None:
    records = {0: recorded(log_of(code=OLD, start="2026-01-02T03:00:00+00:00")), 1: run(1, NEW)}

    assert code_states({"a": records})["a"] == CodeState(2, (0,), ("helper.py",))


@given(st.permutations(range(6)), st.lists(st.sampled_from([OLD, NEW]), min_size=6, max_size=6))
def test_the_order_of_runs_makes_no_difference(order: list[int], codes: list[dict[str, str]]) -> None:
    runs = {seed: run(seed, code) for seed, code in enumerate(codes)}

    state = code_states({"a": {seed: runs[seed] for seed in order}})["a"]

    assert state.older == tuple(seed for seed in range(6) if codes[seed] != codes[5])


def log_of(**attributes: Any) -> SeedResults:
    data = LogData((), ("x",), {"x": np.zeros(3)}, attributes)
    return SeedResults.from_log(__file__, ("a", 0), data)  # type: ignore[arg-type]
