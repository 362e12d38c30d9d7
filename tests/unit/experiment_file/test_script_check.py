"""What is said about scripts, and above all what is not: a false alarm would keep a good script from running."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from mle_toolbox.errors import ExperimentFileError
from mle_toolbox.experiment_file.loader import load_plan
from mle_toolbox.experiment_file.shell_check import check_shell_script

CONFIG = "ode/ode_int_config_1.json"
SCRIPT = "ode/run_ode_int.py"

GOOD = {
    "no MLExperiment in sight": "from helper import main\nmain()",
    "names from a star import": "from numpy import *\nprint(zeros(3), i)",
    "metrics that are measured now and then": """\
        from mle_toolbox import MLExperiment
        mle = MLExperiment()
        mle.update_log({"timestamp1": 1}, {})
        mle.update_log({"timestamp1": 2}, {"metric1": 2})
        """,
    "noqa": "print(whatever)  # noqa: F821\nprint(other)  # NoQA",
    "file-wide noqa": "# ruff: noqa\nprint(whatever)",
    "guarded by except NameError": "try:\n    display\nexcept NameError:\n    display = print",
    "guarded by except Exception": "try:\n    x = profile\nexcept Exception:\n    x = None",
    "guarded by suppress": "import contextlib\nwith contextlib.suppress(NameError):\n    print(display)",
    "guarded once, used elsewhere": """
        def f():
            try:
                get_ipython
            except NameError:
                return
            print(get_ipython())
    """,
    "set in the round before": """
        for t in range(3):
            if t > 0:
                print(loss)
            loss = t
        def main():
            for t in range(3):
                if t > 0:
                    print(inner)
                inner = t
    """,
    "made by globals": "globals().update(alpha=1)\nprint(alpha)",
    "made by exec": "exec('alpha = 1')\nprint(alpha)",
    "put into builtins": "import builtins\nbuiltins.alpha = 1\nprint(alpha)",
    "deleted in a loop": "x = 1\nfor t in range(2):\n    print(x)\n    del x\n    x = 2\nprint(x)",
    "annotations that are never evaluated": """
        from __future__ import annotations
        def f(x: jnp.ndarray, y: "torch.Tensor" = None) -> np.ndarray:
            z: Whatever
            return x
    """,
    "a global set elsewhere": "def f():\n    global x\n    x = 1\ndef g():\n    return x\nf(); g()",
    "used before it is set, but later": "def f():\n    return later\nlater = 1\nf()",
    "comprehensions, lambdas, match, walrus": """
        pairs = [(a, b) for a in range(2) for b in range(a)]
        f = lambda q: q + 1
        match pairs:
            case [(u, v), *rest]:
                print(u, v, rest)
        if (n := len(pairs)) > 1:
            print(n, __name__, __file__, f)
    """,
    "an odd escape": "import re\nprint(re.match('\\d', '1'))",
    "keys from a function": """
        from mle_toolbox import MLExperiment
        mle = MLExperiment()
        def ticks(): return {"metric1": 1}
        mle.update_log({"timestamp1": 1}, ticks())
    """,
    "keys that are computed": """
        from mle_toolbox import MLExperiment
        mle = MLExperiment()
        mle.update_log({"timestamp1": 1}, {name: 1 for name in ["metric1"]})
        mle.update_log({"timestamp1": 1}, {"metri" + "c1": 1})
        mle.update_log({"timestamp1": 1}, {"a": 1, **{}})
        mle.update_log(*[{"x": 1}, {"y": 2}])
    """,
    "a dictionary that is filled later": """
        from mle_toolbox import MLExperiment
        def main(mle):
            stats = {}
            stats["metric1"] = 1
            mle.update_log({"timestamp1": 1}, stats)
            more = {"a": 1}
            more.update(metric1=2)
            mle.log.update({"timestamp1": 1}, more)
        main(MLExperiment())
    """,
    "a dictionary that somebody else may fill": """
        from mle_toolbox import MLExperiment
        from helper import fill
        def main(mle):
            stats = {"a": 1}
            fill(stats)
            mle.update_log({"timestamp1": 1}, stats)
            other = {"a": 1}
            alias = other
            alias["metric1"] = 1
            mle.update_log({"timestamp1": 1}, other)
        main(MLExperiment())
    """,
    "a dictionary that is set twice": """
        from mle_toolbox import MLExperiment
        def main(mle, late):
            stats = {"a": 1}
            if late:
                stats = {"metric1": 1}
            mle.update_log({"timestamp1": 1}, stats)
        main(MLExperiment(), True)
    """,
    "a dictionary changed in a closure": """
        from mle_toolbox import MLExperiment
        def main(mle):
            stats = {"a": 1}
            def fill():
                stats["metric1"] = 1
            fill()
            mle.update_log({"timestamp1": 1}, stats)
        main(MLExperiment())
    """,
    "one of several calls fits": """
        from mle_toolbox import MLExperiment
        mle = MLExperiment()
        if mle.train_config.kind == "ppo":
            mle.update_log({"timestamp1": 1}, {"policy_loss": 1})
        else:
            mle.update_log({"timestamp1": 1}, {"metric1": 1})
    """,
    "one of several calls cannot be known": """
        from mle_toolbox import MLExperiment
        from helper import more
        mle = MLExperiment()
        if mle.train_config.kind == "ppo":
            mle.update_log({"timestamp1": 1}, {"policy_loss": 1})
        else:
            mle.update_log(*more())
    """,
    "update of something else": """
        from mle_toolbox import MLExperiment
        mle = MLExperiment()
        log = {}
        log.update({"a": 1})
        bar = make = type("Bar", (), {"update_log": print})()
        bar.update_log({"a": 1}, {"b": 2})
    """,
    "keywords, aliases of the module, another name": """
        import mle_toolbox as toolbox
        with toolbox.MLExperiment() as experiment:
            experiment.update_log(stats_tick={"metric1": 1}, time_tick={"timestamp1": 1}, save=True)
            experiment.log.update(clock_tick={"timestamp1": 1}, stats_tick={"metric1": 1})
    """,
    "names that the script tracks itself": """
        from mle_toolbox import MLExperiment
        mle = MLExperiment()
        mle.log.extend_tracking(["alpha", "beta"])
        mle.update_log({"timestamp1": 1}, {"metric1": 1, "alpha": 2})
    """,
    "computed names that the script tracks itself": """
        from mle_toolbox import MLExperiment
        def main(mle):
            mle.log.extend_tracking(list(mle.train_config.keys()) + ["layer_id"])
            mle.log.update({"timestamp1": 1}, {"metric1": 1, "layer_id": 2, "alpha": 3})
        main(MLExperiment())
    """,
    "names of the original that are here, and one in a try": """
        from mle_toolbox import experiment, load_result_logs
        from mle_toolbox.utils import get_jax_os_ready, print_framed
        try:
            from mle_toolbox import MLELogger
        except ImportError:
            MLELogger = None

        @experiment("ode/ode_int_config_1.json")
        def main(mle):
            mle.update_log({"timestamp1": 1}, {"metric1": 1}, save=True)

        if __name__ == "__main__":
            main()
    """,
    "an update with a model only": """
        from mle_toolbox import MLExperiment
        mle = MLExperiment()
        mle.log.update({"timestamp1": 1}, {"metric1": 1})
        mle.log.update({"timestamp1": 1}, {}, model=[1], save=True)
    """,
    "noqa on a key": """
        from mle_toolbox import MLExperiment
        mle = MLExperiment()
        mle.update_log({"timestamp1": 1}, {"metrix": 1})  # noqa
    """,
}

HEAD = "from mle_toolbox import MLExperiment\n"
BAD = {
    "a variable of another name": (
        HEAD + "experiment = MLExperiment()\nprint(net_config)",
        ["3: undefined name 'net_config'. Did you mean 'experiment.net_config'?"],
    ),
    "nobody holds the experiment": (
        "print(train_config)",
        [
            "1: undefined name 'train_config'. It belongs to MLExperiment: 'mle = MLExperiment()', "
            "then 'mle.train_config'."
        ],
    ),
    "the import is missing": (
        "mle = MLExperiment()",
        ["1: undefined name 'MLExperiment'. Is 'from mle_toolbox import MLExperiment' missing?"],
    ),
    "in several lines": (
        "print(alpha)\nprint(alpha)\nprint(alpha, alpha)",
        ["1: undefined name 'alpha' (also on lines 2, 3)."],
    ),
    "two loops": (
        "for epoch in range(3):\n    for x, y in []:\n        print(i)",
        ["3: undefined name 'i'. The loop variables here are 'epoch', 'x' and 'y'."],
    ),
    "a builtin": ("prnt(1)", ["1: undefined name 'prnt'. Did you mean 'print'?"]),
    "a metric in a call": (
        HEAD + 'mle = MLExperiment()\nmle.update_log({"timestamp1": 1}, {"loss": 1})',
        [
            "3: 'loss' is logged but not tracked: what_to_track in ode/ode_int_config_1.json is ['metric1'].",
            "3: 'metric1' is tracked but not logged: what_to_track in ode/ode_int_config_1.json is ['metric1'].",
        ],
    ),
    "a time that is misspelt, by keyword, in log.update": (
        HEAD + 'mle = MLExperiment()\nmle.log.update(stats_tick={"metric1": 1},\n  clock_tick={"timestamp": 1})',
        [
            "4: 'timestamp' is logged but not tracked: time_to_track in ode/ode_int_config_1.json is ['timestamp1']. "
            "Did you mean 'timestamp1'?"
        ],
    ),
    "a metric that no call logs": (
        HEAD + 'mle = MLExperiment()\nmle.update_log({"timestamp1": 1}, {})\nmle.update_log({"timestamp1": 2}, {})',
        ["3: 'metric1' is tracked but not logged: what_to_track in ode/ode_int_config_1.json is ['metric1']."],
    ),
    "a metric that is neither tracked nor added": (
        HEAD
        + 'mle = MLExperiment()\nmle.log.extend_tracking(["alpha"])\n'
        + 'mle.update_log({"timestamp1": 1}, {"metric1": 2, "alhpa": 3})',
        ["4: 'alhpa' is logged but not tracked: what_to_track in ode/ode_int_config_1.json is ['metric1']."],
    ),
    "a name that only the original had": (
        "from mle_toolbox.utils import MLE_Logger, print_framed",
        [
            "1: mle_toolbox.utils has no 'MLE_Logger', which the original had: mle.log of MLExperiment is the logger.",
        ],
    ),
    "a metric that is misspelt in a decorated function": (
        'from mle_toolbox import experiment\n@experiment("c.json")\ndef main(mle):\n'
        '    mle.log.update({"timestamp1": 1}, {"metrix1": 1})\nmain()',
        [
            "4: 'metrix1' is logged but not tracked: what_to_track in ode/ode_int_config_1.json is ['metric1']. "
            "Did you mean 'metric1'?"
        ],
    ),
    "an update with a model only does not hide a mistake": (
        HEAD
        + 'mle = MLExperiment()\nmle.log.update({"timestamp1": 1}, {"metrix1": 2})\n'
        + 'mle.log.update({"timestamp1": 1}, {}, model=[1], save=True)',
        [
            "3: 'metrix1' is logged but not tracked: what_to_track in ode/ode_int_config_1.json is ['metric1']. "
            "Did you mean 'metric1'?"
        ],
    ),
    "no call fits, the nearest is named": (
        HEAD
        + 'mle = MLExperiment()\nif mle.seed:\n    mle.update_log({"a": 1}, {"b": 2})\n'
        + 'else:\n    mle.update_log({"timestamp1": 1}, {"metrics1": 2})',
        [
            "6: 'metrics1' is logged but not tracked: what_to_track in ode/ode_int_config_1.json is ['metric1']. "
            "Did you mean 'metric1'?"
        ],
    ),
}


@pytest.mark.parametrize("script", GOOD.values(), ids=GOOD.keys())
def test_a_script_that_may_be_right_is_left_alone(script: str, project: Path) -> None:
    (project / SCRIPT).write_text(textwrap.dedent(script))

    assert load_plan("exp.yaml").script == Path(SCRIPT)


@pytest.mark.parametrize(("script", "expected"), BAD.values(), ids=BAD.keys())
def test_a_script_that_must_be_wrong_is_told_so(script: str, expected: list[str], one_configuration: Path) -> None:
    (one_configuration / SCRIPT).write_text(script)

    with pytest.raises(ExperimentFileError, match=r".") as caught:
        load_plan("exp.yaml")

    assert str(caught.value).split("\n") == [f"{SCRIPT}:{line}" for line in expected]


def test_times_that_the_log_fills_in_need_not_be_logged(project: Path) -> None:
    for number in (1, 2):
        track(
            project / f"ode/ode_int_config_{number}.json", time_to_track=["time_elapsed", "timestamp1", "num_updates"]
        )

    assert load_plan("exp.yaml").configurations


def test_times_that_every_log_knows_may_be_printed(project: Path) -> None:
    track(project / CONFIG, time_to_print=["time", "time_elapsed", "num_updates", "timestamp1"])

    assert load_plan("exp.yaml").configurations


def test_a_metric_that_the_script_tracks_itself_may_be_printed(project: Path) -> None:
    track(project / CONFIG, what_to_print=["metric1", "alpha"])
    with pytest.raises(ExperimentFileError, match="'alpha' of 'what_to_print' in log_config is not tracked"):
        load_plan("exp.yaml")

    script = project / SCRIPT
    script.write_text("import helper\n" + script.read_text())
    (script.parent / "helper.py").write_text("def prepare(log):\n    log.extend_tracking(['alpha'])\n")

    assert load_plan("exp.yaml").configurations


@pytest.mark.parametrize(
    ("printed", "advice"), [("metric1_std", "Add 'metric1_std' to what_to_track."), ("alpha", "Add")]
)
def test_a_printed_name_that_is_no_misspelling_is_to_be_tracked(printed: str, advice: str, project: Path) -> None:
    track(project / CONFIG, what_to_print=["metric1", printed])

    with pytest.raises(ExperimentFileError, match=f"what_to_track lists 'metric1'. {advice}"):
        load_plan("exp.yaml")


def test_configurations_that_track_different_things_may_share_a_script_with_a_call_each(project: Path) -> None:
    track(project / CONFIG, what_to_track=["policy_loss"], what_to_print=None)
    (project / SCRIPT).write_text(textwrap.dedent(GOOD["one of several calls fits"]))

    assert len(load_plan("exp.yaml").configurations) == 2


def test_a_configuration_that_no_call_fits_is_the_one_that_is_named(project: Path) -> None:
    track(project / "ode/ode_int_config_2.json", what_to_track=["metric2"], what_to_print=None)

    with pytest.raises(
        ExperimentFileError, match=r"^ode/run_ode_int.py:13: 'metric1' .* in ode/ode_int_config_2.json is"
    ):
        load_plan("exp.yaml")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"x = 1\x00", "source code"),
        (b"# coding: nonsense\nx = 1", "unknown encoding: nonsense"),
        (b"x = '\xff'", "(unicode error)"),
        (b"(" * 300 + b")" * 300, "too many nested parentheses"),
        (b"-" * 100_000 + b"1", "it is nested too deeply."),
        (b"x = " + b"9" * 5000, "limits."),
    ],
)
def test_what_is_no_python_at_all_is_refused(source: bytes, message: str, project: Path) -> None:
    (project / SCRIPT).write_bytes(source)

    with pytest.raises(ExperimentFileError, match=r"^ode/run_ode_int.py") as caught:
        load_plan("exp.yaml")

    assert message in str(caught.value)


def test_a_script_in_another_encoding_is_read(project: Path) -> None:
    (project / SCRIPT).write_bytes("# coding: latin-1\nprint('größe')".encode("latin-1"))

    assert load_plan("exp.yaml").script == Path(SCRIPT)


@pytest.mark.slow
def test_every_name_that_is_suggested_is_there(project: Path) -> None:
    code = (
        "from mle_toolbox import MLExperiment\n"
        "from mle_toolbox.experiment_file.script_names import OFFERED_BY_EXPERIMENT\n"
        f"mle = MLExperiment({CONFIG!r}, device_config={{}})\n"
        "print([name for name in OFFERED_BY_EXPERIMENT if not hasattr(mle, name)])\n"
    )
    (project / "by_hand.py").write_text(code)

    finished = subprocess.run([sys.executable, "by_hand.py"], capture_output=True, text=True, check=True)

    assert finished.stdout.strip() == "[]"


@pytest.fixture
def one_configuration(project: Path) -> Path:
    """The reference project with its first configuration alone."""
    path = project / "exp.yaml"
    path.write_text(path.read_text().replace('        - "ode/ode_int_config_2.json"\n', ""))
    return project


def track(path: Path, **changes: Any) -> None:
    content = json.loads("".join(line for line in path.read_text().splitlines(True) if not line.startswith("#")))
    content["log_config"] |= changes
    path.write_text(json.dumps(content))


@pytest.mark.skipif(shutil.which("perl") is None, reason="the advice is to use perl, which is not here")
def test_what_is_advised_for_line_ends_of_windows_fixes_the_script(tmp_path: Path) -> None:
    script = tmp_path / "run all.sh"
    script.write_bytes(b'echo "$@"\r\necho done\r\n')
    (problem,) = check_shell_script(script, script.name)

    subprocess.run(["sh", "-c", problem.message.partition("Convert it: ")[2]], cwd=tmp_path, check=True)

    assert script.read_bytes() == b'echo "$@"\necho done\n'
    assert check_shell_script(script, script.name) == []
