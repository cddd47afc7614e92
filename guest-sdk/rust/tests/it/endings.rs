use crate::*;

#[test]
fn continue_as_new_begins_again_with_the_new_input() {
    async fn countdown(ctx: Context, n: u32) -> Result<String> {
        timer(&ctx, 1).await;
        if n > 0 { ctx.continue_as_new(n - 1) } else { Ok(ctx.execution_id().to_owned()) }
    }
    let run = Harness::new(Application::new().orchestration("it", "", countdown)).run::<String>("it", 3);
    assert_eq!(run.result().unwrap().len(), 32);
    assert_eq!((run.executions(), run.elapsed()), (4, secs(4)));
    assert_eq!(run.log()[..3], ["timer 0 at 1000ms", "fired 0", "continue as new 2"]);
}

#[test]
fn events_that_nobody_took_are_handed_over_unless_dropped() {
    async fn it(ctx: Context, drop: Option<bool>) -> Result<Option<u8>> {
        let Some(drop) = drop else {
            return ctx.timeout(secs(1), ctx.event("number")).await.ok().transpose();
        };
        let options = if drop { ContinueAsNew::new().drop_events() } else { ContinueAsNew::new() };
        ctx.continue_as_new_with((), options)
    }
    let run = |drop| {
        let stage = Harness::new(Application::new().orchestration("it", "", it)).event("number", 7);
        stage.run::<Option<u8>>("it", drop).into_result().unwrap()
    };
    assert_eq!(run(false), Some(7));
    assert_eq!(run(true), None);
}

#[test]
fn continue_as_new_that_is_not_returned_does_nothing() {
    let run = run(|ctx, ()| async move {
        let _ = ctx.continue_as_new::<()>(());
        Ok(1)
    });
    assert_eq!(run.executions(), 1);
}

#[test]
fn errors_of_any_kind_end_the_orchestration_through_the_question_mark() {
    let run = run(|_, ()| async move {
        let number: u8 = "300".parse()?;
        Ok(number)
    });
    assert_eq!(run.result().unwrap_err().to_string(), "error: number too large to fit in target type");
}

#[test]
fn details_and_finality_reach_the_caller() {
    let run = run(|_, ()| async move {
        Err::<(), _>(Error::new("rejected", "by the bank").with_details(r#"{"code":51}"#).non_retriable())
    });
    let error = run.result().unwrap_err();
    assert_eq!(error.details(), Some(r#"{"code":51}"#));
    assert!(error.is_non_retriable());
}

#[test]
fn a_wrong_input_fails_the_instance_before_any_code_runs() {
    let stage = Harness::new(Application::new().orchestration("it", "", |_: Context, _: u8| async move { Ok(()) }));
    let run = stage.run::<()>("it", "text");
    let error = run.result().unwrap_err();
    assert_eq!(error.kind(), "invalid-input");
    assert!(error.is_non_retriable());
    assert!(run.log().is_empty());
}

#[test]
fn an_unknown_orchestration_is_a_failure() {
    let run = Harness::new(Application::new()).run::<()>("it", ());
    assert_eq!(run.result().unwrap_err().kind(), "orchestration-not-found");
}

#[test]
fn awaiting_what_nothing_completes_is_a_failure_and_not_a_hang() {
    let run = run(|_, ()| async move {
        std::future::pending::<()>().await;
        Ok(())
    });
    assert_eq!(run.result().unwrap_err().kind(), "stalled");
}

#[test]
fn futures_of_other_crates_that_wake_themselves_are_polled_again() {
    let run = run(|_, ()| async move {
        let mut polls = 0;
        std::future::poll_fn(|cx| {
            polls += 1;
            if polls == 3 {
                return std::task::Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
        Ok(polls)
    });
    assert_eq!(run.result().unwrap(), &3);
}

#[test]
fn the_custom_status_and_log_lines_are_shown() {
    let run = run(|ctx, ()| async move {
        ctx.set_custom_status(serde_json::json!({ "step": 1 }))?;
        let name = "Ada";
        info!(ctx, "hello {name}, it is {}", ctx.now());
        Ok(())
    });
    assert_eq!(run.custom_status(), Some(r#"{"step":1}"#));
    assert_eq!(run.log()[1], "log info hello Ada, it is 2030-01-01T00:00:00.000Z");
}
