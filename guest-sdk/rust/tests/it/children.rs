use crate::*;

async fn parent(ctx: Context, names: Vec<String>) -> Result<Vec<String>> {
    let children = names.into_iter().map(|name| ctx.call_child(greet, name));
    try_join_all(children).await
}

async fn greet(ctx: Context, name: String) -> Result<String> {
    let parent = ctx.parent().map(|parent| parent.name.to_owned()).unwrap_or_default();
    Ok(format!("{parent} greets {name} as {}", ctx.instance_id()))
}

fn application() -> Application {
    Application::new().orchestration("parent", "", parent).orchestration("team/greet", "", greet)
}

#[test]
fn children_return_to_their_parent() {
    let run = Harness::new(application()).run::<Vec<String>>("parent", ["Ada", "Bob"]);
    assert_eq!(run.result().unwrap(), &["parent greets Ada as test:0", "parent greets Bob as test:1"]);
    assert_eq!(run.log()[0], r#"child 0 team/greet "Ada""#);
}

#[test]
fn children_get_what_the_call_says() {
    let run = stage(|ctx, ()| async move {
        let child =
            ctx.child::<()>("it2", ()).instance_id("mine").version("7").tag("b", "2").tag("a", "1").tag("b", "3");
        child.await
    });
    let run = run.child("it2", |()| Ok(())).run::<()>("it", ());
    assert_eq!(run.log()[0], "child 0 it2 as mine");

    let application = Application::new()
        .orchestration("it", "", |ctx: Context, ()| async move {
            ctx.child::<String>("inner", ())
                .instance_id("mine")
                .version("7")
                .tag("b", "2")
                .tag("a", "1")
                .tag("b", "3")
                .await
        })
        .orchestration("inner", "", |ctx: Context, ()| async move {
            Ok(format!("{} {:?} {:?} {:?}", ctx.instance_id(), ctx.version(), ctx.tags(), ctx.tag("b")))
        });
    let run = Harness::new(application).run::<String>("it", ());
    assert_eq!(run.result().unwrap(), r#"mine Some("7") [("a", "1"), ("b", "3")] Some("3")"#);
}

#[test]
fn a_child_that_fails_can_be_retried() {
    let mut attempts = 0;
    let run = stage(|ctx, ()| async move {
        ctx.child::<u32>("inner", ()).retry(Retry::attempts(3).first_interval(minutes(1))).await
    })
    .child("inner", move |()| {
        attempts += 1;
        if attempts < 3 { Err(Error::msg("not yet")) } else { Ok(attempts) }
    })
    .run::<u32>("it", ());
    assert_eq!(run.result().unwrap(), &3);
    assert_eq!(run.elapsed(), minutes(2));
}

#[test]
fn an_instance_id_in_use_fails_the_call() {
    let run = run(|ctx, ()| async move { ctx.child::<()>("it", ()).instance_id("test").await });
    assert_eq!(run.result().unwrap_err().kind(), "instance-exists");
}

#[test]
fn a_detached_child_is_not_waited_for_and_has_no_parent() {
    let application = Application::new()
        .orchestration("it", "", |ctx: Context, ()| async move {
            ctx.child::<()>("audit", 7).instance_id("audit-7").detach()?;
            ctx.event::<bool>("has-parent").await
        })
        .orchestration("audit", "", |ctx: Context, _: u32| async move {
            ctx.send_event("test", "has-parent", ctx.parent().is_some())
        });
    let run = Harness::new(application).run::<bool>("it", ());
    assert_eq!(run.result().unwrap(), &false);
    assert_eq!(run.log()[0], "child 0 audit as audit-7 detached 7");
}

#[test]
fn dropping_the_last_interest_in_a_child_gives_up_its_result() {
    let run = run(|ctx, ()| async move {
        drop(ctx.child::<()>("it", ()).instance_id("x").start());
        Ok(())
    });
    assert_eq!(run.log(), ["child 0 it as x", "cancel 0", "complete"]);
}
