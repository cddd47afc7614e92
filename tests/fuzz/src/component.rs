//! What somebody uploads as a component.

use std::sync::LazyLock;
use std::time::Duration;

use wasm::{Engines, Options};

/// Few guests at a time, and little patience with them.
pub(crate) static ENGINES: LazyLock<Engines> = LazyLock::new(|| {
    let options = Options {
        turn_deadline: Duration::from_millis(500),
        orchestrators_max: 10,
        activities_max: 10,
        orchestrator_memory_bytes_max: 16 * 1024 * 1024,
        ..Options::default()
    };
    Engines::new(options).expect("there is room for twenty guests")
});

/// Inspects bytes as `rondo deploy` does, which compiles them and asks them what they offer, and makes a component of
/// them as `rondo build` does. The text form of WebAssembly is translated first, so that a corpus can be read.
///
/// # Panics
/// What can be deployed has something to say against it, or the other way round.
pub fn component(data: &[u8]) {
    let translated = if data.starts_with(b"(") { wat::parse_bytes(data).ok() } else { None };
    let data = translated.as_deref().unwrap_or(data);
    let inspection = ENGINES.inspect(data);
    assert_eq!(inspection.deployable, inspection.reasons.is_empty(), "{inspection:?}");
    let _ = wasm::componentize(data);
}
