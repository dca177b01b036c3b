"""End-to-end tests in a copy of this checkout with an empty cache: repro, no-op, experiments, branches, the queue."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import pandas as pd
import pytest
import yaml

from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.data.sample.met import read_works
from artextract.params.reading import load_params
from tests.checkouts import Checkout, copy_of_this_checkout
from tests.closure import ROOT
from tests.plots_toys import plot_ids
from tests.test_contracts import STAGES, outs_of

pytestmark = pytest.mark.slow
TOLERANCE = 0.005  # between processors; on one machine the metrics are equal


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy of the checkout in which the pipeline has run once from nothing."""
    project = copy_of_this_checkout(tmp_path_factory.mktemp("end-to-end"))
    project.committed = project.metrics()
    project.first_output = project.run("dvc", "repro")
    yield project
    project.run("dvc", "queue", "stop", "--kill", check=False)


def test_a_run_from_nothing_gives_the_committed_metrics(checkout: Checkout):
    assert sorted(checkout.stages_run(checkout.first_output)) == sorted(STAGES)
    for name, committed in checkout.committed.items():
        found = checkout.metrics()[name]
        assert found.keys() == committed.keys(), name
        for key, value in committed.items():
            expected = pytest.approx(value, abs=TOLERANCE) if isinstance(value, float) else value
            assert found[key] == expected, f"{name}.{key}"


def test_declared_outs_are_exactly_what_is_written(checkout: Checkout):
    outs = [out for stage in STAGES.values() for out in outs_of(stage)]
    for out in outs:
        assert (checkout.folder / out).exists(), out
    status = checkout.run("git", "status", "--porcelain", "--ignored", "--untracked-files=all")
    written = [line[3:].strip('"') for line in status.splitlines() if line[:2] in ("??", "!!")]
    ours = [p for p in written if "__pycache__" not in p and not p.startswith(".dvc/")]
    stray = [p for p in ours if not any(p.rstrip("/") == out or p.startswith(f"{out}/") for out in outs)]
    assert stray == []


def test_a_second_repro_runs_nothing(checkout: Checkout):
    output = checkout.run("dvc", "repro")
    assert checkout.stages_run(output) == [] and output.count("didn't change, skipping") == len(STAGES)


@pytest.mark.long
def test_the_notebook_runs_from_top_to_bottom(checkout: Checkout):
    import nbformat  # which takes seconds
    from nbclient import NotebookClient

    path = checkout.folder / "docs/notebooks/first_look.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    nearest, predicted = (cell for cell in notebook.cells if cell.source.endswith(("nearest", "query)])")))
    assert "1.0" in nearest.outputs[-1]["data"]["text/plain"]  # the query is the work nearest to itself
    assert "style probability" in predicted.outputs[-1]["data"]["text/plain"]


def estate(folder: Path, works: int = 30) -> None:
    """Some paintings of the sample as a user may have them: named by title, with a spreadsheet in German."""
    from openpyxl import Workbook

    pictures = folder / "estate"
    pictures.mkdir()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Datei", "Titel", "Künstler", "Datierung", "Saal"])
    for i, work in enumerate(read_works(load_params("met").met.sha256)[:works]):
        shutil.copy2(work.image, pictures / f"Bild {i:02d}.jpg")
        sheet.append([f"bild {i:02d}", work.title, work.artist, str(work.record["objectDate"]), f"Saal {i % 2}"])
    book.save(folder / "estate.xlsx")


@pytest.mark.long
def test_the_tutorial_for_people_with_pictures(checkout: Checkout, tmp_path: Path):
    """Every command of the page, as it is printed there; what would serve a page until Ctrl-C is only saved."""
    estate(tmp_path)
    text = (ROOT / "docs/tutorials/your_pictures.md").read_text(encoding="utf-8")
    typed = [line for block in re.findall(r"```bash\n(.*?)```", text, re.S) for line in block.splitlines()]
    said = ""
    for line in typed:
        line = line.replace("~/Pictures", str(tmp_path))
        line = line.replace("~/Desktop/photo.jpg", f"'{tmp_path}/estate/Bild 03.jpg'")
        if "explore" in line:
            line += f" --save {tmp_path / 'page'}"
        if line.startswith("artextract"):
            said += checkout.run("artextract", *shlex.split(line.split("  #")[0])[1:])
    assert "30 works with a picture" in said and "Künstler" in said
    assert (tmp_path / "page/index.html").is_file() and (checkout.folder / "estate.html").is_file()
    assert checkout.stages_run(checkout.run("dvc", "repro")) == [], "the sample is as it was"
    checkout.run("artextract", "collection", "remove", "estate", "--yes")
    checkout.run("git", "clean", "-fdq", "--", "search", "estate.html", "collections")
    assert checkout.run("git", "status", "--porcelain").strip() == ""


