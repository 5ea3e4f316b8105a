"""Where answers are paid from: the ledger of a home, at its prices."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from samovar.core.message import Usage
from samovar.core.seams import Model
from samovar.org.credits import Prices, price
from samovar.org.metered import Metered
from samovar.org.seams import Charge, Ledger


@dataclass(frozen=True)
class Purse:
    """The credits of the agents of a home; both methods raise what asking for the prices raises."""

    ledger: Ledger
    prices: Callable[[], Prices]

    def paid(self, model: Model, about: Charge) -> Model:
        """Return a model that charges for every answer; `about` says who pays, and for what."""
        prices = self.prices()
        tariff = prices.tariff(about.agent, about.model)
        return Metered(model, self.ledger, about, tariff, prices.budget(about.agent).per_day)

    def price(self, about: Charge) -> Callable[[Usage, float], int]:
        """Return what an answer costs, in micro-credits, by its tokens and seconds."""
        return partial(price, self.prices().tariff(about.agent, about.model))
