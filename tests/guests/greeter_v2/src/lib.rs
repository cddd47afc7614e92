//! The second version of a greeter: `greet` decides otherwise, so histories of the first do not fit it.

use rondo::prelude::*;

async fn greet(ctx: Context, name: String) -> Result<String> {
    let greeting = ctx.call(welcome, &name).await?;
    ctx.event::<()>("go").await?;
    Ok(format!("{greeting} from the second version"))
}

async fn fragile(ctx: Context, name: String) -> Result<String> {
    let greeting: String = ctx.activity("hello", &name).await?;
    let checked = ctx.call(check, &greeting).await?;
    Ok(checked)
}

async fn welcome(_: ActivityContext, name: String) -> Result<String> {
    Ok(format!("welcome {name}"))
}

async fn check(_: ActivityContext, greeting: String) -> Result<String> {
    Ok(format!("{greeting}, checked"))
}

rondo::export! {
    orchestrations: [
        /// Greets in another way, then waits for `go`.
        greet,
        /// Works in this version.
        fragile,
    ],
    activities: [
        /// Says welcome.
        welcome,
        /// Works in this version.
        check,
    ],
}
