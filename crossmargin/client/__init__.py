"""A typed client of a venue: read it, quote, send with any local key, look back. See `Client` and `AsyncClient`."""

from crossmargin.client.aio import AsyncClient
from crossmargin.client.calls import Calls
from crossmargin.client.codec import (
    LOT,
    QUOTE,
    WAD,
    Balance,
    Book,
    Carry,
    Leg,
    account_id,
    owner_of,
    parse_account,
    show_account,
    sub_id_of,
)
from crossmargin.client.events import OrderData as Order
from crossmargin.client.records import (
    Account,
    Conservation,
    Health,
    Market,
    OrderQuote,
    OrderStatus,
    Pool,
    Position,
    Price,
    Receipt,
    Sent,
    Solvency,
    Submitted,
)
from crossmargin.client.sync import Client
from crossmargin.client.transport import connect, connect_async
from crossmargin.errors import ConfigError, ContractRefused, CrossmarginError, NetworkError, TransactionLost

__all__ = [
    "LOT",
    "QUOTE",
    "WAD",
    "Account",
    "AsyncClient",
    "Balance",
    "Book",
    "Calls",
    "Carry",
    "Client",
    "ConfigError",
    "Conservation",
    "ContractRefused",
    "CrossmarginError",
    "Health",
    "Leg",
    "Market",
    "NetworkError",
    "Order",
    "OrderQuote",
    "OrderStatus",
    "Pool",
    "Position",
    "Price",
    "Receipt",
    "Sent",
    "Solvency",
    "Submitted",
    "TransactionLost",
    "account_id",
    "connect",
    "connect_async",
    "owner_of",
    "parse_account",
    "show_account",
    "sub_id_of",
]
