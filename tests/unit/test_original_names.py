"""Names that scripts of the original mle-toolbox import from the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mle_toolbox
from mle_toolbox.errors import OriginalNameError, ResultsError
from mle_toolbox.original_names import _HERE, _INSTEAD, replacement


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in _HERE.items() for name in names])
def test_a_name_that_is_here_can_be_imported(module: str, name: str) -> None:
    found: dict[str, object] = {}

    exec(f"from {module} import {name}", found)

    assert callable(found[name])


@pytest.mark.parametrize("module", _HERE)
@pytest.mark.parametrize("name", [*_INSTEAD, "visualize_2D_grid", "get_jax_os_ready"])
def test_a_name_that_is_not_here_says_what_replaces_it(module: str, name: str) -> None:
    sentence = replacement(module, name)
    if name in _HERE[module]:
        assert sentence is None
        return

    with pytest.raises(OriginalNameError) as caught:
        exec(f"from {module} import {name}", {})

    assert str(caught.value) == sentence
    assert str(caught.value).startswith(f"{module} has no {name!r}")
    assert str(caught.value).endswith(".")


def test_the_logger_alone_is_another_package() -> None:
    with pytest.raises(ImportError, match=r"from mle_logging import MLELogger.* `mle import` reads its files"):
        from mle_toolbox import MLELogger  # type: ignore[attr-defined]  # noqa: F401


def test_a_name_that_nobody_had_is_an_ordinary_error() -> None:
    with pytest.raises(ImportError, match=r"cannot import name 'nonsense' from 'mle_toolbox\.utils'"):
        from mle_toolbox.utils import nonsense  # type: ignore[attr-defined]  # noqa: F401
    assert not hasattr(mle_toolbox, "nonsense")


def test_the_first_name_of_the_experiment_is_still_one() -> None:
    assert mle_toolbox.MLE_Experiment is mle_toolbox.MLExperiment


@pytest.mark.parametrize(
    "statement",
    [
        "from mle_toolbox import experiment",
        "from mle_toolbox import MLExperiment, experiment",
        "import mle_toolbox.experiment.train_job; from mle_toolbox import experiment",
        "import mle_toolbox.experiment as experiment",
    ],
)
def test_the_decorator_is_a_room_of_the_package_too(statement: str) -> None:
    code = (
        f"{statement}\nimport mle_toolbox.experiment.train_job, pickle\n"
        "from mle_toolbox.experiment import MLExperiment\n"
        "@experiment('x.json', create_jax_prng=True)\ndef main(mle):\n    'Trains.'\n"
        "print(callable(experiment), main.__name__, main.__doc__, experiment.train_job.__name__)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "True main Trains. mle_toolbox.experiment.train_job\n"


@pytest.mark.parametrize("name", [".", "meta_log.hdf5"])
def test_logs_of_the_original_are_imported_first(tmp_path: Path, name: str) -> None:
    from mle_toolbox import load_meta_log

    (tmp_path / "meta_log.hdf5").touch()

    with pytest.raises(ResultsError, match=r"meta_log\.hdf5 is a log of the original mle-toolbox\. `mle import"):
        load_meta_log(tmp_path / name)


def test_small_functions_do_what_they_did(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import numpy as np

    from mle_toolbox.utils import load_job_config, load_pkl_object, print_framed, save_pkl_object, set_random_seeds

    (tmp_path / "c.json").write_text('{"train_config": {"lrate": 0.1}}  # comment')
    save_pkl_object({"a": 1}, tmp_path / "a.pkl")
    set_random_seeds(3)
    first = np.random.rand()
    set_random_seeds(3)
    print_framed("Start", 20)

    assert load_pkl_object(tmp_path / "a.pkl") == {"a": 1}
    assert load_job_config(tmp_path / "c.json").train_config.lrate == 0.1
    assert np.random.rand() == first
    assert capsys.readouterr().out == "=====  Start  ======\n"


def test_jax_is_told_its_devices_before_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from mle_toolbox.utils import get_jax_os_ready

    monkeypatch.setenv("XLA_FLAGS", "--xla_one")
    monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE", raising=False)
    monkeypatch.setenv("XLA_PYTHON_CLIENT_MEM_FRACTION", "1")

    get_jax_os_ready(num_devices=4, num_threads=2)
    get_jax_os_ready(num_devices=1, mem_prealloc_bool=False, mem_prealloc_frac=0.5, device_type="gpu")

    assert os.environ["XLA_FLAGS"] == "--xla_one --xla_force_host_platform_device_count=4"
    assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert os.environ["XLA_PYTHON_CLIENT_MEM_FRACTION"] == "0.5"
