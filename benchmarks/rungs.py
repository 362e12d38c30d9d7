"""What halving, Hyperband and population-based training find, against random search with as many training steps.

python benchmarks/rungs.py [--repetitions 5]

Trains the network of examples/digits on handwritten digits, in this process: the strategies propose, a trial goes on
from the weights of its parent, and nothing depends on Snakemake. 900 images train, 397 decide, 500 test. Scores are the
cross-entropy on those that decide; the table has that of the chosen network on those that test, which nobody has seen.
Random search is the same for all: as many trials with all steps as the budget of each allows.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from measure import machine, print_table

from mle_toolbox.search.proposals import random_points
from mle_toolbox.search.schedule import Earlier, History, Learning
from mle_toolbox.search.space import Space, Variable
from mle_toolbox.search.strategies import search_of

UNIT = 40
"""Updates of the weights in one step of the searches."""
MOST = 27
"""Steps of a whole training."""
TRAINING, DECIDING = 900, 397

SPACE = Space(
    (
        Variable("batch_size", "integer", ("train_config", "batch_size"), begin=8, end=128, prior="log-uniform"),
        Variable("learning_rate", "real", ("train_config", "learning_rate"), begin=1e-4, end=3.0, prior="log-uniform"),
        Variable("momentum", "real", ("train_config", "momentum"), begin=0.0, end=0.99, prior="uniform"),
    )
)
STRATEGIES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "halving": ("halving", {"min_budget": 1, "num_arms": 108, "halving_coeff": 3, "max_budget": MOST}),
    "Hyperband": ("hyperband", {"max_resource": MOST, "eta": 3}),
    "PBT": (
        "pbt",
        {
            "num_workers": 12,
            "generations": 9,
            "steps_until_ready": 3,
            "exploit": {"strategy": "truncation", "selection_percent": 0.2},
            "explore": {"strategy": "perturbation", "perturb_coeffs": [0.8, 1.2]},
        },
    ),
}


@dataclass
class Trained:
    """A network in the middle of its training."""

    weights: dict[str, Any]
    velocity: dict[str, Any]
    rng: np.random.Generator
    steps: int = 0


class Digits:
    """The example: its data, and training for some more steps."""

    def __init__(self) -> None:
        file = Path(__file__).resolve().parent.parent / "examples" / "digits" / "train.py"
        spec = importlib.util.spec_from_file_location("digits_example", file)
        assert spec is not None
        assert spec.loader is not None
        self.example = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.example)
        (images, labels), self.test = self.example.load_data()
        self.train = images[:TRAINING], labels[:TRAINING]
        self.decide = images[TRAINING : TRAINING + DECIDING], labels[TRAINING : TRAINING + DECIDING]

    def begin(self, seed: int) -> Trained:
        """Return a network before its first step."""
        rng = np.random.default_rng(seed)
        weights = self.example.first_weights(rng, 64)
        return Trained(weights, {name: np.zeros_like(each) for name, each in weights.items()}, rng)

    def train_on(self, before: Trained, values: Mapping[str, Any], steps: int) -> Trained:
        """Return a copy of a network, trained until it has had so many steps."""
        weights = {name: each.copy() for name, each in before.weights.items()}
        velocity = {name: each.copy() for name, each in before.velocity.items()}
        rng = np.random.default_rng()
        rng.bit_generator.state = before.rng.bit_generator.state
        images, labels = self.train
        for _ in range((steps - before.steps) * UNIT):
            batch = rng.choice(len(images), values["batch_size"], replace=False)
            gradient = self.example.gradients(weights, images[batch], labels[batch])
            for name, weight in weights.items():
                velocity[name] = values["momentum"] * velocity[name] - values["learning_rate"] * gradient[name]
                weight += velocity[name]
        return Trained(weights, velocity, rng, steps)

    def loss(self, network: Trained, data: tuple[Any, Any]) -> float | None:
        """Return the cross-entropy; None where it is not finite."""
        with np.errstate(all="ignore"):
            loss = float(self.example.evaluate(network.weights, *data)[0])
        return loss if np.isfinite(loss) else None


def main() -> None:
    """Search with each strategy and print what it has found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    digits, rows = Digits(), []
    with np.errstate(all="ignore"):
        for name, (search_type, options) in STRATEGIES.items():
            found = [searched(digits, search_type, options, seed) for seed in range(repetitions)]
            steps = found[0][1]
            random = [drawn(digits, steps, seed) for seed in range(repetitions)]
            rows.append(
                (
                    name,
                    str(found[0][2]),
                    str(steps),
                    losses(each[0] for each in found),
                    f"{steps // MOST} x {MOST}",
                    losses(random),
                    f"{sum(one[0] < other for one, other in zip(found, random, strict=True))} of {repetitions}",
                )
            )
    print(machine())
    print_table(
        f"cross-entropy on the test images, mean ± sd of {repetitions} searches; a step is {UNIT} updates",
        ("strategy", "trials", "steps", "found", "random search", "found by it", "better"),
        rows,
    )


def searched(digits: Digits, search_type: str, options: dict[str, Any], seed: int) -> tuple[float, int, int]:
    """Return the test loss of the best network of a search, the steps that it took, and its trials."""
    learning = Learning(search_type, 0, None, 1, seed, True, {**options, "step_key": "steps"})
    search, networks, earlier, taken = search_of(learning, SPACE, {}), {}, [], 0
    for t in range(search.size()):
        history = History(SPACE, {}, tuple(earlier[: search.known(t)]), tuple(earlier[search.known(t) :]))
        proposal = search.propose(t, history)
        parent = networks[proposal.note["parent"]] if "parent" in proposal.note else digits.begin(seed)
        networks[t] = digits.train_on(parent, proposal.values, proposal.extra["steps"])
        taken += networks[t].steps - parent.steps
        earlier.append(Earlier(t, t, proposal.values, proposal.extra, digits.loss(networks[t], digits.decide)))
    # Among those with all steps: the loss of a short training is that of another task.
    whole = [each for each in earlier if networks[each.index].steps == MOST]
    best = min(whole, key=lambda each: float("inf") if each.value is None else each.value)
    return digits.loss(networks[best.index], digits.test) or float("inf"), taken, len(earlier)


def drawn(digits: Digits, steps: int, seed: int) -> float:
    """Return the same of a random search with as many steps."""
    points = islice(random_points(SPACE, seed), steps // MOST)
    networks = [digits.train_on(digits.begin(seed), values, MOST) for values in points]
    scored = [(digits.loss(each, digits.decide), each) for each in networks]
    good = [(loss, number, each) for number, (loss, each) in enumerate(scored) if loss is not None]
    return digits.loss(min(good)[2], digits.test) or float("inf")


def losses(found: Iterator[float] | list[float]) -> str:
    """Return mean and standard deviation."""
    values = np.array(list(found))
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


if __name__ == "__main__":
    main()
