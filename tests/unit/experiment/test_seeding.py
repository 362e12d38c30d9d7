from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest

from mle_toolbox import MLExperiment
from mle_toolbox.errors import MissingExtraError
from tests.unit.experiment.conftest import Project

NUMBERS = "print(random.random(), np.random.rand(), mle.rng.normal())\n"


def draw(seed: int) -> list[float]:
    with MLExperiment("config.json", seed_id=seed, experiment_dir=f"out_{random.getrandbits(64)}") as mle:
        return [random.random(), np.random.rand(), mle.rng.normal()]


def test_one_seed_gives_the_same_numbers_and_another_others(project: Project) -> None:
    first, again, other = draw(3), draw(3), draw(4)

    assert first == again
    assert not set(first) & set(other)
    assert first[2] == np.random.default_rng(3).normal()


@pytest.mark.slow
def test_libraries_are_seeded_whether_imported_before_or_after(project: Project) -> None:
    imports, make = (
        "import random\nimport numpy as np\n",
        "from mle_toolbox import MLExperiment\nmle = MLExperiment()\n",
    )
    project.write_script(imports + "np.random.rand()\n" + make + NUMBERS, "before.py")
    project.write_script(make + imports + NUMBERS, "after.py")

    before, after = (
        project.by_hand("-config", "config.json", "-seed", "3", "-exp_dir", name, script=f"{name}.py")
        for name in ("before", "after")
    )

    assert before.returncode == after.returncode == 0, after.stderr
    assert before.stdout == after.stdout


@pytest.mark.slow
def test_library_that_is_never_imported_is_not_imported_for_its_seed(project: Project) -> None:
    project.write_script(
        "import sys\nfrom mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
        "print([name for name in ('numpy.random', 'torch', 'jax', 'h5py') if name in sys.modules])\n"
    )

    assert project.by_hand().stdout == "[]\n"


def test_import_that_fails_fails_as_ever_and_leaves_no_trace(project: Project) -> None:
    (project.path / "torch").mkdir()
    (project.path / "torch" / "__init__.py").write_text("raise ImportError('broken')\n")
    project.write_script(
        "from mle_toolbox import MLExperiment\nmle = MLExperiment()\n"
        "try:\n    import torch\nexcept ImportError as error:\n    print(error)\n"
    )

    finished = project.by_hand()

    assert (finished.stdout, finished.returncode) == ("broken\n", 0)


def test_torch_is_seeded_on_import(project: Project) -> None:
    (project.path / "torch.py").write_text(
        "class backends:\n    class cudnn:\n        deterministic, benchmark = False, True\n"
        "def manual_seed(seed):\n    print('seeded', seed)\n"
    )
    project.write_script(
        "import sys\nfrom mle_toolbox import MLExperiment\nmle = MLExperiment(seed_id=6)\n"
        "import torch\nprint(torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark)\n"
    )

    assert project.by_hand().stdout == "seeded 6\nTrue False\n"


@pytest.mark.slow
def test_torch_numbers_follow_the_seed(project: Project) -> None:
    torch = pytest.importorskip("torch")

    with MLExperiment("config.json", seed_id=1):
        found = torch.rand(3).tolist()

    torch.manual_seed(1)
    assert found == torch.rand(3).tolist()


@pytest.mark.slow
def test_torch_numbers_go_on_after_a_resume(project: Project) -> None:
    torch = pytest.importorskip("torch")
    mle = MLExperiment("config.json")
    mle.checkpoint({"weights": torch.rand(2)})
    expected = torch.rand(3).tolist()
    mle.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    with MLExperiment("config.json") as again:
        again.resume()
        assert torch.rand(3).tolist() == expected


@pytest.mark.slow
def test_jax_key_is_made_and_survives_a_resume(project: Project) -> None:
    jax = pytest.importorskip("jax")
    mle = MLExperiment("config.json", seed_id=7, create_jax_prng=True)
    assert mle.rng.tolist() == jax.random.PRNGKey(7).tolist()
    mle.rng, _ = jax.random.split(mle.rng)
    mle.checkpoint(1)
    mle.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    with MLExperiment("config.json", seed_id=7, create_jax_prng=True) as again:
        again.resume()
        assert again.rng.tolist() == mle.rng.tolist()


@pytest.mark.slow
def test_new_style_jax_key_survives_a_resume(project: Project) -> None:
    jax = pytest.importorskip("jax")
    mle = MLExperiment("config.json", create_jax_prng=True)
    mle.rng = jax.random.key(5)
    mle.checkpoint(1)
    mle.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    with MLExperiment("config.json", create_jax_prng=True) as again:
        again.resume()
        assert jax.random.uniform(again.rng) == jax.random.uniform(jax.random.key(5))


def test_jax_key_without_jax_says_how_to_install_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)

    with pytest.raises(
        MissingExtraError, match=r"^create_jax_prng=True needs jax \(.*\)\. Install it: pip install jax$"
    ):
        MLExperiment("config.json", create_jax_prng=True)
    assert not (project.path / "by_hand").exists()


def test_no_import_of_ours_touches_the_random_numbers_of_a_script() -> None:
    script = "import random\nrandom.seed(1)\nfrom mle_toolbox import MLExperiment\nprint(random.random())\n"

    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    random.seed(1)
    assert float(finished.stdout) == random.random()
