//! Sub-orchestrations: an order is split between warehouses; each part is an orchestration of its own.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

use std::collections::BTreeMap;

use rondo::prelude::*;
use serde::{Deserialize, Serialize};

/// What a customer wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// The shop's number for it.
    pub id: String,
    /// What is in the basket.
    pub lines: Vec<Line>,
}

/// One line of a basket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The article.
    pub sku: String,
    /// How many.
    pub quantity: u32,
    /// Where they are.
    pub warehouse: String,
}

/// The part of an order that one warehouse delivers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part {
    /// Where.
    pub warehouse: String,
    /// What.
    pub lines: Vec<Line>,
}

/// A parcel on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parcel {
    /// Where it comes from.
    pub warehouse: String,
    /// How many articles are in it.
    pub pieces: u32,
    /// In grams.
    pub weight_g: u32,
}

async fn fulfil(ctx: Context, order: Order) -> Result<Vec<Parcel>> {
    let mut parts: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in order.lines {
        parts.entry(line.warehouse.clone()).or_default().push(line);
    }
    let children = parts.into_iter().map(|(warehouse, lines)| {
        let id = format!("{}-{warehouse}", ctx.instance_id());
        ctx.call_child(ship_part, Part { warehouse, lines }).instance_id(id).tag("order", &order.id)
    });
    try_join_all(children).await
}

async fn ship_part(ctx: Context, part: Part) -> Result<Parcel> {
    let picked: Vec<u32> = try_join_all(part.lines.iter().map(|line| ctx.call(pick, line))).await?;
    let order = ctx.tag("order").unwrap_or("nobody");
    info!(ctx, "{} of {order}'s lines picked in {}", picked.len(), part.warehouse);
    ctx.call(pack, (part.warehouse, picked)).await
}

/// Takes the articles of one line from their shelf.
async fn pick(_: ActivityContext, line: Line) -> Result<u32> {
    if line.quantity > 100 {
        return Err(Error::new("out-of-stock", format!("no {} times {}", line.quantity, line.sku)).non_retriable());
    }
    Ok(line.quantity)
}

/// Puts what was picked in a warehouse into one parcel.
async fn pack(_: ActivityContext, (warehouse, picked): (String, Vec<u32>)) -> Result<Parcel> {
    let pieces = picked.iter().sum();
    Ok(Parcel { warehouse, pieces, weight_g: 200 + 350 * pieces })
}

rondo::export! {
    orchestrations: [
        /// Has an order delivered by all warehouses it needs.
        fulfil,
        /// Picks and packs what one warehouse delivers.
        "warehouse/ship_part" => ship_part,
    ],
    activities: [
        /// Takes the articles of one line from their shelf.
        "warehouse/pick" => pick,
        /// Puts what was picked into one parcel.
        "warehouse/pack" => pack,
    ],
}

#[cfg(test)]
mod tests {
    use rondo::testing::{Harness, Run};

    use super::*;

    fn run(lines: &[(&str, u32, &str)]) -> Run<Vec<Parcel>> {
        let line = |&(sku, quantity, warehouse): &(&str, u32, &str)| Line {
            sku: sku.to_owned(),
            quantity,
            warehouse: warehouse.to_owned(),
        };
        let order = Order { id: "A-1".to_owned(), lines: lines.iter().map(line).collect() };
        Harness::new(application()).instance_id("order-1").run("fulfil", order)
    }

    #[test]
    fn every_warehouse_is_an_orchestration_of_its_own() {
        let run = run(&[("cup", 6, "north"), ("pot", 1, "south"), ("tea", 2, "north")]);
        let parcels = run.result().unwrap();
        let seen: Vec<_> = parcels.iter().map(|parcel| (&parcel.warehouse[..], parcel.pieces)).collect();
        assert_eq!(seen, [("north", 8), ("south", 1)]);
        let log = run.log().join("\n");
        assert!(log.contains("child 0 warehouse/ship_part as order-1-north"), "{log}");
        assert!(log.contains("order-1-north: log info 2 of A-1's lines picked in north"), "{log}");
    }

    #[test]
    fn the_failure_of_a_part_is_the_failure_of_the_order() {
        let run = run(&[("cup", 101, "north"), ("pot", 1, "south")]);
        assert_eq!(run.result().unwrap_err().kind(), "out-of-stock");
    }
}
