"""Train a classifier on more and more of a small data set, for a comparison of methods over tasks.

The data sets come with scikit-learn. The seed decides which samples are for testing, the order of the others, and the
randomness of the classifier.
"""

from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mle_toolbox import MLExperiment


def make_classifier(name, seed):
    """Return one of three classifiers that are not trained yet."""
    # Imported here, because each seed run needs one of them only.
    if name == "forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(n_estimators=50, random_state=seed)
    if name == "logistic":
        from sklearn.linear_model import LogisticRegression

        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    from sklearn.neighbors import KNeighborsClassifier

    return make_pipeline(StandardScaler(), KNeighborsClassifier(n_neighbors=3))


def main(mle):
    """Train on larger and larger shares of the training samples, and log the accuracy on the same test samples."""
    settings = mle.train_config
    features, labels = getattr(datasets, f"load_{settings.data_set}")(return_X_y=True)
    # Stratified: also the smallest share has samples of every class.
    train_x, test_x, train_y, test_y = train_test_split(
        features, labels, test_size=settings.test_share, random_state=mle.seed, stratify=labels
    )
    for share in settings.train_shares:
        n = max(int(share * len(train_x)), 12)
        classifier = make_classifier(settings.classifier, mle.seed)
        classifier.fit(train_x[:n], train_y[:n])
        mle.update_log({"train_share": share}, {"accuracy": classifier.score(test_x, test_y)})


if __name__ == "__main__":
    main(MLExperiment())
