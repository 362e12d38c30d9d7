"""Which files name a scheduler: only the room of that scheduler may, so that another one fits in beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORDS = re.compile(
    r"\bq(sub|stat|del|acct|conf|alter|host|hold|mod)\b|grid.?engine|\bsge\b|mle[-_]sge|SGE_|NSLOTS"
    r"|slurm|\bs(batch|queue|cancel|acct|info|control)\b",
    re.IGNORECASE,
)
# Each with its reason.
EXCEPTIONS = {
    # The table of backends: a scheduler is added here and nowhere else.
    ("mle_cluster/known.py", "mle-sge"),
    ("mle_cluster/known.py", "mle_sge"),
    ("mle_cluster/known.py", "grid_engine"),
    ("mle_cluster/known.py", "slurm"),
    # What `--profile` takes is what users type.
    ("mle_toolbox/cli/run_options.py", "sge"),
    ("mle_toolbox/cli/run_options.py", "Grid Engine"),
    ("mle_toolbox/cli/run_options.py", "slurm"),
}
NEUTRAL = [
    *sorted((ROOT / "mle_cluster").glob("*")),
    *(ROOT / "mle_toolbox" / "cluster" / name for name in ("detection.py", "tasks.py")),
    *(path for room in ("drive", "doctor", "cli") for path in sorted((ROOT / "mle_toolbox" / room).glob("*.py"))),
]


@pytest.mark.parametrize(
    "path", [path for path in NEUTRAL if path.is_file()], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_scheduler_is_named_outside_of_its_room(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()

    found = {
        f"line {number}: {word.group()}"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for word in WORDS.finditer(line)
        if (name, word.group()) not in EXCEPTIONS
    }

    assert found == set()


def test_every_exception_is_needed() -> None:
    used = {(name, word.group()) for name, _ in EXCEPTIONS for word in WORDS.finditer((ROOT / name).read_text())}

    assert used >= EXCEPTIONS
