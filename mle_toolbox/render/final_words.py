"""The answer of a search's final as words and as data: the winner, its value on fresh seeds, and against the base."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mle_toolbox.render.number_form import AS_LOGGED, NumberForm
from mle_toolbox.render.sentences import better_words
from mle_toolbox.text import count, short, value_text

if TYPE_CHECKING:
    from mle_toolbox.results.final_answer import EarlierAnswer, FinalAnswer
    from mle_toolbox.results.ranking import ScoredTrial

__all__ = ["answer_data", "answer_words", "role_of"]


def answer_words(answer: FinalAnswer, form: NumberForm = AS_LOGGED) -> Iterator[str]:
    """Yield what is to be read before any table, the winner first; before there is one, how far the final is.

    Of the ``form`` only percent applies: what the final tells are intervals.
    """
    stage = answer.stage
    if answer.winner is None or stage.winner is None:
        yield _not_yet(answer)
        return
    values = ", ".join(f"{name} {value_text(value)}" for name, value in answer.winner.record.values.items())
    yield f"Winner: {stage.winner}{f' ({values})' if values else ''}."
    yield _value_words(answer, form)
    yield _difference_words(answer, form)
    yield _optimism_words(answer, form.factor(answer.metric))
    yield from (_earlier_words(each, form.factor(answer.metric)) for each in answer.earlier[-1:])


def _optimism_words(answer: FinalAnswer, factor: int) -> str:
    """Say what the search saw of the winner and of its best trial, and that the latter is no value to report."""
    seen, best = (
        f"{factor * each.value:.4g}" if each is not None else "no value"
        for each in (answer.searched, answer.best_searched)
    )
    among = f"the best of {count(answer.trials, 'trial')} by its own seeds"
    if answer.searched is not None and answer.searched == answer.best_searched:
        return f"In the search it scored {seen}, which is optimistic: {among}."
    return f"In the search it scored {seen}. The best value of the search, {best}, is optimistic: {among}."


def role_of(answer: FinalAnswer, name: str) -> str:
    """Return ``winner``, ``finalist``, or nothing."""
    if name == answer.stage.winner:
        return "winner"
    return "finalist" if answer.is_finalist(name) else ""


def answer_data(answer: FinalAnswer) -> dict[str, Any]:
    """Return the answer as plain nested data, with all digits."""
    compared, estimate = answer.comparison, answer.estimate
    return {
        "state": answer.state,
        "metric": answer.metric,
        "lower_is_better": answer.lower_is_better,
        "winner": answer.stage.winner,
        "values": dict(answer.winner.record.values) if answer.winner is not None else None,
        "value": _numbers(answer.winner, answer.metric),
        "seeds": list(answer.stage.final_seeds),
        "seeds_failed": answer.winner.failed if answer.winner is not None else None,
        "method": estimate.method if estimate is not None else None,
        "base": answer.stage.base,
        "base_value": _numbers(answer.base, answer.metric),
        "base_seeds_failed": answer.base.failed if answer.base is not None else None,
        "is_base": answer.is_base,
        "difference": None
        if compared is None
        else {
            "value": compared.difference,
            "low": compared.difference_low,
            "high": compared.difference_high,
            "p": compared.p,
            "better": answer.better,
            "seeds_needed": compared.seeds_needed if compared.is_undecided() else None,
            "method": compared.method,
        },
        "optimistic": None if answer.searched is None else {"value": answer.searched.value, "n": answer.searched.n},
        "trials": answer.trials,
        "finalist_seeds": list(answer.stage.finalist_seeds),
        "finalists": {
            name: None if answer.finalists is None else _by_name(answer, name) for name in answer.stage.finalists or ()
        },
        "earlier_answers": [
            {"trials": each.trials, "winner": each.winner, "value": each.value, "seeds": each.seeds}
            for each in answer.earlier
        ],
    }


def _by_name(answer: FinalAnswer, name: str) -> dict[str, Any] | None:
    found = next((each for each in answer.finalists or () if each.name == name), None)
    return _numbers(found, answer.metric)


def _numbers(trial: ScoredTrial | None, metric: str) -> dict[str, Any] | None:
    if trial is None:
        return None
    score = trial.scores[metric]
    named = {key: getattr(score.estimate, key) for key in ("value", "low", "high", "n", "diverged")}
    return {**named, "by_seed": dict(zip(map(str, score.sample.seeds), score.sample.values.tolist(), strict=True))}


def _not_yet(answer: FinalAnswer) -> str:
    stage = answer.stage
    fresh, last = count(len(stage.finalist_seeds), "fresh seed"), len(stage.final_seeds)
    if answer.state == "searching":
        return (
            "No winner yet, and no value to report: when all trials have ended, the finalists run with "
            f"{fresh}, and the best of these and your base configuration with {last} others."
        )
    finalists = count(len(stage.finalists or ()), "finalist runs", "finalists run")
    return f"No winner yet, and no value to report: {finalists} with {fresh}."


def _value_words(answer: FinalAnswer, form: NumberForm) -> str:
    better = better_words(answer.lower_is_better, False)
    estimate, planned = answer.estimate, len(answer.stage.final_seeds)
    if answer.winner is None or estimate is None:
        return f"{form.label(answer.metric)}: none of its {planned} fresh seeds has ended."
    done = f"{count(planned, 'fresh seed')}" if estimate.n == planned else f"{estimate.n} of {planned} fresh seeds"
    numbers = form.shown(estimate, answer.metric).numbers()
    words = f"{form.label(answer.metric)} on {done}, which have chosen nothing: {numbers}; {estimate.method}; {better}."
    return words + _bad_words(answer.winner)


def _bad_words(trial: ScoredTrial) -> str:
    bad = [f"{n} {word}" for n, word in ((trial.failed, "failed"), (trial.diverged, "diverged")) if n]
    return (
        f" Of {trial.name}'s {trial.planned} fresh seeds {' and '.join(bad)}: its value is optimistic." if bad else ""
    )


def _difference_words(answer: FinalAnswer, form: NumberForm) -> str:
    stage, compared = answer.stage, answer.comparison
    if answer.is_base:
        return f"It is your base configuration ({stage.base}) itself: the search found nothing better."
    if compared is None or answer.winner is None or answer.base is None or stage.base is None:
        return f"Its base configuration ({stage.base}) has no value yet to compare it with."
    theirs = form.shown(answer.base.scores[answer.metric].estimate, answer.metric).numbers()
    result = form.compared(compared, answer.metric).words(answer.winner.name, stage.base)
    words = f"Against your base configuration, {stage.base} ({theirs}): {result}"
    return f"{words} (One planned comparison; {compared.method}.){_bad_words(answer.base)}{_steps_words(answer)}"


def _steps_words(answer: FinalAnswer) -> str:
    if answer.unlike_steps is None:
        return ""
    key, winner, base = answer.unlike_steps
    return (
        f" They did not train equally long: {key} is {winner} in {answer.stage.winner} and {base} in "
        f"{answer.stage.base}, so this is no comparison of the values alone."
    )


def _earlier_words(earlier: EarlierAnswer, factor: int) -> str:
    value = f" with {short(factor * earlier.value)}" if earlier.value is not None else ""
    return (
        f"The search went on after an answer was seen ({earlier.winner}{value}, after {count(earlier.trials, 'trial')} "
        f"and {count(earlier.seeds, 'fresh seed')}): going on until the answer pleases makes p and interval optimistic."
    )
