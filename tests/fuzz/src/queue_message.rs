//! What a queue of Azure Storage holds, written by us, by clients of DurableTask, or by anybody with the account's key.

/// Reads bytes as the text of a queue message.
pub fn queue_message(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        store_azure::outside::queue_message(text);
    }
}
