//! See `fuzz::queue_message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::queue_message(data));
