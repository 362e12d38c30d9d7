"""Whatever the three files hold: a plan, or an ExperimentFileError that says where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mistakes import CONFIG_1, SCRIPT

from mle_toolbox.errors import ExperimentFileError, Problem
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.schema import load_schema

quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["exp.yaml", "ode", CONFIG_1, SCRIPT, "~", "..", "/", "a\0b", "00:00:01", "multiple-configs", "x" * 300]
    )
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def sections(schema: str) -> st.SearchStrategy[dict[str, Any]]:
    """Contents with the right keys and any values."""
    keys = {
        name: sorted(rules.get("properties", {})) or ["config_fnames", "num_seeds", "random_seeds"]
        for name, rules in load_schema(schema)["properties"].items()
    }
    return st.fixed_dictionaries(
        {},
        optional={
            name: st.dictionaries(st.sampled_from(inner), values, max_size=8) | values for name, inner in keys.items()
        },
    )


@pytest.mark.parametrize("file", ["exp.yaml", CONFIG_1, SCRIPT])
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
@quick
def test_any_bytes(file: str, content: bytes, project: Path) -> None:
    (project / file).write_bytes(content)

    check(project)


@pytest.mark.parametrize("file", ["exp.yaml", CONFIG_1, SCRIPT])
@given(data=st.data())
@quick
def test_any_small_change(file: str, data: st.DataObject, project: Path, repository: Path) -> None:
    text = (repository / file).read_text()
    at = data.draw(st.integers(0, len(text)))
    removed = data.draw(st.integers(0, 20))
    added = data.draw(st.text(alphabet="\"'#{}[]:,-\t\n .0e\\*&!|>%@`=()x", max_size=4))
    (project / file).write_text(text[:at] + added + text[at + removed :])

    check(project)


# What yaml gives a meaning of its own; a text of random characters hardly ever holds any of it.
tags = st.sampled_from(
    ["", "", "!!int ", "!!float ", "!!bool ", "!!null ", "!!str ", "!!binary ", "!!set ", "!x ", "!< "]
)
scalars_of_yaml = st.sampled_from(
    ['""', "'-'", "'_'", "-", "?", "0x" + "f" * 5000, "9" * 5000, "0b_", ".", ".nan", "-.inf", "1:30", "1e400", "~"]
)
others = st.sampled_from(
    ["&a ", "*a", "<<: ", "? ", ": ", "- ", "{", "}", "[", "]", ", ", "\n    ", "|\n", '"', "#", "---\n"]
)
fragments = st.builds(str.__add__, tags, scalars_of_yaml) | st.lists(others, max_size=5).map("".join)


@given(at=st.integers(0, 22), added=fragments)
@quick
def test_any_yaml_behind_any_line(at: int, added: str, project: Path, repository: Path) -> None:
    lines = (repository / "exp.yaml").read_text().splitlines()
    lines[at:at] = [f"{lines[at - 1].partition(':')[0]}: {added}" if at else added]
    del lines[max(at - 1, 0)]
    (project / "exp.yaml").write_text("\n".join(lines))

    check(project)


@given(content=sections("experiment") | values)
@quick
def test_any_data_in_the_experiment_file(content: Any, project: Path) -> None:
    (project / "exp.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    check(project)


@given(content=sections("configuration") | values)
@quick
def test_any_data_in_a_configuration(content: Any, project: Path) -> None:
    (project / CONFIG_1).write_text(json.dumps(content), encoding="utf-8")

    check(project)


def odd_places() -> list[tuple[str, Callable[[Path], object]]]:
    return [
        ("a loop of links", lambda path: path.symlink_to(path)),
        ("a link to nowhere", lambda path: path.symlink_to("nowhere")),
        ("a folder", lambda path: path.mkdir()),
        ("a device", lambda path: path.symlink_to("/dev/zero")),
    ]


@pytest.mark.parametrize("file", ["exp.yaml", CONFIG_1, SCRIPT])
@pytest.mark.parametrize(("what", "put"), odd_places(), ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_no_file_is_refused(what: str, put: Callable[[Path], object], file: str, project: Path) -> None:
    (project / file).unlink()
    put(project / file)

    refused = r"is a broken link to|cannot be read|is a folder|is not an ordinary file"
    with pytest.raises(ExperimentFileError, match=refused):
        load_plan(project / "exp.yaml")


def check(project: Path) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        plan = load_plan(project / "exp.yaml")
    except ExperimentFileError as error:
        problems = error.problems
    else:
        assert json.loads(json.dumps(plan.to_json()))["seeds"] == list(plan.seeds)
        return
    assert problems
    assert list(problems) == sorted(set(problems))
    assert not any("\n" in str(problem) for problem in problems)
