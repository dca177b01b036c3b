"""The plots of dvc.yaml as the page shows them: in groups, each with a title and a sentence on how to read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plot:
    """One plot of dvc.yaml.

    Attributes:
        id: Its name in dvc.yaml; for pictures the path of the file, or of a folder of pictures.
        title: Heading on the page.
        text: One or two sentences: what it shows and how to read it.
    """

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Group:
    """Plots that belong under one heading."""

    title: str
    text: str
    plots: tuple[Plot, ...]


def _confusion(task: str) -> Plot:
    text = (
        "Rows are the actual classes, columns the predicted ones. A number counts validation images; the colour is its "
        "share of the row. A perfect network fills the diagonal; an empty column is a class that was never predicted."
    )
    return Plot(f"{task} confusion", f"Confusion matrix: {task}", text)


GROUPS = (
    Group(
        "Training",
        "The network that recognises style, genre and artist while it learns. Select rows are kept back from the "
        "training rows and choose the epoch that is kept.",
        (
            Plot(
                "plots/classes/counts.png",
                "Images per class",
                "One bar per class and task, split into training, select and validation rows. Small classes have "
                "uncertain scores.",
            ),
            Plot(
                "training losses",
                "Losses of the three tasks",
                "Weighted cross-entropy after each epoch; lower is better. When the solid line rises while the dashed "
                "line falls, the network learns its training rows by heart.",
            ),
            Plot(
                "AUC on select rows",
                "AUC on the select rows",
                "AUC one-vs-one after each epoch; higher is better, and the dotted line at 0.5 is chance. A task "
                "without a panel has too few select rows to be measured.",
            ),
        ),
    ),
    Group(
        "Classification",
        "The trained network on validation rows, which training has not seen.",
        (
            Plot(
                "ROC on validation rows",
                "ROC curves",
                "Mean over the scored classes, each against all others. The closer a curve comes to the upper left "
                "corner, the better; the dotted diagonal is chance.",
            ),
            _confusion("style"),
            _confusion("genre"),
            _confusion("artist"),
            Plot(
                "plots/classification/reliability.png",
                "Reliability of the confidence",
                "Confidence of the prediction against the share that was right. A trustworthy network stays near the "
                "diagonal; points of few images are uncertain.",
            ),
            Plot(
                "plots/classification/risk_coverage.png",
                "Error against coverage",
                "The share of wrong answers among the most confident ones, by how many are answered. A line that rises "
                "from the left means that the network knows where it is unsure.",
            ),
        ),
    ),
    Group(
        "Similarity",
        "Embeddings of images and of titles, and how well they find similar works.",
        (
            Plot(
                "plots/similarity/judges.png",
                "Scores of each judge",
                "One panel per judge, one row per space, with 95% intervals. A judge decides which works count as "
                "similar, for example works by the same painter; higher is better.",
            ),
            Plot(
                "plots/similarity/examples_image.jpg",
                "Neighbours by image",
                "Each row is a query work, followed by the works whose images are most similar to it.",
            ),
            Plot(
                "plots/similarity/examples_title.jpg",
                "Neighbours by title",
                "The same query works, followed by the works whose titles are most similar.",
            ),
            Plot(
                "plots/similarity/outliers.jpg",
                "Attributions that the images doubt",
                "Works that look more like those of another painter than like the other works of their own. This is "
                "a hint for a closer look, not a finding.",
            ),
            Plot(
                "plots/similarity/map.jpg",
                "Map of the collection",
                "Paintings placed by t-SNE of their image embedding: neighbours on the map look alike, large distances "
                "mean little.",
            ),
            Plot(
                "plots/similarity/tsne.png",
                "The same map for every space",
                "One panel per space, one point per work, coloured by theme. Islands of one colour mean that the space "
                "separates that theme. Works held out from the siamese training are ringed in its panel.",
            ),
            Plot(
                "plots/similarity/clusters",
                "Clusters",
                "One sheet per k-means cluster of the image embedding, the largest cluster first and its most typical "
                "works first.",
            ),
        ),
    ),
    Group(
        "Siamese",
        "The projection of the image embedding that learns from titles. The two curves of the training belong to the "
        "head `trained`, which is the siamese embedding only if siamese.head says so.",
        (
            Plot(
                "siamese loss",
                "Loss of the siamese network",
                "NT-Xent loss of the training pairs after each epoch; lower is better.",
            ),
            Plot(
                "siamese title retrieval",
                "Title retrieval on the select works",
                "Mean average precision of finding works with a similar title among the training works; higher is "
                "better. Training stops at the last epoch that is as good as the best one. No line means that too few "
                "select works have a similar title.",
            ),
            Plot(
                "look and subject",
                "The knob between look and subject",
                "Precision@10 for painters that the training has not seen, one panel per judge. At 0 works are "
                "compared by their look alone, at 1 by their subject alone. `artextract search --subject` sets this "
                "weight.",
            ),
        ),
    ),
)
