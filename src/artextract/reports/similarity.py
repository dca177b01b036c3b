"""Section of the report about task 2: what the embeddings find, under every judge, and what that looks like."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from artextract.reports.blocks import Block, Drawings, Heading, Section, Table, Text, missing
from artextract.reports.drawings import draw
from artextract.reports.media import picture
from artextract.reports.snapshot import Snapshot
from artextract.reports.wording import between, counted, number, p_value
from artextract.runs.readme_tables import shared_sources
from artextract.similarity.evaluation.figures import judge_panel, panel_heading
from artextract.similarity.evaluation.maps import common_themes, map_panel
from artextract.similarity.ranking.chance import CEILING
from artextract.similarity.ranking.judges import declared
from artextract.similarity.ranking.spaces import space_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METRICS, PLOTS = "metrics/similarity.json", "plots/similarity"
NAMES_FILE = "data/names/clusters.yaml"
LEAD = (
    "Every work was compared with every other by its image and by its title. A judge is a rule that says which works "
    "belong together, made from the collection's own records. The query's own panels and copies are never found. "
    "Intervals hold 95% and draw whole painters."
)


def section(run: Snapshot) -> Section:
    """Judges, examples, maps, clusters, outliers."""
    metrics = run.json(METRICS)
    if not metrics:
        sentence = missing("Scores of similarity are", run.name, f"no {METRICS}: similarity_eval has not run")
        return Section("similarity", "Similarity", "", [sentence])
    blocks = [*_judges(run, metrics), *_differences(run), *_health(run)]
    blocks += [Heading("Examples"), *_examples(run), Heading("Maps"), *_maps(run, metrics)]
    blocks += [Heading("Clusters"), *_clusters(run), Heading("Attributions to look at again"), *_outliers(run, metrics)]
    return Section("similarity", "Similarity", LEAD, blocks)


def _metric(table: pd.DataFrame) -> str:
    return next((name for name in table["metric"].unique() if str(name).startswith("ndcg")), "map")


def _judges(run: Snapshot, metrics: Mapping[str, Any]) -> list[Block]:
    table, judges = run.table(f"{PLOTS}/retrieval.csv"), run.table(f"{PLOTS}/judges.csv")
    if table is None or judges is None:
        return [missing("Scores of the judges are", run.name, f"no {PLOTS}/retrieval.csv or judges.csv")]
    what = [[str(row["label"]), str(row["description"]), str(row["status"])] for row in judges.to_dict("records")]
    caption = "The judges, and why some were not measured here."
    listed = Table(caption, ["judge", "relevant are", "status"], what, (0, 1, 2))
    if table.empty:
        return [Text("No judge could be measured: the table says why.", missing=True), listed]
    of_metric = table[table["metric"] == _metric(table)]
    name = f"nDCG@{_metric(table)[4:]}"
    spaces = [space for space in dict.fromkeys(of_metric["space"]) if space != CEILING]
    rows, panels = [], []
    for judge, part in of_metric.groupby("judge", sort=False):
        scores = part.set_index("space")
        values = scores[["micro", "low", "high"]].reindex(spaces).to_numpy(dtype=float).tolist()
        cells = [between(*v) if v[0] == v[0] else "judged by itself" for v in values]
        rows.append([declared(str(judge)).label, f"{int(part['queries'].max()):,}", *cells])
        best = scores.drop(index=CEILING, errors="ignore")["micro"].astype(float).idxmax()
        says = f"{name} under the judge {declared(str(judge)).label}; the best is {space_label(str(best))}."
        drawn = scores.reindex(spaces)
        title = panel_heading(declared(str(judge)).label, f"{int(part['queries'].max()):,} queries")
        panels.append(
            draw(f"judge-{str(judge).replace('.', '-')}", says, lambda a, d=drawn, t=title: _bars(a, d, spaces, t), 4.6)
        )
    caption = f"{name} of every space under every judge: 1 is the best possible ranking, 0 finds nothing relevant."
    blocks: list[Block] = [Drawings(f"{caption} Bars: mean over queries; diamonds: mean over painters.", panels)]
    columns = ["judge", "queries", *map(space_label, spaces)]
    blocks.append(Table(f"The same as a table: {name} with its interval.", columns, rows, folded=True))
    return [*blocks, listed, *(Text(sentence) for sentence in shared_sources(dict(metrics)))]


def _bars(axis: Axes, scores: pd.DataFrame, spaces: list[str], title: str) -> None:
    judge_panel(axis, scores, spaces)
    axis.set_title(title)


def _differences(run: Snapshot) -> list[Block]:
    table = run.table(f"{PLOTS}/differences.csv")
    if table is None or table.empty:
        return [missing("Paired differences are", run.name, f"no {PLOTS}/differences.csv")]
    table = table[table["metric"] == _metric(table)]
    rows = [
        [
            declared(str(row["judge"])).label,
            f"{space_label(str(row['space']))} − {space_label(str(row['against']))}",
            between(row["micro"], row["low"], row["high"], 3),
            p_value(row["p_holm"], row["p_least"]) or f"counted with {declared(str(row['counted_with'])).label}",
        ]
        for row in table.to_dict("records")
        if pd.notna(row["p_holm"]) or isinstance(row["counted_with"], str)
    ]
    caption = "Differences to the raw image embedding, query by query. p is corrected after Holm for all of them."
    return [Table(caption, ["judge", "difference", "mean (95%)", "p (Holm)"], rows, (0, 1), folded=True)]


def _health(run: Snapshot) -> list[Block]:
    table = run.table(f"{PLOTS}/health.csv")
    if table is None:
        return []
    rows = [[space_label(str(name)), *(number(v, 2) for v in rest)] for name, *rest in table.itertuples(index=False)]
    caption = (
        "Shape of the spaces. Hubness: skew of how often a work is among the nearest of others, 0 where all are alike. "
        "Anti-hubs: share of works that are nobody's neighbour. Effective rank: dimensions in use."
    )
    return [Table(caption, ["space", "hubness", "anti-hubs", "mean cosine", "effective rank"], rows, folded=True)]


def _examples(run: Snapshot) -> list[Block]:
    blocks: list[Block] = []
    for space in ("image", "title"):
        stem = f"{PLOTS}/examples_{space}"
        data = run.picture(stem)
        if data is None:
            blocks.append(missing(f"Examples by {space} are", run.name, f"no {stem}.jpg"))
            continue
        caption = f"Works drawn at random, and what is nearest to them by {space}, the nearest first."
        blocks.append(picture(data, f"Sheet of queries and their nearest works by {space}.", caption))
    near = run.table(f"{PLOTS}/neighbours.csv")
    if near is not None:
        rows = [
            [
                f"{r['title']} ({r['painter']})",
                str(r["space"]),
                str(r["rank"]),
                number(float(r["score"])),
                f"{r['neighbour_title']} ({r['neighbour_painter']})",
            ]
            for r in near.to_dict("records")
        ]
        columns = ["query", "space", "rank", "cosine", "found"]
        blocks.append(Table("The works on these sheets, in words.", columns, rows, (0, 1, 4), folded=True))
    return blocks


def _maps(run: Snapshot, metrics: Mapping[str, Any]) -> list[Block]:
    table = run.table(f"{PLOTS}/tsne.csv")
    blocks: list[Block] = []
    if table is None:
        blocks.append(missing("t-SNE maps are", run.name, f"no {PLOTS}/tsne.csv"))
    else:
        themes = table.loc[table["space"] == table["space"].iloc[0], "theme"].astype(str)
        common, panels = common_themes(themes.reset_index(drop=True)), []
        for space, part in table.groupby("space", sort=False):
            trust = number(metrics.get(f"tsne.{space}.trustworthiness"))
            says = f"t-SNE map of the {space} space, {counted(len(part), 'work')}, trustworthiness {trust}."
            drawn = partial(_map, space=str(space), part=part, common=common, trust=trust)
            panels.append(draw(f"tsne-{space}", says, drawn, 4.6, 4.6))
        caption = (
            "Every point is a work, coloured by theme. Neighbours on a map are alike; large distances mean little. "
            "Trustworthiness is the share of neighbours on the map that are neighbours in the space."
        )
        blocks.append(Drawings(caption, panels))
    data = run.picture(f"{PLOTS}/map")
    if data is None:
        return [*blocks, missing("The map of pictures is", run.name, f"no {PLOTS}/map.jpg")]
    caption = "The works themselves at their places on the map of the image space."
    return [*blocks, picture(data, "Map of the collection with small pictures of the works.", caption)]


def _map(axis: Axes, *, space: str, part: pd.DataFrame, common: list[str], trust: str) -> None:
    held_out = (part["s1"] == "held_out").to_numpy() if space == "siamese" and "s1" in part else None
    map_panel(axis, space, part[["x", "y"]].to_numpy(), part["theme"].astype(str), common, held_out)
    axis.set_title(f"{space} (trustworthiness {trust})")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=3, fontsize=8, handletextpad=0.2)


def cluster_names(run: Snapshot) -> dict[int, str]:
    """Names that people gave to clusters; a cluster is known by its most typical work, and one without a name is not
    listed."""
    given, works = run.yaml(NAMES_FILE), run.table(f"{PLOTS}/cluster_works.csv")
    if not given or works is None:
        return {}
    first = works[works["rank"] == 1].set_index("id")["cluster"]
    return {int(first[key]): str(name) for key, name in ((str(k), n) for k, n in given.items()) if key in first.index}


def _clusters(run: Snapshot) -> list[Block]:
    table = run.table(f"{PLOTS}/clusters.csv")
    if table is None:
        return [missing("Clusters are", run.name, f"no {PLOTS}/clusters.csv")]
    names, rows, blocks = cluster_names(run), [], []
    for row in table.to_dict("records"):
        n = int(row["cluster"])
        theme = f"{row['theme']} ({row['theme_share']:.0%})" if isinstance(row["theme"], str) else "none given"
        words = row["words"] if isinstance(row["words"], str) else ""
        counts = [f"{row['works']:,}", f"{row['painters']:,}"]
        rows.append([f"{n}", names.get(n, ""), *counts, theme, words, str(row["titles"])])
        data = run.picture(f"{PLOTS}/clusters/cluster_{n:02d}")
        called = f"Cluster {n}, {names[n]}" if n in names else f"Cluster {n}"
        if data is not None:
            typical = f"{called}: {counted(int(row['works']), 'work')}, the most typical first."
            blocks.append(picture(data, f"Contact sheet of cluster {n}.", typical))
    columns = ["cluster", "name", "works", "painters", "commonest theme", "words in titles", "most typical works"]
    caption = "k-means clusters of the image embedding, the largest first."
    if not names:
        caption += " No cluster has been named yet: `artextract serve` takes names."
    return [Table(caption, columns, rows, (1, 4, 5, 6)), *blocks]


def _outliers(run: Snapshot, metrics: Mapping[str, Any]) -> list[Block]:
    table = run.table(f"{PLOTS}/outliers.csv")
    if table is None:
        return [missing("Attribution outliers are", run.name, f"no {PLOTS}/outliers.csv")]
    if table.empty:
        return [Text("No painter has three works that are attributed without reservation: nothing can be checked.")]
    found, chance = (metrics.get(f"outliers.painter_found{end}") for end in ("", "_chance"))
    sentence = "Works that look more like another painter's than like the others of their own. A hint, not a finding."
    if found is not None and chance is not None:
        sentence += f" The own painter has the best evidence for {found:.0%} of the works, by chance for {chance:.0%}."
    rows = [
        [str(r["rank"]), str(r["title"]), str(r["attribution"]), str(r["nearest_other_painter"])]
        + [number(float(r[name])) for name in ("score", "evidence_other", "evidence_own")]
        for r in table.head(20).to_dict("records")
    ]
    columns = ["rank", "title", "attribution", "looks like", "score", "evidence for that", "for the own"]
    blocks: list[Block] = [Text(sentence), Table("The first twenty.", columns, rows, (1, 2, 3), folded=True)]
    if (data := run.picture(f"{PLOTS}/outliers")) is not None:
        caption = "Each with the nearest works of its own painter and, framed, of the other one."
        blocks.insert(1, picture(data, "Sheet of the works whose attribution the images doubt most.", caption))
    return blocks
