"""Function chaining: an order is checked, charged and handed to a carrier, one step after another."""

import logging
from dataclasses import dataclass

import rondo
from rondo import ActivityContext, Context, Retry

app = rondo.App()
log = logging.getLogger(__name__)


@dataclass
class Item:
    sku: str
    quantity: int
    price_cents: int


@dataclass
class Order:
    id: str
    items: list[Item]
    country: str


@dataclass
class Quote:
    order_id: str
    total_cents: int


@dataclass
class Payment:
    reference: str
    charged_cents: int


@dataclass
class Shipment:
    label: str
    parcels: int


@dataclass
class Receipt:
    order_id: str
    paid_cents: int
    label: str


@app.orchestration
async def order(ctx: Context, order: Order) -> Receipt:
    """Takes an order from quote to shipment."""
    quoted = await ctx.activity(quote, order)
    payment = await ctx.activity(charge, quoted, retry=Retry(5, backoff=2.0))
    log.info("order %s is paid: %s", order.id, payment.reference)
    shipment = await ctx.activity(ship, order)
    return Receipt(order.id, payment.charged_cents, shipment.label)


@app.activity
def quote(ctx: ActivityContext, order: Order) -> Quote:
    """Adds up an order, tax included."""
    if not any(item.quantity for item in order.items):
        raise rondo.Failure("empty-order", f"order {order.id} has no items", non_retriable=True)
    net = sum(item.price_cents * item.quantity for item in order.items)
    tax_percent = {"DE": 19, "FR": 20}.get(order.country, 0)
    return Quote(order.id, net + net * tax_percent // 100)


@app.activity
def charge(ctx: ActivityContext, quote: Quote) -> Payment:
    """Charges the customer's card."""
    # An activity may run twice. A real provider would be called with this reference and charge once.
    return Payment(f"pay-{quote.order_id}", quote.total_cents)


@app.activity
def ship(ctx: ActivityContext, order: Order) -> Shipment:
    """Orders a parcel from the carrier."""
    pieces = sum(item.quantity for item in order.items)
    return Shipment(f"{order.country} / {order.id}", -(-pieces // 10))
