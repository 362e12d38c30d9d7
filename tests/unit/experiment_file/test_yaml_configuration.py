"""Configurations in YAML: what a value means, and every mistake with its exact message."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.configuration_reader import read_configuration
from mle_toolbox.experiment_file.configuration_text import parse_configuration
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.yaml_file import parse_yaml
from mle_toolbox.experiment_file.yaml_scalars import PlainTextError, value_of

VALID = """\
train_config:
  lrate: 0.1
log_config:
  time_to_track: [t]
  what_to_track: [loss]
"""


def written(value: str) -> str:
    return VALID.replace("0.1", value)


# What the original mle-toolbox reads: PyYAML's SafeLoader, and this rule for floats (facts, in our words).
class OriginalLoader(yaml.SafeLoader):
    """Reads as the original does."""


OriginalLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?$|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$|\.[0-9_]+(?:[eE][-+][0-9]+)?$"
    ),
    list("-+0123456789."),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5e-04", 5e-04),
        ("1e-5", 1e-5),
        ("1E5", 1e5),
        ("-3e8", -3e8),
        ("1e3", 1000.0),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1_000", 1000),
        ("0.000_1", 0.0001),
        ("+5", 5),
        ("-0.0", -0.0),
        ("0x1F", 31),
        ("0b101", 5),
        ("9" * 400, int("9" * 400)),
        ("~", None),
        ("null", None),
        ("", None),
        ("true", True),
        ("False", False),
        ("y", "y"),
        ("n", "n"),
        ("e5", "e5"),
        ("1.2.3", "1.2.3"),
        ("64,64", "64,64"),
        ("64 64", "64 64"),
        ("10k", "10k"),
        ("50%", "50%"),
        ("00:01:00", "00:01:00"),
        ("http://x/y", "http://x/y"),
        ("C:\\data", "C:\\data"),
        ("a@b*c%", "a@b*c%"),
        ("'1e-5'", "1e-5"),
        ('"5 e-4"', "5 e-4"),
        ('"yes"', "yes"),
        ('"\\ud83d\\ude00"', "😀"),
        ("[1e-3, 1e-4]", [1e-3, 1e-4]),
        ("{a: 1, b: {c: x}}", {"a": 1, "b": {"c": "x"}}),
        ("!!str 5", "5"),
        ("!!float 5", 5.0),
    ],
)
def test_a_value_is_what_the_original_reads(text: str, value: Any) -> None:
    found = parse_configuration(written(text), "c.yaml").content["train_config"]["lrate"]

    original = yaml.load(written(text), Loader=OriginalLoader)["train_config"]["lrate"]
    assert repr(found) == repr(value)
    assert repr(original) == repr(value) or "ud83d" in text


@pytest.mark.parametrize(
    ("text", "value"), [("-.5", -0.5), (".5e3", 500.0), ("2024-01-01", "2024-01-01"), ("2024-01-01 10:00:00", None)]
)
def test_where_the_original_reads_something_odd_the_obvious_is_read(text: str, value: Any) -> None:
    found = parse_configuration(written(text), "c.yaml").content["train_config"]["lrate"]

    assert found == (text if value is None else value)


MINUS = "\N{MINUS SIGN}"
MISTAKES = {
    "5 e-4": '5 e-4 without quotes is text in YAML, because of the space in it. Write 5e-4, or "5 e-4" in quotes.',
    f"5e{MINUS}4": f"5e{MINUS}4 without quotes is text in YAML, because of the character '{MINUS}' (U+2212). "
    f'Write 5e-4, or "5e{MINUS}4" in quotes.',
    "1e-3.": "1e-3. without quotes is text in YAML, because of the '.' at its end. Write 1e-3, or \"1e-3.\" in quotes.",
    "10^-3": '10^-3 without quotes is text in YAML: nothing is computed. Write the number, or "10^-3" in quotes.',
    "2**10": '2**10 without quotes is text in YAML: nothing is computed. Write the number, or "2**10" in quotes.',
    "0.1,": '0.1, without quotes is text in YAML, because of the comma at its end. Write 0.1, or "0.1," in quotes.',
    "0.1# why": "0.1# why without quotes is text in YAML: a comment needs a space before its '#'. Write 0.1 #…, or "
    '"0.1# why" in quotes.',
    "0.1 // why": "0.1 // why without quotes is text in YAML: only '#' begins a comment. Write 0.1 #…, or "
    '"0.1 // why" in quotes.',
    "yes": 'yes without quotes is true for some readers of YAML, and text for others. Write true, or "yes" in quotes.',
    "Off": "Off without quotes is false for some readers of YAML, and text for others. "
    'Write false, or "Off" in quotes.',
    "None": 'None without quotes is text in YAML. Write null, or "None" in quotes.',
    "nan": 'nan without quotes is text in YAML. Write a finite number or null, or "nan" in quotes.',
    "-Infinity": '-Infinity without quotes is text in YAML. Write a finite number or null, or "-Infinity" in quotes.',
    ".nan": ".nan is not a finite number. Write a finite number or null.",
    "-.inf": "-.inf is not a finite number. Write a finite number or null.",
    "!!float .inf": ".inf is not a finite number. Write a finite number or null.",
    "1e999": "the number 1e999 is too large.",
    "9" * 5000: f"the number {'9' * 37}… is too large.",
    "012": '012 without quotes is the octal number 10 in YAML. Write 12, or "012" in quotes.',
    "08": '08 without quotes is the number 8 in YAML 1.2, and text in YAML 1.1. Write 8, or "08" in quotes.',
    "0o17": '0o17 without quotes is the octal number 15 in YAML 1.2, and text in YAML 1.1. Write 15, or "0o17" in '
    "quotes.",
    "1:30": '1:30 without quotes is the number 90 in YAML. Write it in quotes: "1:30".',
    "2020_01_01": "2020_01_01 without quotes is the number 20200101 in YAML. "
    'Write 20200101, or "2020_01_01" in quotes.',
    "*all": "'*' starts a reference in YAML. Put text that starts with it in quotes.",
    "*": "'*' and '&' start a reference in YAML. Put text that starts with one in quotes.",
    "%d": "found character '%', which cannot start a value in YAML. Put the text in quotes.",
    "@home": "found character '@', which cannot start a value in YAML. Put the text in quotes.",
    "!important": "'!important' is a tag in YAML, which is not supported. Put text that starts with '!' in quotes.",
    "!!python/object/apply:os.system [ls]": "the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not "
    "supported. Remove it.",
    "!!binary aGVsbG8=": "'aGVsbG8=' has the tag 'tag:yaml.org,2002:binary', which is not supported.",
    "{{x}}": "a key must be plain text. Put text that contains braces in quotes.",
    "{a:1, b: 2}": "a space is missing after the ':' in 'a:1'.",
    "{a, b}": "the key 'a' has no value. Write null, or a list in square brackets: [ … ].",
    '"x",': "the comma at the end of this line is not YAML. Remove it.",
    '"C:\\data"': "a backslash in double quotes starts an escape. Write it twice, or use single quotes.",
    "'x": "the quote opened here is never closed.",
    "- 0.1": "an entry of a list ('- …') must start on a line of its own.",
    "[" * 150 + "]" * 150: "entries are nested too deeply or repeated too often.",
    "0.1\n    momentum 0.9": "this number goes on in the next line. Is a ':' missing there?",
}


@pytest.mark.parametrize(("value", "message"), MISTAKES.items(), ids=lambda text: text[:30])
def test_a_mistaken_value_is_reported_exactly(value: str, message: str) -> None:
    with pytest.raises(ExperimentFileError) as caught:
        parse_configuration(written(value), "c.yaml")

    assert message in [problem.message for problem in caught.value.problems]
    assert {(problem.file, problem.line) for problem in caught.value.problems} == {("c.yaml", 2)}


SECTIONS = "sections, such as 'train_config:' with its keys in the lines below"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            VALID.replace("  lrate", "\tlrate"),
            "c.yaml:2: this line is indented with a tab. YAML allows only spaces there.",
        ),
        (VALID + "train_config: {}\n", "c.yaml:6: the key 'train_config' is already defined on line 1."),
        (
            VALID.replace("lrate: 0.1", "a: 3\n  lrate:0.1"),
            "c.yaml:3: a space is missing after the ':' in 'lrate:0.1'.",
        ),
        (
            VALID.replace("lrate: 0.1", "lrate:0.1\n  a: 3"),
            "c.yaml:2: a space is missing after the ':' in 'lrate:0.1'.",
        ),
        (
            VALID.replace("lrate: 0.1", "lrate:0.1"),
            "c.yaml:1: 'train_config' must be a section with keys, found the text 'lrate:0.1'. "
            "Is a space missing after the ':'?",
        ),
        (
            VALID.replace("[t]", "\n    -t"),
            "c.yaml:4: 'time_to_track' in log_config must be a list of at least one name, found the text '-t'. "
            "Is a space missing after the '-'?",
        ),
        (VALID.replace("lrate:", "1:"), 'c.yaml:2: the key 1 is not text in YAML. Write it in quotes: "1".'),
        (VALID.replace("lrate:", "true:"), 'c.yaml:2: the key true is not text in YAML. Write it in quotes: "true".'),
        (VALID.replace("lrate:", "~:"), 'c.yaml:2: the key ~ is not text in YAML. Write it in quotes: "~".'),
        (VALID.replace("lrate:", "<<:"), "c.yaml:2: '<<' merges a section into this one. Write '<<: *name'."),
        (VALID + "---\n" + VALID, "c.yaml:6: '---' starts a second document. The file may contain only one."),
        (
            VALID.replace("  what", " what"),
            "c.yaml:5: this line does not fit the lines above it: entries of one section or list start in the same "
            "column.",
        ),
        ("", f"c.yaml:1: the file is empty. Expected {SECTIONS}."),
        ("# later\n---\n", f"c.yaml:1: the file is empty. Expected {SECTIONS}."),
        ("- a\n", f"c.yaml:1: the file must contain {SECTIONS}, found a list."),
        (
            "\nlr:0.1\n",
            f"c.yaml:2: the file must contain {SECTIONS}, found the text 'lr:0.1'. Is a space missing after the ':'?",
        ),
        (
            VALID.replace("train_config", "train_confg"),
            "c.yaml:1: 'train_config' is missing, and 'train_confg' is not a known name. Did you mean 'train_config'?",
        ),
        (
            VALID.replace("[loss]", "loss"),
            "c.yaml:5: 'what_to_track' in log_config must be a list of at least one name, found the text 'loss'. "
            'Write ["loss"].',
        ),
        (
            '{"train_config": {}, // none\n"log_config": {}}',
            "c.yaml:1: this is JSON with comments, not YAML. Rename the file to c.json.",
        ),
    ],
)
def test_a_mistaken_file_is_reported_exactly(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")

    problems = read_configuration(tmp_path / "c.yaml", Path("c.yaml"), "c.yaml").problems

    assert [str(problem) for problem in problems] == [message]


def test_without_sections_a_group_is_not_taken_for_one_that_is_misspelt(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("lrate: 0.1\nes_config: {sigma_init: 0.05}\n")

    problems = read_configuration(tmp_path / "c.yaml", Path("c.yaml"), "c.yaml").problems

    assert [str(each).partition(". ")[0] for each in problems] == ["c.yaml:1: the file has no sections"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"train_config:\n  name: caf\xe9\n", "c.yaml:2: the byte 0xe9 is not UTF-8. Save the file as UTF-8."),
        (VALID.encode("utf-16"), "c.yaml:1: the file is encoded in UTF-16. Save it as UTF-8."),
    ],
)
def test_a_file_in_another_encoding_is_reported(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(data)

    problems = read_configuration(tmp_path / "c.yaml", Path("c.yaml"), "c.yaml").problems

    assert [str(problem) for problem in problems] == [message]


@pytest.mark.parametrize("start", ["", "\ufeff", "# a comment\n", "---\n", "%YAML 1.2\n---\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_marks_comments_and_line_ends_change_nothing(start: str, line_end: str, tmp_path: Path) -> None:
    text = (start + VALID + "...\n").replace("\n", line_end)
    (tmp_path / "c.yaml").write_bytes(text.encode())

    read = read_configuration(tmp_path / "c.yaml", Path("c.yaml"), "c.yaml")

    assert read.problems == ()
    assert read.configuration is not None
    assert read.configuration.content["train_config"] == {"lrate": 0.1}


def test_references_and_merges_are_written_out_and_own_keys_win() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {<<: *a, y: 3}\nc: {<<: [*b, *a], z: *a}\nd: {y: 0, <<: *a}\n"

    content = parse_configuration(text, "c.yaml").content

    assert content == yaml.safe_load(text)
    assert content["c"] == {"x": 1, "y": 3, "z": {"x": 1, "y": 2}}


@pytest.mark.parametrize("entry", ["[{}]", "{{<<: [{}]}}"])
def test_references_that_multiply_are_refused_in_time(entry: str) -> None:
    levels = ["a0: &a0 {x: 1}"]
    levels += [f"a{n}: &a{n} {entry.format(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, 20)]

    with pytest.raises(ExperimentFileError, match="repeated too often"):
        parse_configuration("\n".join(levels), "c.yaml")


def test_a_long_text_that_is_repeated_is_refused() -> None:
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]\n"

    with pytest.raises(ExperimentFileError, match="repeated too often"):
        parse_configuration(text, "c.yaml")


@pytest.mark.parametrize("deep", ["[" * 100_000, "- " * 100_000, "? " * 100_000, "{a: " * 50_000])
def test_any_depth_is_an_error_and_no_crash(deep: str) -> None:
    with pytest.raises(ExperimentFileError):
        parse_configuration(f"a: 1\nb:\n  {deep}", "c.yaml")


plain_words = st.text(alphabet="0123456789_.+-eExXobn:~ yslN,", min_size=1, max_size=9).map(str.strip).filter(bool)


@given(text=plain_words | st.from_regex(r"[-+]?[0-9_]{0,4}\.?[0-9_]{0,3}([eE][-+]?[0-9]{1,3})?", fullmatch=True))
@settings(max_examples=400, deadline=None)
def test_a_value_is_that_of_the_original_or_a_mistake_or_a_number_that_the_original_misses(text: str) -> None:
    try:
        found = value_of(text, strict=True)
        original = yaml.load(f"- {text}", Loader=OriginalLoader)[0]
    except (PlainTextError, yaml.YAMLError, ValueError, OverflowError):
        return

    if repr(found) != repr(original) and not isinstance(original, list | dict) and "._" not in text:
        assert isinstance(found, float) or "-" in text  # -.5 or .5e3, and dates
        assert isinstance(found, str) or found == float(text.replace("_", ""))


@given(text=plain_words)
@settings(max_examples=400, deadline=None)
def test_an_experiment_file_is_read_as_before_but_for_numbers_with_an_exponent(text: str) -> None:
    try:
        before = yaml.safe_load(f"- {text}")
        now = parse_yaml(f"- {text}", "exp.yaml").data
    except (ExperimentFileError, yaml.YAMLError, ValueError):
        return

    if repr(now) != repr(before) and not isinstance(now[0], list | dict) and "-" not in text:  # no date
        assert isinstance(now[0], float)
        assert now[0] == float(text.replace("_", ""))


def test_numbers_of_an_experiment_file_may_have_an_exponent_but_its_names_and_arguments_stay_as_written(
    project: Path,
) -> None:
    text = (project / "exp.yaml").read_text()
    text = text.replace("num_seeds: 10", "num_seeds: 1e1").replace(
        "single_job_args:\n", "single_job_args:\n    extra_cmd_line_input: {lr: 1e-5, on: 3}\n"
    )
    (project / "exp.yaml").write_text(re.sub(r"project_name: .*", "project_name: 1e5", text))

    plan = load_plan("exp.yaml")

    assert plan.seeds == tuple(range(10))
    assert plan.extra_arguments == ("-lr=1e-5", "-on", "3")
    assert plan.project_name == "1e5"


def test_a_json_file_with_yaml_in_it_is_called_that(project: Path) -> None:
    (project / "ode/ode_int_config_1.json").write_text("# mine\n" + VALID)

    with pytest.raises(ExperimentFileError) as caught:
        load_plan("exp.yaml")

    message = "this is YAML, not JSON. Rename the file to ode_int_config_1.yaml."
    assert str(caught.value) == f"ode/ode_int_config_1.json:1: {message}"


def test_a_configuration_in_yaml_makes_the_same_plan(project: Path) -> None:
    before = load_plan("exp.yaml")
    content = json.loads(json.dumps(before.to_json()["configurations"][0]["content"]))
    (project / "ode/ode_int_config_1.json").unlink()
    (project / "ode/ode_int_config_1.yml").write_text(yaml.safe_dump(content))
    file = project / "exp.yaml"
    file.write_text(file.read_text().replace("ode_int_config_1.json", "ode_int_config_1.yml"))

    plan = load_plan("exp.yaml")

    assert plan.seed_runs == before.seed_runs
    for name in ("ode_int_config_1", "ode_int_config_2"):
        assert plan.identity(name) == before.identity(name)
        assert plan.configuration(name).digest == before.configuration(name).digest


def test_a_json_and_a_yaml_of_one_name_cannot_both_be_listed(project: Path) -> None:
    (project / "ode/ode_int_config_1.yaml").write_text(VALID)
    file = project / "exp.yaml"
    file.write_text(file.read_text().replace("ode_int_config_2.json", "ode_int_config_1.yaml"))

    with pytest.raises(ExperimentFileError) as caught:
        load_plan("exp.yaml")

    assert str(caught.value) == (
        "exp.yaml:13: the configuration 'ode/ode_int_config_1.yaml' would have the same results folder as "
        "'ode/ode_int_config_1.json': 'ode_int_config_1'. Rename one of the files."
    )


def test_a_yaml_in_place_of_the_named_json_is_suggested(project: Path) -> None:
    (project / "ode/ode_int_config_1.json").rename(project / "ode/ode_int_config_1.yaml")

    with pytest.raises(ExperimentFileError, match=r"json' does not exist. Did you mean 'ode/ode_int_config_1.yaml'\?"):
        load_plan("exp.yaml")


SEARCH = """\
meta_job_args:
  project_name: search
  job_type: hyperparameter-search
  base_train_fname: ode/run_ode_int.py
  base_train_config: base.yaml
  experiment_dir: experiments/
