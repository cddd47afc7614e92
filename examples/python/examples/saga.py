"""Saga: a trip is booked step by step; when a step fails, those before it are undone, last one first."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import rondo
from rondo import ActivityContext, Context, Retry

app = rondo.App()
log = logging.getLogger(__name__)


@dataclass
class Trip:
    traveller: str
    city: str
    nights: int
    car: str | None = None
    """What kind of car, if any; `convertible` is always sold out."""


@dataclass
class Reservation:
    what: str
    number: str


@app.orchestration
async def trip(ctx: Context, trip: Trip) -> dict[str, Any]:
    """Books flight, hotel and car, or nothing."""
    reservations: list[Reservation] = []
    try:
        reservations.append(await ctx.activity(reserve_flight, trip))
        reservations.append(await ctx.activity(reserve_hotel, trip))
        if trip.car is not None:
            twice = Retry(2, first_interval=timedelta(milliseconds=100))
            reservations.append(await ctx.activity(reserve_car, trip, retry=twice))
    except rondo.Failure as failure:
        log.warning("rolling back %d reservations: %s", len(reservations), failure)
        reservations.reverse()
        for reservation in reservations:
            # Undoing must succeed in the end, however long it takes.
            stubborn = Retry(1_000, backoff=2.0, max_interval=timedelta(minutes=10))
            await ctx.activity(undo, reservation, retry=stubborn)
        return {"status": "rolled-back", "reason": failure.kind, "undone": reservations}
    return {"status": "booked", "reservations": reservations}


@app.activity
def reserve_flight(ctx: ActivityContext, trip: Trip) -> Reservation:
    """Reserves a flight."""
    return Reservation(f"flight to {trip.city}", number("FL", trip))


@app.activity
def reserve_hotel(ctx: ActivityContext, trip: Trip) -> Reservation:
    """Reserves a hotel."""
    if trip.nights == 0:
        raise rondo.Failure("no-nights", "a hotel stay has at least one night", non_retriable=True)
    return Reservation(f"{trip.nights} nights in {trip.city}", number("HO", trip))


@app.activity
def reserve_car(ctx: ActivityContext, trip: Trip) -> Reservation:
    """Reserves a car."""
    car = trip.car or ""
    if car == "convertible":
        raise rondo.Failure("sold-out", f"no {car} in {trip.city}")
    return Reservation(car, number("CA", trip))


@app.activity
def undo(ctx: ActivityContext, reservation: Reservation) -> None:
    """Gives a reservation back."""
    # A provider is asked to forget the number; asking twice does no harm.
    if not reservation.number:
        raise rondo.Failure("unknown-reservation", reservation.what, non_retriable=True)


def number(prefix: str, trip: Trip) -> str:
    """The same trip always gets the same number, so that a repeated attempt does not reserve twice."""
    return f"{prefix}{sum((trip.traveller + trip.city).encode())}"
