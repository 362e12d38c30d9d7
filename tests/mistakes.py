"""Mistakes that people make in the three files of an experiment, each with its exact message.

A table for the tests of the loader and of the command line. Every mistake is made in a copy of the reference project
and is the only one there; messages are those seen from the project folder for ``exp.yaml``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mle_toolbox.experiment_file.schema import load_schema

__all__ = ["MISTAKES", "Mistake", "copy_reference_project"]

REPOSITORY = Path(__file__).resolve().parent.parent
CONFIG_1 = "ode/ode_int_config_1.json"
CONFIG_2 = "ode/ode_int_config_2.json"
SCRIPT = "ode/run_ode_int.py"

Edit = Callable[[str], str] | str | bytes | None


@dataclass(frozen=True)
class Mistake:
    """One mistake in the reference project."""

    name: str
    file: str
    """The file that is changed, relative to the project folder."""
    edit: Edit
    """A function from the old text to the new one, the new content, or None: the file is removed."""
    message: str
    """All that the error says."""
    arrange: Callable[[Path], object] | None = None
    """What else must be done in the project folder."""

    def make(self, project: Path) -> None:
        """Make the mistake in a copy of the reference project."""
        if self.arrange is not None:
            self.arrange(project)
        path = project / self.file
        if callable(self.edit):
            path.write_text(self.edit(path.read_text(encoding="utf-8")), encoding="utf-8")
        elif isinstance(self.edit, bytes):
            path.write_bytes(self.edit)
        elif self.edit is None:
            path.unlink()
        else:
            path.write_text(self.edit, encoding="utf-8")


def copy_reference_project(folder: Path) -> Path:
    """Copy exp.yaml and ode/ of the repository into a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPOSITORY / "exp.yaml", folder)
    shutil.copytree(REPOSITORY / "ode", folder / "ode", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def swap(old: str, new: str) -> Callable[[str], str]:
    """Return an edit that replaces the first ``old``, which must be there."""

    def edit(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return edit


def in_job(line: str) -> Callable[[str], str]:
    """Return an edit that puts a line first into single_job_args."""
    return swap("single_job_args:\n", f"single_job_args:\n    {line}\n")


def in_log(member: str) -> Callable[[str], str]:
    """Return an edit that puts a member first into log_config."""
    return swap('"log_config": {', f'"log_config": {{{member},\n    ')


def write(path: str, text: str) -> Callable[[Path], object]:
    """Return an arrangement that writes a file."""

    def arrange(project: Path) -> None:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, encoding="utf-8")

    return arrange


def copy(source: str, target: str) -> Callable[[Path], object]:
    """Return an arrangement that copies a file."""

    def arrange(project: Path) -> None:
        (project / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / source, project / target)

    return arrange


def folder(path: str) -> Callable[[Path], object]:
    """Return an arrangement that makes a folder."""
    return lambda project: (project / path).mkdir(parents=True)


def keep(text: str) -> str:
    """Change nothing: the mistake lies in the arrangement."""
    return text


_LIST = '        - "ode/ode_int_config_2.json"\n'
_JOB_KEYS = list(load_schema("experiment")["properties"]["single_job_args"]["properties"])
_SINGLE = swap('job_type: "multiple-experiments"', 'job_type: "single-experiment"')

MISTAKES = [
    # The four slips of the document's script, and others in the script.
    Mistake(
        "i_for_t",
        SCRIPT,
        swap("if (t %", "if (i %"),
        "ode/run_ode_int.py:11: undefined name 'i'. The loop variable here is 't'.",
    ),
    Mistake(
        "train_config_without_mle",
        SCRIPT,
        swap("% mle.train_config", "% train_config"),
        "ode/run_ode_int.py:11: undefined name 'train_config'. Did you mean 'mle.train_config'?",
    ),
    Mistake(
        "log_without_mle",
        SCRIPT,
        swap("mle.log.update_log", "log.update_log"),
        "ode/run_ode_int.py:14: undefined name 'log'. Did you mean 'mle.log'?",
    ),
    Mistake(
        "metrix",
        SCRIPT,
        swap('{"metric1"', '{"metrix"'),
        (
            "ode/run_ode_int.py:13: 'metrix' is logged but not tracked: what_to_track in "
            "ode/ode_int_config_1.json (and in 1 more) is ['metric1']. Did you mean 'metric1'?"
        ),
    ),
    Mistake(
        "metric_not_logged",
        CONFIG_1,
        swap('["metric1"]', '["metric1", "accuracy"]'),
        (
            "ode/run_ode_int.py:14: 'accuracy' is tracked but not logged: what_to_track in "
            "ode/ode_int_config_1.json is ['metric1', 'accuracy']."
        ),
    ),
    Mistake(
        "metric_logged_as_time",
        SCRIPT,
        swap('{"timestamp1": t+1}', '{"timestamp1": t+1, "metric1": 0}'),
        (
            "ode/run_ode_int.py:12: 'metric1' is tracked as a metric: pass it in the second "
            "dictionary of update_log; time_to_track in ode/ode_int_config_1.json (and in 1 more) "
            "is ['timestamp1']."
        ),
    ),
    Mistake(
        "numpy_not_imported",
        SCRIPT,
        swap("...", "x = np.zeros(3)"),
        "ode/run_ode_int.py:9: undefined name 'np'. Is 'import numpy as np' missing?",
    ),
    Mistake(
        "misspelt_variable",
        SCRIPT,
        swap("mle.log.update_log(time_tick, stats_tick", "mle.log.update_log(time_tick, stats_tik"),
        "ode/run_ode_int.py:14: undefined name 'stats_tik'. Did you mean 'stats_tick'?",
    ),
    Mistake(
        "syntax_error", SCRIPT, swap("num_steps):", "num_steps)"), "ode/run_ode_int.py:7: syntax error: expected ':'."
    ),
    Mistake(
        "tabs_and_blanks",
        SCRIPT,
        swap("        # Update & save the newest log\n        if", "        # Update & save the newest log\n\tif"),
        ("ode/run_ode_int.py:11: syntax error: tabs and spaces are mixed in the indentation. Use spaces only."),
    ),
    Mistake(
        "return_outside_function",
        SCRIPT,
        swap("    main(mle)", "    return main(mle)"),
        "ode/run_ode_int.py:20: syntax error: 'return' outside function.",
    ),
    Mistake(
        "missing_script",
        "exp.yaml",
        swap("ode/run_ode_int.py", "ode/run_ode.py"),
        ("exp.yaml:6: the script 'ode/run_ode.py' does not exist. Did you mean 'ode/run_ode_int.py'?"),
    ),
    Mistake(
        "script_in_missing_folder",
        "exp.yaml",
        swap("ode/run_ode_int.py", "odes/run_ode_int.py"),
        ("exp.yaml:6: the script 'odes/run_ode_int.py' does not exist. Did you mean 'ode/run_ode_int.py'?"),
    ),
    Mistake(
        "script_is_a_folder",
        "exp.yaml",
        swap("ode/run_ode_int.py", "train.py"),
        "exp.yaml:6: the script 'train.py' is a folder, not a file.",
        folder("train.py"),
    ),
    Mistake(
        "script_is_no_python",
        "exp.yaml",
        swap("ode/run_ode_int.py", "ode/run_ode_int.R"),
        "exp.yaml:6: the script 'ode/run_ode_int.R' must be a .py or .sh file.",
    ),
    # The yaml as a text.
    Mistake(
        "tab_in_yaml",
        "exp.yaml",
        swap("    num_seeds", "\tnum_seeds"),
        "exp.yaml:14: this line is indented with a tab. YAML allows only spaces there.",
    ),
    Mistake(
        "colon_missing",
        "exp.yaml",
        swap("num_seeds: 10", "num_seeds 10"),
        "exp.yaml:14: this line is not a 'key: value' pair. Is the ':' missing, or the indentation?",
    ),
    Mistake(
        "quote_not_closed",
        "exp.yaml",
        swap('job_name: "ode"', 'job_name: "ode'),
        "exp.yaml:18: the quote opened on this line is not closed on it.",
    ),
    Mistake(
        "indented_too_far",
        "exp.yaml",
        swap("    num_seeds", "      num_seeds"),
        (
            "exp.yaml:14: this line does not fit the lines above it: entries of one section or "
            "list start in the same column."
        ),
    ),
    Mistake(
        "duplicate_key_in_yaml",
        "exp.yaml",
        in_job("num_logical_cores: 4"),
        "exp.yaml:20: the key 'num_logical_cores' is already defined on line 18.",
    ),
    Mistake(
        "empty_yaml",
        "exp.yaml",
        "# nothing here\n",
        ("exp.yaml: the file is empty. Expected sections (meta_job_args, multi_experiment_args, single_job_args)."),
    ),
    Mistake(
        "list_at_top_level",
        "exp.yaml",
        "- meta_job_args\n- single_job_args\n",
        (
            "exp.yaml: the file must contain sections (meta_job_args, multi_experiment_args, "
            "single_job_args), found a list."
        ),
    ),
    Mistake(
        "no_blank_behind_colon",
        "exp.yaml",
        "meta_job_args:x\n",
        (
            "exp.yaml: the file must contain sections (meta_job_args, multi_experiment_args, "
            "single_job_args), found the text 'meta_job_args:x'. Is a space missing after a ':'?"
        ),
    ),
    Mistake(
        "yaml_in_latin_1",
        "exp.yaml",
        "# Gr\u00f6\u00dfe\n".encode("latin-1"),
        "exp.yaml:1: the byte 0xf6 is not UTF-8. Save the file as UTF-8.",
    ),
    Mistake(
        "yaml_in_utf_16",
        "exp.yaml",
        "meta_job_args:\n".encode("utf-16"),
        "exp.yaml:1: the file is encoded in UTF-16. Save it as UTF-8.",
    ),
    Mistake(
        "yaml_in_utf_16_without_a_mark",
        "exp.yaml",
        "meta_job_args:\n".encode("utf-16-le"),
        "exp.yaml:1: the file is encoded in UTF-16. Save it as UTF-8.",
    ),
    Mistake(
        "json_in_utf_32",
        CONFIG_1,
        "{}\n".encode("utf-32"),
        "ode/ode_int_config_1.json:1: the file is encoded in UTF-32. Save it as UTF-8.",
    ),
    Mistake(
        "number_of_thousands_of_digits",
        "exp.yaml",
        swap("num_seeds: 10", "num_seeds: 0x" + "f" * 6000),
        f"exp.yaml:14: the number 0x{'f' * 35}… is too large.",
    ),
    Mistake(
        "no_experiment_file",
        "exp.yaml",
        None,
        "exp.yaml: this file does not exist. Did you mean 'exp.yml'?",
        copy("exp.yaml", "exp.yml"),
    ),
    Mistake(
        "two_documents",
        "exp.yaml",
        lambda text: text + "---\na: 1\n",
        "exp.yaml:23: '---' starts a second document. The file may contain only one.",
    ),
    Mistake(
        "text_of_yaml_needs_quotes",
        "exp.yaml",
        swap('"ode"', "@ode"),
        "exp.yaml:4: found character '@', which cannot start a value in YAML. Put the text in quotes.",
    ),
    Mistake(
        "reference_in_yaml",
        "exp.yaml",
        swap('"ode"', "*ode"),
        "exp.yaml:4: '*' starts a reference in YAML. Put text that starts with it in quotes.",
    ),
    Mistake(
        "control_character_in_yaml",
        "exp.yaml",
        swap('"ode"', "ode\x07"),
        "exp.yaml:4: the character '\\x07' is not allowed in YAML. Remove it.",
    ),
    # Keys and values of the yaml.
    Mistake(
        "unknown_section",
        "exp.yaml",
        swap("single_job_args", "single_job_arg"),
        "exp.yaml:17: unknown section 'single_job_arg'. Did you mean 'single_job_args'?",
    ),
    Mistake(
        "unknown_key",
        "exp.yaml",
        swap("num_logical_cores", "num_logical_core"),
        ("exp.yaml:19: unknown key 'num_logical_core' in single_job_args. Did you mean 'num_logical_cores'?"),
    ),
    Mistake(
        "key_in_the_wrong_section",
        "exp.yaml",
        in_job("num_seeds: 3"),
        ("exp.yaml:18: unknown key 'num_seeds' in single_job_args. It belongs in multi_experiment_args."),
    ),
    Mistake(
        "missing_key",
        "exp.yaml",
        swap('    project_name: "ode"\n', ""),
        (
            "exp.yaml:3: 'project_name' in meta_job_args is missing. Name of the project, shown in "
            "tables and stored with the results."
        ),
    ),
    Mistake(
        "misspelt_required_key",
        "exp.yaml",
        swap("project_name", "projekt_name"),
        "exp.yaml:4: unknown key 'projekt_name' in meta_job_args. Did you mean 'project_name'?",
    ),
    Mistake(
        "misspelt_later_section",
        "exp.yaml",
        swap("multi_experiment_args", "multi_config_arg"),
        "exp.yaml:10: unknown section 'multi_config_arg'. Did you mean 'multi_config_args'?",
    ),
    Mistake(
        "missing_section",
        "exp.yaml",
        lambda text: text.split("# Parallel")[0],
        (
            "exp.yaml: the section 'multi_experiment_args' is missing: job_type "
            "'multiple-experiments' runs the configurations listed there in config_fnames."
        ),
    ),
    Mistake(
        "section_without_keys",
        "exp.yaml",
        lambda text: text.split("    job_name")[0],
        "exp.yaml:17: 'single_job_args' must be a section with keys, found no value (null).",
    ),
    Mistake(
        "key_of_no_section",
        "exp.yaml",
        in_job("mail: me"),
        (
            "exp.yaml:18: unknown key 'mail' in single_job_args. Valid names are "
            f"{', '.join(map(repr, _JOB_KEYS[:-1]))} and {_JOB_KEYS[-1]!r}."
        ),
    ),
    Mistake(
        "number_as_text",
        "exp.yaml",
        swap("num_seeds: 10", 'num_seeds: "10"'),
        (
            "exp.yaml:14: 'num_seeds' in multi_experiment_args must be a whole number from 1 to "
            "100000, found the text '10'. Write 10 without quotes."
        ),
    ),
    Mistake(
        "number_without_a_dot",
        "exp.yaml",
        swap("num_seeds: 10", 'num_seeds: "1e1"'),
        (
            "exp.yaml:14: 'num_seeds' in multi_experiment_args must be a whole number from 1 to "
            "100000, found the text '1e1'. Write 10 without quotes."
        ),
    ),
    Mistake(
        "text_as_number",
        "exp.yaml",
        swap('project_name: "ode"', "project_name: 17"),
        ("exp.yaml:4: 'project_name' in meta_job_args must be text on one line, found 17. Write it in quotes: \"17\"."),
    ),
    Mistake(
        "text_as_truth_value",
        "exp.yaml",
        swap('job_name: "ode"', "job_name: no"),
        (
            "exp.yaml:18: 'job_name' in single_job_args must be a name without blanks and / : @ \\ "
            "* ? that does not begin with a digit, as Grid Engine asks, found false. YAML reads "
            "yes, no, on and off without quotes as true and false. Write it in quotes."
        ),
    ),
    Mistake(
        "key_without_value",
        "exp.yaml",
        swap("num_logical_cores: 2", "num_logical_cores:"),
        (
            "exp.yaml:19: 'num_logical_cores' in single_job_args must be a whole number of at "
            "least 1, found no value (null)."
        ),
    ),
    Mistake(
        "no_seeds",
        "exp.yaml",
        swap("num_seeds: 10", "num_seeds: 0"),
        ("exp.yaml:14: 'num_seeds' in multi_experiment_args must be a whole number from 1 to 100000, found 0."),
    ),
    Mistake(
        "half_a_seed",
        "exp.yaml",
        swap("num_seeds: 10", "num_seeds: 2.5"),
        ("exp.yaml:14: 'num_seeds' in multi_experiment_args must be a whole number from 1 to 100000, found 2.5."),
    ),
    Mistake(
        "negative_seed",
        "exp.yaml",
        swap("num_seeds: 10", "random_seeds: [3, -1]"),
        (
            "exp.yaml:14: entry 2 of 'random_seeds' in multi_experiment_args must be a whole "
            "number from 0 to 4294967295, found -1."
        ),
    ),
    Mistake(
        "seed_twice",
        "exp.yaml",
        swap("num_seeds: 10", "random_seeds: [3, 4, 3]"),
        "exp.yaml:14: 'random_seeds' in multi_experiment_args contains 3 more than once.",
    ),
    Mistake(
        "seeds_disagree",
        "exp.yaml",
        swap("num_seeds: 10", "num_seeds: 10\n    random_seeds: [3, 4]"),
        ("exp.yaml:14: num_seeds is 10, but random_seeds lists 2. Make them agree, or remove num_seeds."),
    ),
    Mistake(
        "unknown_job_type",
        "exp.yaml",
        swap("multiple-experiments", "multiple-experiment"),
        (
            "exp.yaml:5: 'job_type' in meta_job_args must be one of 'single-experiment', "
            "'multiple-experiments', 'hyperparameter-search', 'single-config', 'multiple-configs', found the text "
            "'multiple-experiment'. Did you mean 'multiple-experiments'?"
        ),
    ),
    Mistake(
        "search_without_its_section",
        "exp.yaml",
        swap("multiple-experiments", "hyperparameter-search"),
        (
            "exp.yaml: the section 'param_search_args' is missing: it says what is searched, and how many trials there "
            "are.\n"
            "exp.yaml:3: 'base_train_config' in meta_job_args is missing: a search puts the values of each trial into "
            "the configuration named there."
        ),
    ),
    Mistake(
        "search_section",
        "exp.yaml",
        swap("multi_experiment_args:", "param_search_args:\n    search_type: grid\nmulti_experiment_args:"),
        (
            "exp.yaml:10: 'param_search_args' does not apply to job_type 'multiple-experiments'. Remove the section, "
            "or use 'hyperparameter-search'."
        ),
    ),
    Mistake(
        "job_type_missing",
        "exp.yaml",
        swap('    job_type: "multiple-experiments"\n', ""),
        (
            "exp.yaml:3: 'job_type' in meta_job_args is missing. Expected one of "
            "'single-experiment', 'multiple-experiments', 'hyperparameter-search', 'single-config', 'multiple-configs'."
        ),
    ),
    Mistake(
        "two_job_types",
        "exp.yaml",
        swap("    base_train", '    experiment_type: "multiple-configs"\n    base_train'),
        (
            "exp.yaml:6: 'job_type' and 'experiment_type' in meta_job_args are two names for the "
            "same setting. Remove one of them."
        ),
    ),
    Mistake(
        "single_with_a_list",
        "exp.yaml",
        _SINGLE,
        (
            "exp.yaml:11: 'config_fnames' in multi_experiment_args does not apply to job_type "
            "'single-experiment'. Name the one configuration in base_train_config, or use "
            "'multiple-experiments'."
        ),
    ),
    Mistake(
        "single_without_configuration",
        "exp.yaml",
        lambda text: _SINGLE(text).split("# Parallel")[0],
        (
            "exp.yaml:3: 'base_train_config' in meta_job_args is missing: job_type "
            "'single-experiment' runs the configuration named there."
        ),
    ),
    Mistake(
        "base_config_besides_list",
        "exp.yaml",
        swap("    experiment_dir", '    base_train_config: "ode/base.json"\n    experiment_dir'),
        (
            "exp.yaml:7: 'base_train_config' in meta_job_args does not apply to job_type "
            "'multiple-experiments'. Put the file into config_fnames, or use 'single-experiment'."
        ),
    ),
    Mistake(
        "no_configurations",
        "exp.yaml",
        lambda text: (
            text.replace('        - "ode/ode_int_config_1.json"\n', "")
            .replace(_LIST, "")
            .replace("config_fnames:", "config_fnames: []")
        ),
        (
            "exp.yaml:11: 'config_fnames' in multi_experiment_args must be a list of at least one "
            ".json or .yaml file, found an empty list."
        ),
    ),
    Mistake(
        "one_configuration_without_list",
        "exp.yaml",
        lambda text: (
            text.replace('        - "ode/ode_int_config_1.json"\n', "")
            .replace(_LIST, "")
            .replace("config_fnames:", f'config_fnames: "{CONFIG_1}"')
        ),
        (
            "exp.yaml:11: 'config_fnames' in multi_experiment_args must be a list of at least one "
            ".json or .yaml file, found the text 'ode/ode_int_config_1.json'. Write "
            '["ode/ode_int_config_1.json"].'
        ),
    ),
    Mistake(
        "known_but_not_supported",
        "exp.yaml",
        in_job('modules_to_load: "cuda/11.2"'),
        (
            "exp.yaml:18: key 'modules_to_load' in single_job_args belongs to the original mle-toolbox and is not "
            "supported (yet): load modules before you start `mle run`; seed runs get the environment of that shell."
        ),
    ),
    Mistake(
        "time_without_quotes",
        "exp.yaml",
        in_job("time_per_job: 10:30:00"),
        ('exp.yaml:18: 10:30:00 without quotes is the number 37800 in YAML. Write it in quotes: "10:30:00".'),
    ),
    Mistake(
        "time_of_other_form",
        "exp.yaml",
        in_job('time_per_job: "12h"'),
        (
            "exp.yaml:18: 'time_per_job' in single_job_args must be a time \"dd:hh:mm\" in quotes "
            '(days, hours 0 to 23, minutes 0 to 59), like "00:12:30" for twelve hours and a half, '
            "found the text '12h'."
        ),
    ),
    Mistake(
        "no_time_at_all",
        "exp.yaml",
        in_job('time_per_job: "00:00:00"'),
        "exp.yaml:18: 'time_per_job' in single_job_args must be at least one minute, found zero.",
    ),
    Mistake(
        "octal_number",
        "exp.yaml",
        swap("num_seeds: 10", "num_seeds: 010"),
        ('exp.yaml:14: 010 without quotes is the octal number 8 in YAML. Write 10, or "010" in quotes.'),
    ),
    Mistake(
        "memory_with_unit",
        "exp.yaml",
        in_job('memory_per_job: "4 cups"'),
        (
            "exp.yaml:18: 'memory_per_job' in single_job_args must be a whole number of MB, like "
            "4000, or text with a unit, like \"4G\", found the text '4 cups'."
        ),
    ),
    Mistake(
        "queue_and_partition",
        "exp.yaml",
        in_job("queue: a\n    partition: b"),
        (
            "exp.yaml:19: 'queue' and 'partition' in single_job_args are two names for the same setting. "
            "Remove one of them."
        ),
    ),
    Mistake(
        "job_name_of_grid_engine",
        "exp.yaml",
        swap('job_name: "ode"', 'job_name: "my ode"'),
        (
            "exp.yaml:18: 'job_name' in single_job_args must be a name without blanks and / : @ \\ "
            "* ? that does not begin with a digit, as Grid Engine asks, found the text 'my ode'."
        ),
    ),
    Mistake(
        "reserved_argument",
        "exp.yaml",
        in_job("extra_cmd_line_input: {seed: 3}"),
        (
            "exp.yaml:18: 'seed' is not a valid key in 'extra_cmd_line_input' in single_job_args. Expected "
            'letters, digits, "_", "-" and ".", beginning with a letter; -config, -seed and '
            "-exp_dir are given by mle-toolbox."
        ),
    ),
    Mistake(
        "argument_with_dash",
        "exp.yaml",
        in_job("extra_cmd_line_input: {-lrate: 3}"),
        (
            "exp.yaml:18: '-lrate' is not a valid key in 'extra_cmd_line_input' in single_job_args. "
            'Expected letters, digits, "_", "-" and ".", beginning with a letter; -config, -seed '
            "and -exp_dir are given by mle-toolbox."
        ),
    ),
    Mistake(
        "argument_is_a_list",
        "exp.yaml",
        in_job("extra_cmd_line_input: {layers: [3, 4]}"),
        (
            "exp.yaml:18: 'layers' in single_job_args.extra_cmd_line_input must be text, a number, "
            "true or false, found a list."
        ),
    ),
    Mistake(
        "log_equal_to_err",
        "exp.yaml",
        swap('err_file: "e-ode"', 'err_file: "l-ode"'),
        ("exp.yaml:21: log_file 'l-ode' and err_file 'l-ode' are the same file. Give them different names."),
    ),
    Mistake(
        "log_equal_to_err_on_macos",
        "exp.yaml",
        swap('err_file: "e-ode"', 'err_file: "L-ODE"'),
        (
            "exp.yaml:21: log_file 'l-ode' and err_file 'L-ODE' are the same file on file "
            "systems that ignore case. Give them different names."
        ),
    ),
    Mistake(
        "log_file_is_ours",
        "exp.yaml",
        swap('log_file: "l-ode"', 'log_file: "run.json"'),
        (
            "exp.yaml:20: 'log_file' in single_job_args: 'run.json' is the name of a "
            "file that mle-toolbox itself writes there. Choose another name."
        ),
    ),
    Mistake(
        "log_file_is_a_path",
        "exp.yaml",
        swap('log_file: "l-ode"', 'log_file: "logs/l-ode"'),
        (
            "exp.yaml:20: 'log_file' in single_job_args must be the plain name of a file, without "
            '"/" and not beginning with ".", found the text \'logs/l-ode\'.'
        ),
    ),
    # Where the results go.
    Mistake(
        "results_into_a_file",
        "exp.yaml",
        swap("experiments/", "ode/run_ode_int.py"),
        (
            "exp.yaml:7: experiment_dir 'ode/run_ode_int.py' is a file, not a folder. Name another "
            "folder or move the file away."
        ),
    ),
    Mistake(
        "results_below_a_file",
        "exp.yaml",
        swap("experiments/", "exp.yaml/results"),
        (
            "exp.yaml:7: experiment_dir 'exp.yaml' in 'exp.yaml/results' is a file, not a folder. "
            "Name another folder or move the file away."
        ),
    ),
    Mistake(
        "results_swallow_the_project",
        "exp.yaml",
        swap("experiments/", "."),
        (
            "exp.yaml:7: experiment_dir '.' also contains the experiment file 'exp.yaml'. Results "
            "need a folder of their own, such as 'experiments/'."
        ),
    ),
    Mistake(
        "results_into_a_profile",
        "exp.yaml",
        swap("experiments/", "./local/results"),
        (
            "exp.yaml:7: experiment_dir 'local' is a name that mle-toolbox or Snakemake uses in this "
            "folder. Choose another name."
        ),
    ),
    Mistake(
        "results_swallow_the_script",
        "exp.yaml",
        swap("experiments/", "ode"),
        (
            "exp.yaml:7: experiment_dir 'ode' also contains the script 'ode/run_ode_int.py'. Results "
            "need a folder of their own, such as 'experiments/'."
        ),
    ),
    Mistake(
        "results_of_another_experiment",
        "exp.yaml",
        keep,
        ("exp.yaml:7: experiment_dir 'experiments' already holds the results of 'other.yaml'. Name another folder."),
        lambda project: (
            copy("exp.yaml", "other.yaml")(project),
            write("experiments/experiment.json", '{"experiment_file": "../other.yaml"}')(project),
        ),
    ),
    Mistake(
        "results_of_a_lost_experiment",
        "exp.yaml",
        keep,
        (
            "exp.yaml:7: experiment_dir 'experiments' already holds the results of 'old.yaml'. That file "
            "no longer exists: if it is an older name of this one, remove experiment.json there."
        ),
        write("experiments/experiment.json", '{"experiment_file": "../old.yaml"}'),
    ),
    # Which configurations.
    Mistake(
        "missing_configuration",
        "exp.yaml",
        swap("config_2.json", "config_3.json"),
        (
            "exp.yaml:13: the configuration 'ode/ode_int_config_3.json' does not exist. Did you "
            "mean 'ode/ode_int_config_2.json'?"
        ),
    ),
    Mistake(
        "configuration_is_a_folder",
        "exp.yaml",
        swap(CONFIG_2, "ode/x.json"),
        "exp.yaml:13: the configuration 'ode/x.json' is a folder, not a file.",
        folder("ode/x.json"),
    ),
    Mistake(
        "configuration_is_no_json",
        "exp.yaml",
        swap(CONFIG_2, "ode/run_ode_int.py"),
        "exp.yaml:13: the configuration 'ode/run_ode_int.py' must be a .json, .yaml or .yml file.",
    ),
    Mistake(
        "configuration_twice",
        "exp.yaml",
        swap(_LIST, _LIST.replace("_2", "_1")),
        ("exp.yaml:13: the configuration 'ode/ode_int_config_1.json' is listed twice. Remove one of them."),
    ),
    Mistake(
        "configuration_twice_by_two_names",
        "exp.yaml",
        swap(_LIST, _LIST.replace("ode/", "ode/../ode/").replace("_2", "_1")),
        (
            "exp.yaml:13: the configuration 'ode/../ode/ode_int_config_1.json' and 'ode/ode_int_config_1.json' "
            "are the same file. Remove one of them."
        ),
    ),
    Mistake(
        "configuration_is_a_link_to_nowhere",
        CONFIG_1,
        None,
        ("exp.yaml:12: the configuration 'ode/linked.json' is a broken link to 'gone.json'."),
        lambda project: (
            (project / "ode" / "linked.json").symlink_to("gone.json"),
            (project / "exp.yaml").write_text(swap(CONFIG_1, "ode/linked.json")((project / "exp.yaml").read_text())),
        ),
    ),
    Mistake(
        "configuration_that_repeats_itself",
        "exp.yaml",
        swap(CONFIG_2, f"ode/lr_1{'0' * 20}.json"),
        (
            f"exp.yaml:13: the configuration 'ode/lr_1{'0' * 20}.json' cannot have this name: it ends with '0' "
            "repeated 20 times or more, which Snakemake takes for an endless loop. Rename the file."
        ),
        copy(CONFIG_2, f"ode/lr_1{'0' * 20}.json"),
    ),
    Mistake(
        "two_configurations_of_one_name",
        "exp.yaml",
        swap(CONFIG_2, "b/ode_int_config_1.json"),
        (
            "exp.yaml:13: the configuration 'b/ode_int_config_1.json' would have the same results "
            "folder as 'ode/ode_int_config_1.json': 'ode_int_config_1'. Rename one of the files."
        ),
        copy(CONFIG_2, "b/ode_int_config_1.json"),
    ),
    Mistake(
        "configuration_called_as_our_file",
        "exp.yaml",
        swap(CONFIG_2, "ode/results.h5.json"),
        (
            "exp.yaml:13: the configuration 'ode/results.h5.json' cannot have this name: its results "
            "folder would be called 'results.h5', which is the name of a file that mle-toolbox writes. Rename the file."
        ),
        copy(CONFIG_2, "ode/results.h5.json"),
    ),
    # The json as a text.
    Mistake(
        "trailing_comma",
        CONFIG_1,
        swap('"overwrite_experiment_dir": 1}', '"overwrite_experiment_dir": 1,}'),
        "ode/ode_int_config_1.json:15: trailing comma before '}'. Remove the comma.",
    ),
    Mistake(
        "comma_missing",
        CONFIG_1,
        swap('"num_steps": 1000,', '"num_steps": 1000'),
        'ode/ode_int_config_1.json:4: a comma is missing before "log_every_steps": 10}.',
    ),
    Mistake(
        "bracket_not_closed",
        CONFIG_1,
        swap('"log_every_steps": 10}', '"log_every_steps": 10'),
        ("ode/ode_int_config_1.json:1: the '{' opened here is never closed: '}' is missing."),
    ),
    Mistake(
        "single_quotes",
        CONFIG_1,
        swap('"tb"', "'tb'"),
        'ode/ode_int_config_1.json:11: text must be in double quotes: "tb".',
    ),
    Mistake(
        "key_without_quotes",
        CONFIG_1,
        swap('"num_steps"', "num_steps"),
        'ode/ode_int_config_1.json:4: keys must be in double quotes: "num_steps".',
    ),
    Mistake(
        "duplicate_key_in_json",
        CONFIG_2,
        swap('"num_steps": 1000,', '"num_steps": 1000,\n "learning_rate": 1,'),
        "ode/ode_int_config_2.json:5: the key 'learning_rate' is already defined on line 3.",
    ),
    Mistake(
        "not_a_number",
        CONFIG_1,
        swap("3e-04", "NaN"),
        ("ode/ode_int_config_1.json:3: NaN is not a number in JSON. Write a finite number or null."),
    ),
    Mistake(
        "number_of_python",
        CONFIG_1,
        swap("3e-04", ".0003"),
        "ode/ode_int_config_1.json:3: .0003 is not a number in JSON. Write 0.0003.",
    ),
    Mistake(
        "python_true",
        CONFIG_1,
        swap('"overwrite_experiment_dir": 1', '"overwrite_experiment_dir": True'),
        "ode/ode_int_config_1.json:15: expected true as JSON spells it, found True.",
    ),
    Mistake("empty_json", CONFIG_1, "", "ode/ode_int_config_1.json:1: the file is empty. Expected an object: { … }."),
    Mistake(
        "json_is_a_list",
        CONFIG_1,
        "[1, 2]",
        (
            "ode/ode_int_config_1.json:1: the file must contain an object { … } with the sections "
            "train_config and log_config, found a list."
        ),
    ),
    Mistake(
        "json_in_latin_1",
        CONFIG_1,
        '{"train_config": {"x": "\u00e9"}}'.encode("latin-1"),
        "ode/ode_int_config_1.json:1: the byte 0xe9 is not UTF-8. Save the file as UTF-8.",
    ),
    Mistake(
        "comment_of_c",
        CONFIG_1,
        swap("# Net", "/* Net */ # Net"),
        "ode/ode_int_config_1.json:6: only '#' and '//' start a comment.",
    ),
    # Sections and values of the json.
    Mistake(
        "section_missing",
        CONFIG_1,
        lambda text: text.split("# Logging")[0].rstrip().rstrip(",") + "}",
        (
            "ode/ode_int_config_1.json:1: 'log_config' is missing. What is logged, what is "
            "printed, and what happens to an existing log."
        ),
    ),
    Mistake(
        "misspelt_section",
        CONFIG_1,
        swap('"train_config"', '"train_confg"'),
        (
            "ode/ode_int_config_1.json:3: 'train_config' is missing, and 'train_confg' is not "
            "a known name. Did you mean 'train_config'?"
        ),
    ),
    Mistake(
        "misspelt_optional_section",
        CONFIG_1,
        swap('"net_config"', '"net_cfg"'),
        "ode/ode_int_config_1.json:7: unknown section 'net_cfg'. Did you mean 'net_config'?",
    ),
    Mistake(
        "two_names_of_net_config",
        CONFIG_1,
        swap('"net_config": {}', '"net_config": {}, "model_config": {}'),
        (
            "ode/ode_int_config_1.json:7: net_config and model_config are two names for the same section. "
            "Remove one of them."
        ),
    ),
    Mistake(
        "wrong_type_deep_inside",
        CONFIG_1,
        swap('["metric1"]', '["metric1",\n  7]'),
        (
            "ode/ode_int_config_1.json:11: entry 2 of 'what_to_track' in log_config must be a "
            'name, found 7. Write it in quotes: "7".'
        ),
    ),
    Mistake(
        "name_instead_of_list",
        CONFIG_1,
        swap('"what_to_track": ["metric1"]', '"what_to_track": "metric1"'),
        (
            "ode/ode_int_config_1.json:10: 'what_to_track' in log_config must be a list of at "
            "least one name, found the text 'metric1'. Write [\"metric1\"]."
        ),
    ),
    Mistake(
        "nothing_tracked",
        CONFIG_1,
        swap('"what_to_track": ["metric1"]', '"what_to_track": []'),
        (
            "ode/ode_int_config_1.json:10: 'what_to_track' in log_config must be a list of at "
            "least one name, found an empty list."
        ),
    ),
    Mistake(
        "tracked_twice",
        CONFIG_1,
        swap('"what_to_track": ["metric1"]', '"what_to_track": ["metric1", "metric1"]'),
        ("ode/ode_int_config_1.json:10: 'what_to_track' in log_config contains 'metric1' more than once."),
    ),
    Mistake(
        "time_and_metric",
        CONFIG_1,
        swap('"time_to_track": ["timestamp1"]', '"time_to_track": ["timestamp1", "metric1"]'),
        (
            "ode/ode_int_config_1.json:10: 'metric1' is in both time_to_track and what_to_track. A "
            "name is either a time or a metric."
        ),
    ),
    Mistake(
        "printed_but_not_tracked",
        CONFIG_1,
        swap('"what_to_print": ["metric1"]', '"what_to_print": ["metrik1"]'),
        (
            "ode/ode_int_config_1.json:13: 'metrik1' of 'what_to_print' in log_config is not "
            "tracked: what_to_track lists 'metric1'. Did you mean 'metric1'?"
        ),
    ),
    Mistake(
        "unknown_log_key",
        CONFIG_1,
        swap("print_every_k_updates", "print_every_k_update"),
        (
            "ode/ode_int_config_1.json:14: unknown key 'print_every_k_update' in log_config. Did "
            "you mean 'print_every_k_updates'?"
        ),
    ),
    Mistake(
        "log_key_not_supported",
        CONFIG_1,
        in_log('"config_dict": {"a": 1}'),
        (
            "ode/ode_int_config_1.json:9: key 'config_dict' in log_config belongs to the original "
            "mle-toolbox and is not supported (yet)."
        ),
    ),
    Mistake(
        "print_every_zero",
        CONFIG_1,
        swap('"print_every_k_updates": 10', '"print_every_k_updates": 0'),
        (
            "ode/ode_int_config_1.json:14: 'print_every_k_updates' in log_config must be a whole "
            "number of at least 1, found 0."
        ),
    ),
    Mistake(
        "overwrite_as_text",
        CONFIG_1,
        swap('"overwrite_experiment_dir": 1', '"overwrite_experiment_dir": "yes"'),
        (
            "ode/ode_int_config_1.json:15: 'overwrite_experiment_dir' in log_config must be 0, 1, "
            "true or false, found the text 'yes'."
        ),
    ),
    Mistake(
        "tboard_is_a_path",
        CONFIG_1,
        swap('"tb"', '"../tb"'),
        (
            "ode/ode_int_config_1.json:11: 'tboard_fname' in log_config must be a plain name, "
            'without "/" and not beginning with ".", or null, found the text \'../tb\'.'
        ),
    ),
    Mistake(
        "braces in the name of the results folder",
        "exp.yaml",
        swap('"experiments/"', '"runs{1}/"'),
        "exp.yaml:7: experiment_dir 'runs{1}' contains braces, which Snakemake reads as wildcards. "
        "Choose another name.",
    ),
    Mistake(
        "braces in the name of a log file",
        "exp.yaml",
        swap('"l-ode"', '"l-{seed}"'),
        "exp.yaml:20: 'log_file' in single_job_args: 'l-{seed}' contains braces, which Snakemake reads as wildcards. "
        "Choose another name.",
    ),
    Mistake(
        "what Snakemake takes for a variable in the name of the results folder",
        "exp.yaml",
        swap('"experiments/"', '"runs<name>/"'),
        "exp.yaml:7: experiment_dir 'runs<name>' contains '<name>', which Snakemake reads as a variable. "
        "Choose another name.",
    ),
]
