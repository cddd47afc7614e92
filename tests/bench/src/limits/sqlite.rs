//! Transactions of SQLite with one writer, as durable as the host's.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rusqlite::Connection;
use serde::Serialize;

/// How long each size is measured.
const PERIOD: Duration = Duration::from_secs(1);

/// Bytes of a row: about what a turn records.
const ROW: [u8; 200] = [0x5A; 200];

/// Rows of the large transactions.
const MANY: u32 = 100;

/// What one writer does that does nothing else.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Sqlite {
    pub(crate) transactions_of_1_per_second: f64,
    pub(crate) transactions_of_100_per_second: f64,
}

impl Sqlite {
    /// How long it takes for so many rows in so many transactions: the price of a row is what a large transaction takes
    /// longer, that of a transaction is the rest.
    pub(crate) fn seconds(&self, transactions: f64, rows: f64) -> f64 {
        let (small, large) = (1.0 / self.transactions_of_1_per_second, 1.0 / self.transactions_of_100_per_second);
        let row = ((large - small) / f64::from(MANY - 1)).clamp(0.0, small);
        transactions * (small - row) + rows * row
    }
}

pub(crate) fn measure(folder: &Path) -> Result<Sqlite> {
    let connection = Connection::open(folder.join("limit.db")).context("opening a database")?;
    let prepared = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
        .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
        .and_then(|()| connection.execute_batch("CREATE TABLE turns (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"));
    prepared.context("preparing a database")?;
    let rate = |rows| transactions_per_second(&connection, rows).context("writing to a database");
    Ok(Sqlite { transactions_of_1_per_second: rate(1)?, transactions_of_100_per_second: rate(MANY)? })
}

fn transactions_per_second(connection: &Connection, rows: u32) -> rusqlite::Result<f64> {
    let begun = Instant::now();
    let mut transactions = 0_u32;
    while begun.elapsed() < PERIOD {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut insert = connection.prepare_cached("INSERT INTO turns (body) VALUES (?1)")?;
        for _ in 0..rows {
            insert.execute([&ROW])?;
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        transactions += 1;
    }
    Ok(f64::from(transactions) / begun.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_and_a_row_have_their_own_prices() {
        // 1 ms for a transaction with its first row, 0.01 ms for each further one.
        let limit = Sqlite { transactions_of_1_per_second: 1_000.0, transactions_of_100_per_second: 1_000.0 / 1.99 };
        let ms = |transactions, rows| format!("{:.2}", limit.seconds(transactions, rows) * 1_000.0);
        assert_eq!(ms(1.0, 1.0), "1.00");
        assert_eq!(ms(1.0, 100.0), "1.99");
        assert_eq!(ms(2.0, 1_000.0), "11.98");
    }
}
