//! What the tables and blobs of Azure Storage hold.

use azure::Entity;
use serde_json::Value;

/// Reads bytes as a row, in the JSON in which the service answers, of every kind of row there is; or else as a blob.
pub fn table_row(data: &[u8]) {
    match serde_json::from_slice(data) {
        Ok(Value::Object(row)) => {
            if let Ok((key, entity)) = Entity::from_answer(row) {
                store_azure::outside::table_row(&key, &entity);
            }
        }
        Ok(_) | Err(_) => store_azure::outside::blob(data),
    }
}
