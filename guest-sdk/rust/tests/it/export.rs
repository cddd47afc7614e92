use rondo::prelude::*;
use rondo::testing::Harness;

async fn order(ctx: Context, amount: u32) -> Result<u32> {
    let charged = ctx.call(payment::charge, amount).await?;
    ctx.call_child(refund, charged).await
}

async fn refund(_: Context, amount: u32) -> Result<u32> {
    Ok(amount / 2)
}

mod payment {
    use rondo::prelude::*;

    pub(super) async fn charge(_: ActivityContext, amount: u32) -> Result<u32> {
        Ok(amount + 1)
    }
}

rondo::export! {
    orchestrations: [
        /// Takes an order
        /// to its end.
        order,
        "billing/refund" => refund,
    ],
    activities: [payment::charge],
}

#[test]
fn functions_are_called_by_the_names_they_are_exported_with() {
    let run = Harness::new(application()).run::<u32>("order", 99);
    assert_eq!(run.result().unwrap(), &50);
    assert_eq!(run.log()[0], "activity 0 charge 99");
    assert_eq!(run.log()[2], "child 1 billing/refund 100");
}

#[test]
fn doc_comments_become_descriptions() {
    let definitions = rondo::__private::describe_orchestrations(&application());
    let text: Vec<_> = definitions.iter().map(|d| format!("{}: {}", d.name, d.description)).collect();
    assert_eq!(text, ["order: Takes an order to its end.", "billing/refund: "]);
    assert_eq!(rondo::__private::describe_activities(&application())[0].name, "charge");
}

#[test]
fn a_function_that_is_not_exported_cannot_be_called() {
    async fn hidden(_: ActivityContext, (): ()) -> Result<()> {
        Ok(())
    }
    let application =
        rondo::Application::new().orchestration("it", "", |ctx: Context, ()| async move { ctx.call(hidden, ()).await });
    let run = Harness::new(application).run::<()>("it", ());
    let error = run.result().unwrap_err();
    assert_eq!(error.kind(), "activity-not-found");
    assert!(error.message().contains("hidden is not listed in `rondo::export!`"), "{error}");
}
