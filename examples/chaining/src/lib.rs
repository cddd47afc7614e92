//! Function chaining: an order is checked, charged and handed to a carrier, one step after another.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

use rondo::prelude::*;
use serde::{Deserialize, Serialize};

/// What a customer wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The shop's number for it.
    pub id: String,
    /// What is in the basket.
    pub items: Vec<Item>,
    /// Where it goes.
    pub country: String,
}

/// One line of a basket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The article.
    pub sku: String,
    /// How many.
    pub quantity: u32,
    /// What one costs.
    pub price_cents: u64,
}

/// What the customer has to pay, tax included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// The order it is for.
    pub order_id: String,
    /// In cents.
    pub total_cents: u64,
}

/// What the payment provider says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// The provider's reference; the same for every attempt of one charge.
    pub reference: String,
    /// In cents.
    pub charged_cents: u64,
}

/// What the carrier gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shipment {
    /// The label's text.
    pub label: String,
    /// How many parcels.
    pub parcels: u32,
}

/// What the customer gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The order it is for.
    pub order_id: String,
    /// In cents.
    pub paid_cents: u64,
    /// Printed on the parcel.
    pub label: String,
}

async fn order(ctx: Context, order: Order) -> Result<Receipt> {
    let quote = ctx.call(quote, &order).await?;
    let payment = ctx.call(charge, &quote).retry(Retry::attempts(5).backoff(2.0)).await?;
    info!(ctx, "order {} is paid: {}", order.id, payment.reference);
    let shipment = ctx.call(ship, &order).await?;
    Ok(Receipt { order_id: order.id, paid_cents: payment.charged_cents, label: shipment.label })
}

async fn quote(_: ActivityContext, order: Order) -> Result<Quote> {
    if order.items.iter().all(|item| item.quantity == 0) {
        return Err(Error::new("empty-order", format!("order {} has no items", order.id)).non_retriable());
    }
    let net: u64 = order.items.iter().map(|item| item.price_cents * u64::from(item.quantity)).sum();
    let tax_percent = match order.country.as_str() {
        "DE" => 19,
        "FR" => 20,
        _ => 0,
    };
    Ok(Quote { order_id: order.id, total_cents: net + net * tax_percent / 100 })
}

async fn charge(_: ActivityContext, quote: Quote) -> Result<Payment> {
    // An activity may run twice. A real provider would be called with this reference and charge once.
    Ok(Payment { reference: format!("pay-{}", quote.order_id), charged_cents: quote.total_cents })
}

async fn ship(_: ActivityContext, order: Order) -> Result<Shipment> {
    let pieces: u32 = order.items.iter().map(|item| item.quantity).sum();
    Ok(Shipment { label: format!("{} / {}", order.country, order.id), parcels: pieces.div_ceil(10) })
}

rondo::export! {
    orchestrations: [
        /// Takes an order from quote to shipment.
        order,
    ],
    activities: [
        /// Adds up an order, tax included.
        quote,
        /// Charges the customer's card.
        charge,
        /// Orders a parcel from the carrier.
        ship,
    ],
}

#[cfg(test)]
mod tests {
    use rondo::testing::Harness;

    use super::*;

    fn an_order(quantity: u32) -> Order {
        let items = vec![Item { sku: "cup".to_owned(), quantity, price_cents: 450 }];
        Order { id: "A-1".to_owned(), items, country: "DE".to_owned() }
    }

    #[test]
    fn the_steps_follow_each_other() {
        let run = Harness::new(application()).run::<Receipt>("order", an_order(2));
        let expected = Receipt { order_id: "A-1".to_owned(), paid_cents: 1071, label: "DE / A-1".to_owned() };
        assert_eq!(run.result().unwrap(), &expected);
        assert_eq!(run.elapsed(), secs(0));
    }

    #[test]
    fn charging_is_tried_again() {
        let mut attempts = 0;
        let run = Harness::new(application())
            .activity("charge", move |quote: Quote| {
                attempts += 1;
                if attempts < 3 {
                    return Err(Error::new("provider-down", "try later"));
                }
                Ok(Payment { reference: "pay-1".to_owned(), charged_cents: quote.total_cents })
            })
            .run::<Receipt>("order", an_order(2));
        assert_eq!(run.result().unwrap().paid_cents, 1071);
        assert_eq!(run.elapsed(), secs(1 + 2));
    }

    #[test]
    fn an_empty_order_ends_before_anything_is_charged() {
        let run = Harness::new(application()).run::<Receipt>("order", an_order(0));
        assert_eq!(run.result().unwrap_err().kind(), "empty-order");
        assert!(!run.log().iter().any(|line| line.contains("charge")));
    }
}
