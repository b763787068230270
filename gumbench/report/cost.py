"""What one estimate costs: in evaluations of f, in time, or at a user's own prices."""

import math
from dataclasses import dataclass

from gumbench import limits
from gumbench.errors import InputError, unknown
from gumbench.stats.intervals import median_interval
from gumbench.types import Record

UNITS = ("evaluations", "time", "estimates")
GRADIENT_COST = 3.0
REUSE = 1000


@dataclass(frozen=True)
class CostModel:
    """How one estimate is priced.

    unit : "evaluations" (of f, and ∂f/∂x at its price), "time" (what was measured here) or
        "estimates" (one each); None is evaluations, or time where f has a price in seconds
    gradient_cost : what an evaluation of ∂f/∂x costs in evaluations of f, 3 where None
    cost_of_f, cost_of_gradient : seconds that f, and f with its gradient, take in a user's own
        model: an estimate then costs its evaluations at these prices and the time measured
    batched : the evaluations that one estimate makes run at once, and cost as one
    reuse : estimates made at one θ, that share what is prepared; 1,000 where None

    Raises InputError for what contradicts itself.
    """

    unit: str | None = None
    gradient_cost: float | None = None
    cost_of_f: float | None = None
    cost_of_gradient: float | None = None
    batched: bool = False
    reuse: float | None = None

    def __post_init__(self) -> None:
        if self.unit is not None and self.unit not in UNITS:
            raise unknown("cost", str(self.unit), UNITS)
        for flag in ("gradient_cost", "cost_of_f", "cost_of_gradient", "reuse"):
            self._check_number(flag)
        self._check_prices()
        if not self.counts_evaluations:
            for flag in ("gradient_cost", "batched"):
                if getattr(self, flag):
                    raise InputError(
                        f"--{flag.replace('_', '-')} is about evaluations, which --cost "
                        f"{self.unit} does not count: leave one of the two out, or add --cost-of-f"
                    )
        if self.unit == "estimates" and self.reuse is not None:
            raise InputError("--reuse spreads what is prepared, which --cost estimates leaves out")

    def _check_number(self, flag: str) -> None:
        value, name = getattr(self, flag), f"--{flag.replace('_', '-')}"
        if value is None:
            return
        value = limits.plain(value)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            unit = " of seconds" if flag.startswith("cost_of") else ""
            raise InputError(f"{name} {value!r}: give a number{unit}")
        if flag == "reuse" and (value < 1 or value != int(value)):
            raise InputError(f"{name} {value}: give a whole number of estimates from 1")
        if flag == "gradient_cost" and value < 0:
            raise InputError(f"{name} {value:g}: give a number from 0")
        if flag.startswith("cost_of") and value <= 0:
            raise InputError(f"{name} {value:g} s: give more than 0")

    def _check_prices(self) -> None:
        if self.cost_of_f is None:
            if self.cost_of_gradient is not None:
                raise InputError("--cost-of-gradient needs the price of f beside it: --cost-of-f")
            return
        if self.unit in ("evaluations", "estimates"):
            raise InputError(
                f"--cost-of-f gives a price in time, --cost {self.unit} counts none: leave one out"
            )
        if self.cost_of_gradient is None:
            return
        if self.gradient_cost is not None:
            raise InputError("--cost-of-gradient and --gradient-cost are two prices of ∂f/∂x")
        if self.cost_of_gradient < self.cost_of_f:
            raise InputError(
                f"--cost-of-gradient {self.cost_of_gradient:g} s is f with its gradient, and "
                f"--cost-of-f {self.cost_of_f:g} s alone takes longer: give at least as much"
            )

    @property
    def counts_evaluations(self) -> bool:
        """Whether evaluations have a price."""
        return self.cost_of_f is not None or self.unit in (None, "evaluations")

    @property
    def is_measured(self) -> bool:
        """Whether it is the time of the problem here, and nothing else."""
        return self.unit == "time" and self.cost_of_f is None

    @property
    def in_seconds(self) -> bool:
        """Whether it is a time."""
        return self.unit == "time" or self.cost_of_f is not None

    @property
    def price_of_gradient(self) -> float:
        """What an evaluation of ∂f/∂x costs, in evaluations of f."""
        if self.cost_of_gradient is not None and self.cost_of_f is not None:
            return self.cost_of_gradient / self.cost_of_f
        return GRADIENT_COST if self.gradient_cost is None else self.gradient_cost

    def of(self, record: Record) -> float:
        """Cost of one estimate of a finished cell. Raises InputError where it was not measured."""
        if self.unit == "estimates":
            return 1.0
        reuse = self.reuse or REUSE
        result, rounds = record.result, record.clock.get("rounds")
        seconds = 0.0
        if rounds:
            seconds = median_interval(rounds)[0]
            seconds += record.clock["prepare_seconds"] / reuse
        if self.is_measured:
            if not rounds:
                name = f"{record.cell.estimator} on {record.cell.problem}"
                raise InputError(f"{name} has no time: leave out --cost time, or sweep again")
            return seconds
        evaluations = self._priced(result["evaluations"], result["gradient_evaluations"])
        if self.batched and not result["deterministic"]:
            evaluations = self._priced(
                min(result["evaluations"], 1), min(result["gradient_evaluations"], 1)
            )
        prepared = result["prepare_evaluations"], result["prepare_gradient_evaluations"]
        evaluations += self._priced(*prepared) / reuse
        return evaluations if self.cost_of_f is None else seconds + evaluations * self.cost_of_f

    def _priced(self, values: float, gradients: float) -> float:
        return values + self.price_of_gradient * gradients

    @property
    def name(self) -> str:
        """What the cost is counted in."""
        if self.in_seconds:
            return "time"
        return "evaluations of f" if self.counts_evaluations else "estimates"
