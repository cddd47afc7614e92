//! See `fuzz::table_row`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::table_row(data));
