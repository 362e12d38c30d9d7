"""Train a classifier (logistic regression) on made-up data, step by step.

`mle run exp.yaml` starts this script for every configuration and seed. By hand, with a configuration and seed of your
choice: python train.py -config configs/small_steps.json -seed 7
"""

import numpy as np

from mle_toolbox import MLExperiment


def make_data(rng, num_points, direction):
    """Two overlapping clouds of points, one on each side of the origin, and which cloud each point belongs to."""
    labels = rng.integers(0, 2, num_points)
    points = rng.normal(size=(num_points, len(direction))) + np.outer(2 * labels - 1, direction)
    return points, labels


def evaluate(weights, points, labels):
    """Mean loss, and the share of points on the right side."""
    scores = points @ weights
    loss = np.logaddexp(0.0, scores) - labels * scores
    return loss.mean(), ((scores > 0) == labels).mean()


def main(mle):
    """Train one model and log how good it is meanwhile."""
    # Everything random comes from the seed of this run, so that the same seed gives the same numbers again.
    rng = np.random.default_rng(mle.seed)
    direction = np.full(mle.net_config.num_inputs, 0.3)
    test_points, test_labels = make_data(rng, 2000, direction)
    weights = np.zeros(mle.net_config.num_inputs)

    for step in range(mle.train_config.num_steps + 1):
        # One tick of the log: the keys are those of time_to_track and what_to_track in the configuration.
        if step % mle.train_config.log_every_steps == 0:
            loss, accuracy = evaluate(weights, test_points, test_labels)
            mle.update_log({"updates": step}, {"loss": loss, "accuracy": accuracy}, save=True)

        # One step of stochastic gradient descent on a fresh batch.
        points, labels = make_data(rng, mle.train_config.batch_size, direction)
        errors = 1.0 / (1.0 + np.exp(-points @ weights)) - labels
        weights -= mle.train_config.learning_rate * points.T @ errors / len(points)

    # Kept in the run's own folder, under models/.
    mle.save_model(weights, "final")


if __name__ == "__main__":
    main(MLExperiment())  # reads the configuration, sets the seed, opens the log