@pytest.mark.long
def test_a_second_run_writes_the_same_bytes(checkout: Checkout):
    before = yaml.safe_load((checkout.folder / "dvc.lock").read_text())
    checkout.run("git", "commit", "-qam", "outcome on this machine", "--allow-empty")
    checkout.run("dvc", "repro", "--force")
    assert yaml.safe_load((checkout.folder / "dvc.lock").read_text()) == before


def test_plots_need_no_network(checkout: Checkout):
    checkout.run(sys.executable, "-c", _USE_PLOTS_PAGE)
    checkout.run("dvc", "plots", "show")
    page = (checkout.folder / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    assert "<script src=" not in page and "vegaEmbed('#" in page
    assert {p.name for p in (checkout.folder / "dvc_plots" / "static").glob("*map.jpg")}


def test_every_plot_is_drawn_from_what_the_stages_wrote(checkout: Checkout):
    shown = json.loads(checkout.run("dvc", "plots", "show", "--json"))
    assert "errors" not in shown
    drawn = set(shown["data"])
    for plot_id in plot_ids():
        assert any(name == plot_id or name.startswith(f"{plot_id}/") for name in drawn), plot_id


_USE_PLOTS_PAGE = """
import sys; sys.path.insert(0, "src")
from artextract.environment.finish import use_plots_page
use_plots_page()
"""


def test_push_clone_and_pull_leave_nothing_to_run(checkout: Checkout, tmp_path: Path):
    """The two commands of the documentation for a remote, and what a colleague does with the clone."""
    checkout.run("dvc", "remote", "add", "-d", "store", str(tmp_path / "store"))
    checkout.run("git", "commit", "-qam", "a remote", "--allow-empty")
    checkout.run("dvc", "push")
    clone = Checkout(tmp_path / "clone")
    subprocess.run(["git", "clone", "-q", str(checkout.folder), str(clone.folder)], check=True)
    clone.run("dvc", "pull")
    assert clone.stages_run(clone.run("dvc", "repro")) == []
    assert clone.run("git", "status", "--porcelain") == ""
    checkout.run("dvc", "remote", "remove", "store")
    checkout.run("git", "commit", "-qam", "no remote", "--allow-empty")


@pytest.mark.long
def test_an_example_trains_a_head_on_the_tokens_of_the_pipeline(checkout: Checkout):
    output = checkout.run(sys.executable, str(ROOT / "examples/train_a_head_on_cached_tokens.py"))
    assert "AUC one-vs-one on" in output


def test_an_example_judges_an_embedding_of_the_pipeline(checkout: Checkout):
    output = checkout.run(sys.executable, str(ROOT / "examples/judge_an_embedding.py"))
    assert "same painter" in output or "theme" in output
    assert "small" in output and "image, raw" in output


def test_scores_from_the_exported_judges_equal_those_of_the_pipeline(checkout: Checkout):
    checkout.run("artextract", "qrels", "qrels")
    output = checkout.run(sys.executable, "-I", "qrels/score.py", "data/embeddings/images.npy")
    found = {line.split("\t")[0]: float(line.split("\t")[2]) for line in output.splitlines()[1:]}
    table = pd.read_csv(checkout.folder / "plots/similarity/retrieval.csv")
    table = table[(table["space"] == "image") & (table["metric"] == "ndcg10")]
    expected = dict(zip(table["judge"], table["micro"], strict=True))
    assert found == pytest.approx(expected, abs=0.001)
    shutil.rmtree(checkout.folder / "qrels")


def test_an_embedding_is_judged_on_held_out_painters_as_in_the_pipeline(checkout: Checkout):
    folds = ["data/embeddings/images.npy"] * 5
    checkout.run("artextract", "judge", *folds, "--split", "s2", "--csv", "judged.csv")
    judged = pd.read_csv(checkout.folder / "judged.csv").set_index(["judge", "space"])["ndcg"]
    table = pd.read_csv(checkout.folder / "plots/siamese/retrieval.csv")
    table = table[(table["split"] == "s2") & (table["metric"] == "ndcg10")].set_index(["judge", "space"])["micro"]
    for judge in table.index.unique("judge"):
        for space in ("image", "centred", "siamese"):
            assert judged[judge, space] == pytest.approx(table[judge, space], abs=1.1e-4), (judge, space)
        assert judged[judge, "images"] == judged[judge, "image"]
    (checkout.folder / "judged.csv").unlink()


def test_predictions_of_validation_pictures_are_those_of_the_evaluation(checkout: Checkout, tmp_path: Path):
    """Through the command, from files: to 1e-6 the probabilities that evaluate_auc has stored."""
    data = checkout.folder / "data"
    stored = pd.read_parquet(data / "evaluation/predictions.parquet")
    stored = stored[stored["split"] == "val"]
    index, classes = pd.read_parquet(data / "artgan/index.parquet"), json.loads((data / "model/model.json").read_text())
    reader = ShardReader(data / "artgan", index)
    for row in index.index[index["id"].isin(stored["id"])]:
        path = tmp_path / "pictures" / index["id"][row]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(reader.read(row))
    said = checkout.run("artextract", "predict", str(tmp_path / "pictures"), "--parquet", str(tmp_path / "p.parquet"))
    assert "network: data/model" in said and "not calibrated" in said  # so that its probabilities are the stored ones
    found = pd.read_parquet(tmp_path / "p.parquet").set_index("path")
    for task, names in classes["classes"].items():
        part = stored[stored["task"] == task].set_index("id")
        predicted = found.loc[part.index, [f"{task}: {name}" for name in names]].to_numpy()
        expected = part[[f"p_{k}" for k in range(len(names))]].to_numpy()
        assert abs(predicted - expected).max() < 1e-6, task


@pytest.mark.long
def test_what_mattered_in_a_painting_carries_the_answers(checkout: Checkout, tmp_path: Path):
    index = pd.read_parquet(checkout.folder / "data/artgan/index.parquet")
    row = index.index[index["id"].str.contains("turner_whalers")][0]
    (tmp_path / "whalers.jpg").write_bytes(ShardReader(checkout.folder / "data/artgan", index).read(row))
    found = tmp_path / "found.json"
    checkout.run("artextract", "predict", str(tmp_path / "whalers.jpg"), "--why", "--json", str(found))
    (one,) = json.loads(found.read_text())["pictures"]
    assert Path(one["why"]["picture"]).is_file() and len(one["nearest training works"]) == 3
    tests = [one["why"][task] for task in TASKS]
    first, random = (
        [sum(test[f"probability, {order}"]) / 4 for test in tests]
        for order in ("most important first", "at random (mean)")
    )
    assert all(a < b for a, b in zip(first, random, strict=True))
    assert sum(test["falls faster than in random orders"] for test in tests) >= 2


@contextmanager
def serving(checkout: Checkout) -> Iterator[Callable[..., Any]]:
    """Runs `artextract serve`; gives a function that asks for an address, or sends bytes there, and reads the JSON."""
    command = ["artextract", "serve", "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, cwd=checkout.folder, env=checkout.env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    place = process.stdout.readline().split()[-1]
    assert place.startswith("http://127.0.0.1:")

    def ask(path: str, body: bytes | None = None) -> Any:
        headers = {"X-ArtExtract": "1", "Content-Type": "image/jpeg"}
        with urlopen(Request(place + path, body, headers), timeout=170) as answer:
            return json.load(answer)

    try:
        yield ask
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.long
def test_the_server_answers_as_search_and_predict_do(checkout: Checkout, tmp_path: Path):
    """With the real networks: a work that is sent finds itself, its place on the maps, and what predict says of it."""
    row, data = 7, checkout.folder / "data"
    picture = tmp_path / "sent.jpg"
    picture.write_bytes(ShardReader(data / "nga", pd.read_parquet(data / "nga/index.parquet")).read(row))
    checkout.run("artextract", "predict", str(picture), "--parquet", str(tmp_path / "p.parquet"))
    predicted = pd.read_parquet(tmp_path / "p.parquet").iloc[0]
    checkout.run("artextract", "search", "ships in a storm", "-k", "10", "--out", str(tmp_path / "found"))
    searched = pd.read_csv(tmp_path / "found.csv", dtype={"id": str})
    with serving(checkout) as ask:
        answer = ask("api/upload", picture.read_bytes())
        words = ask("api/words?q=ships%20in%20a%20storm&k=10")
        manifest, ids = ask("data/manifest.json"), ask("data/ids.json")
    assert [ids[found] for found in words["rows"]] == searched["id"].tolist()
    assert words["scores"] == pytest.approx(searched["score"].tolist(), abs=1e-3)
    for space in ("image", "siamese", "subject-0", "subject-100"):
        assert answer["neighbours"][space]["rows"][0] == row and answer["neighbours"][space]["scores"][0] > 0.999
    positions = np.fromfile(data / "explorer/data/positions.bin", "<f4").reshape(len(manifest["maps"]), len(ids), 2)
    for number, one in enumerate(manifest["maps"]):
        if one["key"] != "title":
            assert np.linalg.norm(np.array(answer["place"][one["key"]]) - positions[number, row]) < 0.1
    for task in TASKS:
        (name, p), *_ = answer["prediction"][task]["top"]
        assert (name, p) == (predicted[task], pytest.approx(predicted[f"{task} probability"], abs=1e-6))


def test_another_lr_reruns_what_depends_on_it_and_branches_can_be_compared(checkout: Checkout):
    checkout.run("git", "checkout", "-qb", "other-lr")
    output = checkout.run("dvc", "exp", "run", "-S", "lr=3e-3")
    assert checkout.stages_run(output) == ["train_multitask", "evaluate_auc", "explorer"]  # which shows the errors
    assert yaml.safe_load((checkout.folder / "dvc.lock").read_text())["stages"]["train_multitask"]["params"]
    params = json.loads(checkout.run("dvc", "params", "diff", "--json"))
    assert params["params.yaml"]["lr"]["new"] == 3e-3
    checkout.run("git", "commit", "-qam", "another lr")
    checkout.run("git", "checkout", "-q", "main")
    checkout.run("dvc", "checkout")
    diff = json.loads(checkout.run("dvc", "metrics", "diff", "main", "other-lr", "--json"))
    assert set(diff) == {"metrics/auc.json"}  # the headline alone; the full tables are in git, and no metrics
    assert set(diff["metrics/auc.json"]) <= {f"{task}.{name}" for task in TASKS for name in ("auc", "ci")}
    assert diff["metrics/auc.json"]
    plots = json.loads(checkout.run("dvc", "plots", "diff", "main", "other-lr", "--json"))["data"]
    assert plots["training losses"][0]["revisions"] == ["main", "other-lr"]


@pytest.mark.long
def test_a_queued_experiment_runs_the_code_that_was_queued(checkout: Checkout):
    stage = checkout.folder / "stages" / "evaluate_auc.py"
    original = stage.read_text()
    line = "auc_with_interval(metrics)"
    assert line in original
    stage.write_text(original.replace(line, f'{line} | {{"queued_code": 1}}'))
    checkout.run("dvc", "exp", "run", "--queue", "-S", "lr=1e-4,3e-4")
    stage.write_text(original)
    checkout.run("dvc", "queue", "start")
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        status = checkout.run("dvc", "queue", "status")
        assert "Failed" not in status, checkout.run("dvc", "queue", "logs", "HEAD", check=False) + status
        if status.count("Success") == 2:
            break
        time.sleep(2)
    shown = json.loads(checkout.run("dvc", "exp", "show", "--json"))
    experiments = [rev for branch in shown for rev in (branch.get("experiments") or [])]
    queued = [e["revs"][0]["data"] for e in experiments if "queued_code" in json.dumps(e)]
    rates = sorted(data["params"]["params.yaml"]["data"]["lr"] for data in queued)
    assert rates == [1e-4, 3e-4]
    assert "queued_code" not in (checkout.folder / "metrics" / "auc.json").read_text()


def test_one_changed_source_file_reruns_only_the_stages_that_enter_its_room(checkout: Checkout):
    source = checkout.folder / "src" / "artextract" / "similarity" / "evaluation" / "maps.py"
    text = source.read_text()
    source.write_text(text + "\n# a remark\n")
    output = checkout.run("dvc", "repro", "--dry")
    source.write_text(text)
    assert checkout.stages_run(output) in (["similarity_eval"], ["similarity_eval", "explorer"])  # which shows the maps