param_search_args:
  search_logging:
    max_objective: no
    eval_metrics: loss
  search_resources: {num_search_batches: 1, num_evals_per_batch: 6, num_seeds_per_eval: 1}
  search_config:
    search_type: Grid
    search_params:
      categorical:
        lrate: [0.0, 1e-5, 5E-04]
      real:
        momentum: {begin: 1e-2, end: 3e-2, bins: 2}
"""


def search(project: Path, text: str) -> Path:
    (project / "base.yaml").write_text(VALID.replace("lrate: 0.1", "lrate: 0.1\n  momentum: 0.9"))
    (project / "exp.yaml").write_text(text)
    return project / "exp.yaml"


def test_numbers_of_a_search_may_have_an_exponent(project: Path) -> None:
    plan = load_plan(search(project, SEARCH), check_sources=False)

    found = [dict(each.content["train_config"]) for each in plan.configurations]
    assert [(each["lrate"], each["momentum"]) for each in found] == [
        (lrate, momentum) for lrate in (0.0, 1e-5, 5e-4) for momentum in (0.01, 0.03)
    ]
    assert {each.path.suffix for each in plan.configurations} == {".yaml"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            "[0.0, 1 e-5]",
            '1 e-5 without quotes is text in YAML, because of the space in it. Write 1e-5, or "1 e-5" in quotes.',
        ),
        (
            "[yes, no]",
            'yes without quotes is true for some readers of YAML, and text for others. Write true, or "yes" in quotes.',
        ),
        ("[.inf]", ".inf is not a finite number. Write a finite number or null."),
    ],
)
def test_the_values_of_a_search_are_read_strictly(values: str, message: str, project: Path) -> None:
    file = search(project, SEARCH.replace("[0.0, 1e-5, 5E-04]", values))

    with pytest.raises(ExperimentFileError) as caught:
        load_plan(file, check_sources=False)

    assert message in [problem.message for problem in caught.value.problems]
    assert {problem.line for problem in caught.value.problems} == {16}
