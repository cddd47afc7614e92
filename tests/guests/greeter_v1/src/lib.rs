//! The first version of a greeter; `greeter_v2` is the next one.

use rondo::prelude::*;

async fn greet(ctx: Context, name: String) -> Result<String> {
    let greeting = ctx.call(hello, &name).await?;
    ctx.event::<()>("go").await?;
    Ok(format!("{greeting} from the first version"))
}

async fn fragile(ctx: Context, name: String) -> Result<String> {
    let greeting = ctx.call(hello, &name).await?;
    let checked = ctx.call(check, &greeting).await?;
    Ok(checked)
}

async fn hello(_: ActivityContext, name: String) -> Result<String> {
    Ok(format!("hello {name}"))
}

async fn check(_: ActivityContext, greeting: String) -> Result<String> {
    Err(Error::new("checker-broken", format!("cannot check {greeting:?}")).non_retriable())
}

rondo::export! {
    orchestrations: [
        /// Greets, then waits for `go`.
        greet,
        /// Fails in this version.
        fragile,
    ],
    activities: [
        /// Says hello.
        hello,
        /// Fails in this version.
        check,
    ],
}
