"""The verdict of a comparison in words, the same on a screen, in JSON and in Python."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gumbench import text
from gumbench.report.cost import CostModel
from gumbench.report.tables import Row

if TYPE_CHECKING:
    from gumbench.report.ranking import Comparison, Range

MOST_RIVALS = 3
# p of the test from which on a bias may be there or not.
BIAS_SEEN_BELOW = 0.05
# An error this close to 1 is that of a zero gradient.
LEAST_GAIN = 1e-9
ERRORS = {
    "direction": "direction error, which is after the best step size",
    "error": "error, which is without the best step size",
}


def sentences(comparison: "Comparison") -> Iterator[str]:
    """Lines that say who is best at which budget, and what that rests on."""
    yield from _of_truth(comparison)
    for c in comparison.candidates:
        if c.rejected:
            yield (
                f"{c.name} is declared unbiased, and the bias test says otherwise "
                f"({text.p_value(c.row['bias_p'])}): it counts as biased."
            )
    unseen = [c.name for c in comparison.candidates if c.unseen]
    if unseen:
        yield (
            f"Not in the race: {text.listed(unseen, MOST_RIVALS)}. What was hardly ever drawn may "
            "add more variance than was seen: more --estimates would see it."
        )
    yield _ranges(comparison, comparison.by, comparison.ranges)
    if comparison.others:
        other = "error" if comparison.by == "direction" else "direction"
        yield f"By the {ERRORS[other]}: {_ranges(comparison, other, comparison.others)}"
    winners = [r.candidate for r in (*comparison.ranges, *comparison.others)]
    for c in dict.fromkeys(winners):
        hidden = c.row["bias_high"] is not None and c.row["bias_p"] > BIAS_SEEN_BELOW
        if not c.unbiased and not c.exact and hidden:
            yield (
                f"The bias of {c.name} was not seen: it may be up to "
                f"{bias_size(c.row, c.row['bias_high'], comparison.relative)}."
            )


def _of_truth(comparison: "Comparison") -> Iterator[str]:
    if comparison.truth == "none":
        yield "There is no exact gradient: those declared unbiased rank by variance × cost."
    elif not comparison.relative:
        why = "cannot be told from 0" if comparison.truth == "estimated" else "is 0"
        yield f"The gradient {why}: errors are in absolute size."


def _ranges(comparison: "Comparison", by: str, ranges: Sequence["Range"]) -> str:
    if not ranges:
        return _nobody(comparison)
    if by == "direction" or not comparison.relative:
        return _best(comparison, ranges)
    beaten, stops = [], [*(r.start for r in ranges[1:]), math.inf]
    if comparison.asked:
        stops = [comparison.budget]
    for span, stop in zip(ranges, stops, strict=True):
        least = _beats_no_step(span)
        if least <= stop and not math.isinf(least):
            later = span.crossing is None or least > span.start * (1 + LEAST_GAIN)
            beaten.append(dataclasses.replace(span, start=least, crossing=None) if later else span)
    if not beaten:
        return "No step at all leaves less."
    said = _best(comparison, beaten)
    if beaten[0].start > ranges[0].start and not comparison.asked:
        less = f"{amount(comparison.cost, beaten[0].start)}{unit_of(comparison.cost)}"
        said += f" Below {less}, no step at all leaves less."
    return said


def _beats_no_step(span: "Range") -> float:
    """The budget in a range from which on its winner leaves less error than no step at all."""
    line = span.candidate.lines["error"]
    level, slope = float(line.level[0]), float(line.slope[0])
    return max(span.start, slope / (1 - level)) if level < 1 - LEAST_GAIN else math.inf


def _best(comparison: "Comparison", ranges: Sequence["Range"]) -> str:
    unit = f"{unit_of(comparison.cost)} a step"
    if comparison.asked:
        unit = _of_one(unit, comparison.budget)
        return f"At {amount(comparison.cost, comparison.budget)}{unit}: {_winners(ranges[0])}."
    first, *others = ranges
    said = [f"From {_start(comparison, first)}{_of_one(unit, first.start)}: {_winners(first)}."]
    said += [f"From {_start(comparison, r)}: {_winners(r)}." for r in others]
    return " ".join(said)


def _of_one(unit: str, number: float) -> str:
    return unit.replace("evaluations", "evaluation") if number == 1 else unit


def _nobody(comparison: "Comparison") -> str:
    if all(c.unseen for c in comparison.candidates):
        return "No estimator was seen well enough to say which is best."
    cheapest = min((c for c in comparison.candidates), key=lambda c: c.cost)
    if comparison.asked and cheapest.cost > comparison.budget:
        unit = _of_one(unit_of(comparison.cost), cheapest.cost)
        price = f"{amount(comparison.cost, cheapest.cost)}{unit}"
        return f"That pays for no estimate: the cheapest, {cheapest.name}, costs {price}."
    return "None of these leaves less error than no step at all."


def _start(comparison: "Comparison", span: "Range") -> str:
    """Where a range starts, with its interval."""
    crossing = span.crossing
    if crossing is None:
        return amount(comparison.cost, span.start)
    half = (min(crossing.high, 2 * crossing.value) - crossing.low) / 2
    value, low, high = (
        "∞" if math.isinf(end) else amount(comparison.cost, end, half)
        for end in (crossing.value, crossing.low, crossing.high)
    )
    return f"{value} ({low}–{high})"


def _winners(span: "Range") -> str:
    """`A`, or `A or B: cannot be told apart`."""
    names = [span.candidate.name, *(c.name for c in span.rivals)]
    if len(names) == 1:
        return names[0]
    return f"{text.listed(names, MOST_RIVALS, 'or')}: cannot be told apart"


def amount(cost: CostModel, value: Any, half_width: float | None = None) -> str:
    """A cost or budget, of a time with its unit, in the digits that its half width leaves."""
    if cost.in_seconds:
        return text.duration(value)
    return text.rounded(value, half_width) if half_width else text.short(value)


def bias_size(row: Row, size: float, relative: bool) -> str:
    """A size of the bias of a row, as a share of the gradient where there are shares."""
    if not relative:
        return text.digits(size)
    return f"{text.digits(100 * size / row['truth_norm'])} % of the gradient"


def unit_of(cost: CostModel) -> str:
    """The unit after an amount."""
    return "" if cost.in_seconds else f" {cost.name}"
