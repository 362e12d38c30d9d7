"""Train a small neural network on handwritten digits (8 x 8 pixels, ten classes; they come with scikit-learn).

Which images are for training and which for testing is the same in every run. The seed of the run decides the first
weights and the order of the batches, so the spread between seeds is that of the training.
"""

import numpy as np
from sklearn.datasets import load_digits

from mle_toolbox import MLExperiment

SPLIT_SEED = 0
TEST_IMAGES = 500


def load_data():
    """Return train and test data: images of shape (N, 64) in 0 ... 1 and labels of shape (N,) in 0 ... 9."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    images, labels = images[order] / 16.0, labels[order]
    train, test = slice(TEST_IMAGES, None), slice(TEST_IMAGES)
    return (images[train], labels[train]), (images[test], labels[test])


def first_weights(rng, hidden_units):
    """Return the weights of 64 inputs, one hidden layer, 10 outputs; He et al. 2015, arXiv:1502.01852."""
    return {
        "w1": rng.normal(0.0, np.sqrt(2 / 64), (64, hidden_units)),
        "b1": np.zeros(hidden_units),
        "w2": rng.normal(0.0, np.sqrt(2 / hidden_units), (hidden_units, 10)),
        "b2": np.zeros(10),
    }


def forward(weights, images):
    """Return the hidden activations (N, H) and the log probability of every class (N, 10)."""
    hidden = np.maximum(images @ weights["w1"] + weights["b1"], 0.0)
    scores = hidden @ weights["w2"] + weights["b2"]
    scores = scores - scores.max(axis=1, keepdims=True)
    return hidden, scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def gradients(weights, images, labels):
    """Return the gradient of the mean cross-entropy for every weight."""
    hidden, log_probabilities = forward(weights, images)
    d_scores = np.exp(log_probabilities)
    d_scores[np.arange(len(labels)), labels] -= 1.0
    d_scores /= len(labels)
    d_hidden = (d_scores @ weights["w2"].T) * (hidden > 0.0)
    return {
        "w1": images.T @ d_hidden,
        "b1": d_hidden.sum(axis=0),
        "w2": hidden.T @ d_scores,
        "b2": d_scores.sum(axis=0),
    }


def evaluate(weights, images, labels):
    """Return the mean cross-entropy and the share of images that are recognised."""
    _, log_probabilities = forward(weights, images)
    loss = -log_probabilities[np.arange(len(labels)), labels].mean()
    return loss, (log_probabilities.argmax(axis=1) == labels).mean()


def main(mle):
    """Train with mini-batches; log before the first and then after every `log_every_steps` updates."""
    settings = mle.train_config
    train, test = load_data()
    rng = np.random.default_rng(mle.seed)
    weights = first_weights(rng, mle.net_config.hidden_units)
    velocity = {name: np.zeros_like(weight) for name, weight in weights.items()}

    for update in range(settings.num_updates + 1):
        if update % settings.log_every_steps == 0:
            train_loss, train_accuracy = evaluate(weights, *train)
            test_loss, test_accuracy = evaluate(weights, *test)
            time_tick = {"updates": update, "epochs": update * settings.batch_size / len(train[0])}
            stats_tick = {
                "train_loss": train_loss,
                "test_loss": test_loss,
                "train_accuracy": train_accuracy,
                "test_accuracy": test_accuracy,
            }
            mle.update_log(time_tick, stats_tick, save=True)

        batch = rng.choice(len(train[0]), settings.batch_size, replace=False)
        gradient = gradients(weights, train[0][batch], train[1][batch])
        for name, weight in weights.items():
            velocity[name] = settings.momentum * velocity[name] - settings.learning_rate * gradient[name]
            weight += velocity[name]

    mle.save_model(weights, "final")


if __name__ == "__main__":
    main(MLExperiment())
