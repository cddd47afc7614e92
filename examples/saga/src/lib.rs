//! Saga: a trip is booked step by step; when a step fails, those before it are undone, last one first.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

use rondo::prelude::*;
use serde::{Deserialize, Serialize};

/// What a traveller wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trip {
    /// Who.
    pub traveller: String,
    /// Where to.
    pub city: String,
    /// For how long.
    pub nights: u32,
    /// What kind of car, if any; `convertible` is always sold out.
    pub car: Option<String>,
}

/// One reservation; what the activities that make it and undo it talk about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// What is reserved.
    pub what: String,
    /// The provider's number for it.
    pub number: String,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything is reserved.
    Booked {
        /// In the order in which they were made.
        reservations: Vec<Reservation>,
    },
    /// Nothing is reserved any more.
    RolledBack {
        /// The kind of the failure that was the reason.
        reason: String,
        /// In the order in which they were undone.
        undone: Vec<Reservation>,
    },
}

async fn trip(ctx: Context, trip: Trip) -> Result<Outcome> {
    let mut reservations = Vec::new();
    match book(&ctx, &trip, &mut reservations).await {
        Ok(()) => Ok(Outcome::Booked { reservations }),
        Err(error) => {
            warn!(ctx, "rolling back {} reservations: {error}", reservations.len());
            reservations.reverse();
            for reservation in &reservations {
                // Undoing must succeed in the end, however long it takes.
                let stubborn = Retry::attempts(1_000).backoff(2.0).max_interval(minutes(10));
                ctx.call(undo, reservation).retry(stubborn).await?;
            }
            Ok(Outcome::RolledBack { reason: error.kind().to_owned(), undone: reservations })
        }
    }
}

/// Notes every reservation as soon as it is made, so that the caller can undo those when a later one fails.
async fn book(ctx: &Context, trip: &Trip, reservations: &mut Vec<Reservation>) -> Result<()> {
    reservations.push(ctx.call(reserve_flight, trip).await?);
    reservations.push(ctx.call(reserve_hotel, trip).await?);
    if trip.car.is_some() {
        let twice = Retry::attempts(2).first_interval(millis(100));
        reservations.push(ctx.call(reserve_car, trip).retry(twice).await?);
    }
    Ok(())
}

async fn reserve_flight(_: ActivityContext, trip: Trip) -> Result<Reservation> {
    Ok(Reservation { what: format!("flight to {}", trip.city), number: number("FL", &trip) })
}

async fn reserve_hotel(_: ActivityContext, trip: Trip) -> Result<Reservation> {
    if trip.nights == 0 {
        return Err(Error::new("no-nights", "a hotel stay has at least one night").non_retriable());
    }
    Ok(Reservation { what: format!("{} nights in {}", trip.nights, trip.city), number: number("HO", &trip) })
}

async fn reserve_car(_: ActivityContext, trip: Trip) -> Result<Reservation> {
    let car = trip.car.clone().unwrap_or_default();
    if car == "convertible" {
        return Err(Error::new("sold-out", format!("no {car} in {}", trip.city)));
    }
    Ok(Reservation { what: car, number: number("CA", &trip) })
}

async fn undo(_: ActivityContext, reservation: Reservation) -> Result<()> {
    // A provider is asked to forget the number; asking twice does no harm.
    if reservation.number.is_empty() {
        return Err(Error::new("unknown-reservation", reservation.what).non_retriable());
    }
    Ok(())
}

/// The same trip always gets the same number, so that a repeated attempt does not reserve twice.
fn number(prefix: &str, trip: &Trip) -> String {
    let sum: u32 = trip.traveller.bytes().chain(trip.city.bytes()).map(u32::from).sum();
    format!("{prefix}{sum}")
}

rondo::export! {
    orchestrations: [
        /// Books flight, hotel and car, or nothing.
        trip,
    ],
    activities: [
        /// Reserves a flight.
        reserve_flight,
        /// Reserves a hotel.
        reserve_hotel,
        /// Reserves a car.
        reserve_car,
        /// Gives a reservation back.
        undo,
    ],
}

#[cfg(test)]
mod tests {
    use rondo::testing::{Harness, Run};

    use super::*;

    fn run(nights: u32, car: &str) -> Run<Outcome> {
        let car = Some(car.to_owned());
        let trip = Trip { traveller: "Lee".to_owned(), city: "Oslo".to_owned(), nights, car };
        Harness::new(application()).run("trip", trip)
    }

    fn undone(run: &Run<Outcome>) -> Vec<&str> {
        match run.result().unwrap() {
            Outcome::RolledBack { undone, .. } => undone.iter().map(|reservation| &reservation.what[..]).collect(),
            Outcome::Booked { .. } => panic!("it is booked: {:?}", run.log()),
        }
    }

    #[test]
    fn all_is_booked_when_nothing_fails() {
        let run = run(3, "estate");
        assert!(matches!(run.result().unwrap(), Outcome::Booked { reservations } if reservations.len() == 3));
        assert!(!run.log().iter().any(|line| line.contains("undo")));
    }

    #[test]
    fn what_was_booked_before_the_failure_is_undone_last_one_first() {
        assert_eq!(undone(&run(3, "convertible")), ["3 nights in Oslo", "flight to Oslo"]);
        assert_eq!(undone(&run(0, "estate")), ["flight to Oslo"]);
    }
}
