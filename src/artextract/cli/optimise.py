"""``artextract optimise``: look for better parameters of the classification."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def optimise(
    metric: Annotated[
        str, typer.Option(help="score on select rows: TASK.auc_ovo_select, or mean.auc_ovo_select of all tasks")
    ] = "mean.auc_ovo_select",
    trials: Annotated[int, typer.Option(min=1, help="trainings besides the start; those of earlier calls count")] = 50,
    space: Annotated[Path, typer.Option(metavar="FILE", help="which parameters may change, and to what")] = Path(
        "profiles/optimise.yaml"
    ),
    changes: Annotated[
        list[str] | None, typer.Option("-S", metavar="KEY=VALUE", help="a change for all trainings; may be repeated")
    ] = None,
    name: Annotated[str | None, typer.Option(help="of the series and its experiments; default: by the metric")] = None,
    seed: Annotated[int, typer.Option(min=0, help="seed of the proposals")] = 0,
    min_rows: Annotated[int, typer.Option(min=1, help="leave out classes with fewer validation rows")] = 10,
) -> None:
    """Look for better parameters: each training is an experiment of DVC, proposed by what came of those before it.

    Trainings are chosen by their score on select rows alone, and one that does worse than most is ended early. At the
    end the best is compared with the start on validation rows, with paired 95% intervals. Start the same command again
    to go on after an interruption, or with more trials. Needs `pip install -r requirements-optimise.txt`.
    """
    from tqdm import tqdm

    from artextract.runs import comparison
    from artextract.runs.optimise import Wanted, optimise

    name = name or f"optimise-{metric.partition('.')[0]}"
    wanted = Wanted(name, metric, trials, space, tuple(changes or ()), seed, min_rows)
    table, compared = optimise(wanted, tqdm.write)
    print(table.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.4f}"))
    if compared is None:
        print("\nNo trial has a higher score on select rows than the start.")
        return
    print(f"\nOn validation rows, a: {name}-start, b: {table['experiment'].iloc[0]}, the best on select rows:\n")
    print(comparison.printed(compared))
