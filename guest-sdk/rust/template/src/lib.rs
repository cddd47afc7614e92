//! Greets everybody at once.

use rondo::prelude::*;

/// Decides what happens: by its input and by what it awaits, and by nothing else.
async fn __NAME__(ctx: Context, names: Vec<String>) -> Result<Vec<String>> {
    try_join_all(names.into_iter().map(|name| ctx.call(greet, name))).await
}

/// Does the work: here is the place for whatever reaches the outside.
async fn greet(_: ActivityContext, name: String) -> Result<String> {
    Ok(format!("Hello, {name}!"))
}

rondo::export! {
    orchestrations: [
        /// Greets everybody at once.
        __NAME__,
    ],
    activities: [
        /// Greets one person.
        greet,
    ],
}

#[cfg(test)]
mod tests {
    use rondo::testing::Harness;

    use super::*;

    #[test]
    fn everybody_is_greeted() {
        let run = Harness::new(application()).run::<Vec<String>>("__NAME__", ["Ada", "Bob"]);
        assert_eq!(run.result().unwrap(), &["Hello, Ada!", "Hello, Bob!"]);
    }
}
