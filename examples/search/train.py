"""Train a small neural network on handwritten digits, for a search over its learning rate and its size.

The 1,797 images (8 x 8 pixels, ten classes) come with scikit-learn. 1,000 are for training, 400 for choosing between
trials (validation), and 397 for testing, always the same. The seed decides the first weights and the order of the
batches.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from mle_toolbox import MLExperiment

SPLIT_SEED = 0
CLASSES = np.arange(10)


def load_parts():
    """Return the images, shape (N, 64) in 0 ... 1, and labels, shape (N,), of train, validation and test."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    return [(images[part] / 16.0, labels[part]) for part in np.split(order, [1000, 1400])]


def main(mle):
    """Train epoch by epoch and log after each."""
    settings = mle.train_config
    train, validation, test = load_parts()
    network = MLPClassifier(
        hidden_layer_sizes=(mle.model_config.hidden_units,),
        solver="sgd",
        learning_rate_init=settings.learning_rate,
        momentum=settings.momentum,
        batch_size=settings.batch_size,
        random_state=mle.seed,
    )
    for epoch in range(1, settings.num_epochs + 1):
        network.partial_fit(*train, classes=CLASSES)
        stats = {
            "validation_accuracy": network.score(*validation),
            "validation_loss": log_loss(validation[1], network.predict_proba(validation[0]), labels=CLASSES),
            "test_accuracy": network.score(*test),
        }
        mle.update_log({"epochs": epoch}, stats)


if __name__ == "__main__":
    main(MLExperiment())
