"""An exact model of the venue in integers, written from docs/spec.md alone.

`Venue` takes the same calls as the contracts and either applies them or raises `Reject` with a class of reason;
`Venue.refusal` tells beforehand which. It knows nothing of the contracts and imports only the standard library.
"""

from .auction import Liquidator, Lot, Terms
from .carry import Market
from .ledger import Account
from .margin import Assessment, Health, State
from .orders import Order, OrderBook, Round, Timing
from .params import QUOTE, AssetParams, MarketParams, Params, Reason, Reject
from .pool import PoolState
from .preview import CascadeStep, cascade, cures
from .shares import Book, Exit, Tranche
from .state import MarginCall
from .venue import Filled, Slice, Venue
from .views import Solvency

__all__ = [
    "QUOTE",
    "Account",
    "Assessment",
    "AssetParams",
    "Book",
    "CascadeStep",
    "Exit",
    "Filled",
    "Health",
    "Liquidator",
    "Lot",
    "MarginCall",
    "Market",
    "MarketParams",
    "Order",
    "OrderBook",
    "Params",
    "PoolState",
    "Reason",
    "Reject",
    "Round",
    "Slice",
    "Solvency",
    "State",
    "Terms",
    "Timing",
    "Tranche",
    "Venue",
    "cascade",
    "cures",
]
