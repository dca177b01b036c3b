"""A series of trainings that looks for better parameters: what is proposed, what came of it, and where it is kept.

Optuna proposes (TPE). Only scores on select rows are looked at: a search that chose by validation rows would make their
score worthless. The series is kept in a journal: after a kill it goes on with the trial that was under way, and it
proposes what it would have proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.runs.search_space import Space, as_text

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

METRICS = (*(f"{task}.auc_ovo_select" for task in TASKS), "mean.auc_ovo_select")
FIRST_AT_RANDOM = 10  # trials before TPE has something to go by
PRUNED_FROM = 5  # finished trials that a running one is compared with, at least
MOST_FAILURES = 3  # trials in a row
START, MADE_OF, WHY, SAME_AS = "start", "made_of", "why", "same_as"


class TrialFailed(Exception):
    """A training that ended without a score; the message says why."""


class TrialPruned(Exception):
    """A training that was ended early, since it did worse than most."""


Report = Callable[[int, float], bool]  # takes an epoch and its select score; True: end this training
Run = Callable[[str, Mapping[str, str], Report], float]  # name of the experiment, changes -> select score


@dataclass(frozen=True)
class Series:
    """What a series is made of.

    Attributes:
        name: Its experiments are called ``<name>-start`` and ``<name>-<number>``.
        space: What may be changed.
        seed: Of the proposals.
        journal: File that keeps it.
        made_of: Whatever makes two series different ones: metric, space, code, other parameters.
    """

    name: str
    space: Space
    seed: int
    journal: Path
    made_of: Mapping[str, str]

    def experiment(self, number: int | str) -> str:
        """Name of the experiment of a trial."""
        return f"{self.name}-{number:03d}" if isinstance(number, int) else f"{self.name}-{number}"


def check_metric(metric: str) -> None:
    """Refuse what must not be optimised.

    Raises:
        ArtExtractError: It is no score on select rows.
    """
    if metric in METRICS:
        return
    task, _, score = metric.partition(".")
    on_val = task in TASKS and not score.endswith("_select")
    raise ArtExtractError(
        f"{metric} is measured on validation rows: whoever chooses by it has no honest score left"
        if on_val
        else f"there is no such score: {metric}",
        where="--metric",
        remedy=f"one of {', '.join(METRICS)}; the best is compared on validation rows afterwards",
    )


def run_series(series: Series, trials: int, run: Run, say: Callable[[str], object]) -> pd.DataFrame:
    """Run what is missing of a series.

    Args:
        series: The series.
        trials: How many trials it has in the end, besides the start.
        run: Runs one training, or gives the score of one that has finished already.
        say: Called with a line for each trial.

    Returns:
        The table of ``table_of``.

    Raises:
        ArtExtractError: The journal belongs to another series, the start fails, or several trials in a row do.
    """
    from tqdm import tqdm

    study = _open(series)
    if START not in study.user_attrs:
        try:
            value = run(series.experiment(START), {}, lambda epoch, score: False)
        except TrialFailed as error:
            raise ArtExtractError(f"the start fails: {error}", where=series.experiment(START)) from error
        say(f"{series.experiment(START)}: {value:.4f}, what params.yaml says")
        _note_start(study, series, value)
    failures, done = 0, sum(trial.state.is_finished() for trial in _proposed(study))
    with tqdm(total=trials, initial=min(done, trials), desc="optimise", unit="trial") as bar:
        while trial := _next(study, series, trials):
            failures = 0 if _tell(study, series, trial, run, say) else failures + 1
            bar.update(1)
            if failures == MOST_FAILURES:
                last = study.trials[-1].user_attrs[WHY]
                raise ArtExtractError(
                    f"{failures} trials in a row have failed, the last one: {last}", where=series.name
                )
    return table_of(series, study)


def _open(series: Series) -> Study:
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ModuleNotFoundError as error:
        raise ArtExtractError(
            f"the package {error.name} is not installed", remedy="`pip install -r requirements-optimise.txt`"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    series.journal.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(series.journal))),
        study_name=series.name,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=PRUNED_FROM, n_warmup_steps=3),
        load_if_exists=True,
    )
    if MADE_OF not in study.user_attrs:
        study.set_user_attr(MADE_OF, dict(series.made_of))
    kept = study.user_attrs[MADE_OF]
    if differing := sorted(key for key in {*kept, *series.made_of} if kept.get(key) != series.made_of.get(key)):
        raise ArtExtractError(
            f"the series {series.name} was begun with another {', '.join(differing)}",
            where=str(series.journal),
            remedy="give the new one a name of its own: `--name NAME`",
        )
    return study


def _note_start(study: Study, series: Series, value: float) -> None:
    """Keep the score of the start; where the space holds it, the proposals learn from it too."""
    import optuna

    if series.space.holds_start and not any(START in trial.user_attrs for trial in study.trials):
        given = {"params": dict(series.space.start), "distributions": dict(series.space.distributions)}
        study.add_trial(optuna.trial.create_trial(**given, value=value, user_attrs={START: True}))
    study.set_user_attr(START, value)


def _proposed(study: Study) -> list[FrozenTrial]:
    """All trials but the start."""
    return [trial for trial in study.get_trials(deepcopy=False) if START not in trial.user_attrs]


def _next(study: Study, series: Series, trials: int) -> Trial | FrozenTrial | None:
    """The trial that a killed run has left, or a new one; None where there are enough."""
    import optuna
    from optuna.trial import TrialState

    known = _proposed(study)
    if left := [trial for trial in known if trial.state == TrialState.RUNNING]:
        return left[0]
    if len(known) >= trials:
        return None
    # Seeded anew for each number: a series that was killed proposes what one without a kill would have proposed.
    study.sampler = optuna.samplers.TPESampler(seed=series.seed + len(known), n_startup_trials=FIRST_AT_RANDOM)
    return study.ask(dict(series.space.distributions))


def _tell(study: Study, series: Series, trial: Trial | FrozenTrial, run: Run, say: Callable[[str], object]) -> bool:
    """Run one trial and note what came of it; whether it did not fail."""
    from optuna.trial import Trial, TrialState

    live = trial if isinstance(trial, Trial) else Trial(study, trial._trial_id)
    # One that a kill has left may lack some of its values.
    values = {key: live._suggest(key, of) for key, of in series.space.distributions.items()}
    name, changes = series.experiment(trial.number), {key: as_text(value) for key, value in values.items()}
    shown = ", ".join(f"{key}={value}" for key, value in changes.items())

    def report(epoch: int, score: float) -> bool:
        live.report(score, epoch)
        return live.should_prune()

    try:
        twin = _twin(study, trial.number, changes)
        value = study.trials[twin].value if twin is not None else run(name, changes, report)
    except TrialPruned:
        study.tell(trial.number, state=TrialState.PRUNED)
        say(f"{name}: ended early, worse than most: {shown}")
        return True
    except TrialFailed as error:
        live.set_user_attr(WHY, str(error))
        study.tell(trial.number, state=TrialState.FAIL)
        say(f"{name}: failed: {error}: {shown}")
        return False
    if twin is not None:
        other = START if START in study.trials[twin].user_attrs else twin
        live.set_user_attr(SAME_AS, series.experiment(other))
    study.tell(trial.number, value)
    say(f"{name}: {value:.4f}: {shown}")
    return True


def _twin(study: Study, number: int, changes: Mapping[str, str]) -> int | None:
    """Number of an earlier trial of the same values that has a score."""
    from optuna.trial import TrialState

    for other in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        if other.number < number and {k: as_text(v) for k, v in other.params.items()} == changes:
            return other.number
    return None


def table_of(series: Series, study: Study) -> pd.DataFrame:
    """One row per trial, the best select score first, those without a score last.

    Returns:
        Columns experiment, state, select (NaN without a score), and a column of text per parameter. The row of the
        start has what params.yaml says.
    """
    rows: list[dict[str, Any]] = [{"experiment": series.experiment(START), "state": "start"}]
    rows[0] |= {"select": study.user_attrs[START], **{k: as_text(v) for k, v in series.space.start.items()}}
    for trial in _proposed(study):
        state = f"as {trial.user_attrs[SAME_AS]}" if SAME_AS in trial.user_attrs else trial.state.name.lower()
        row: dict[str, Any] = {"experiment": series.experiment(trial.number), "state": state}
        row["select"] = trial.value if trial.state.name == "COMPLETE" else float("nan")
        rows.append(row | {key: as_text(value) for key, value in trial.params.items()})
    return pd.DataFrame(rows).sort_values("select", ascending=False, kind="stable").reset_index(drop=True)
