//! Clients of DurableTask for .NET beside hosts of ours: ids created again, rewinds, and starts that are scheduled.

use std::time::Duration;

use azure::{Queue, Queues as _};
use dotnet::Creation;
use engine::{Message, Payload, RuntimeStatus};
use store::{Client as _, CreateInstance, ExistingInstance};

use crate::programs::{Do, Program, Programs, steps};
use crate::world::{World, id, in_virtual_time, until};

const EXECUTION: &str = "2222222222222222222222222222222a";

async fn world<const N: usize>(programs: [(&'static str, Program); N]) -> World {
    World::with_partitions(Programs::new(programs), 1).await
}

/// A parent that waits for a child, which starts a child itself and then waits for long.
fn family() -> [(&'static str, Program); 4] {
    [
        ("main", steps([&[Do::Child("child", "child-1")]])),
        ("child", steps([&[Do::Child("grandchild", "child-2"), Do::Run("long", 600_000), Do::Sleep(700)]])),
        ("grandchild", steps([&[Do::Run("c", 100_000)]])),
        ("leaf", steps([&[Do::Run("new", 100)]])),
    ]
}

async fn assert_replaced(world: &World) {
    world.until_ended("child-1").await;
    world.until_ended("main").await;
    world.until_ended("child-2").await;
    let child = world.row("child-1").await.state;
    assert_eq!((child.status, child.execution_id.to_string().as_str()), (RuntimeStatus::Completed, EXECUTION));
    assert_eq!(child.output, Some(Payload::from("new")));
    let parent = world.row("main").await.state;
    let output = parent.output.unwrap();
    assert!(output.as_str().starts_with("failed: terminated: "), "{output:?}");
    // Its own child went on.
    assert_eq!(world.row("child-2").await.state.output, Some(Payload::from("c")));
    world.until_queues_are_empty().await;
    // What was the old execution's does nothing to the new one.
    tokio::time::sleep(Duration::from_secs(1_000)).await;
    assert_eq!(world.row("child-1").await.state.status, RuntimeStatus::Completed);
    let row = world.dotnet().row("child-1").await.unwrap().unwrap();
    assert_eq!(row.entity.int("Generation").unwrap(), Some(1));
}

const AGAIN: Creation<'_> =
    Creation { instance: "child-1", program: "leaf", execution: EXECUTION, input: None, tags: &[], starts_in: None };

#[test]
fn a_running_instance_that_is_created_again_ends_and_the_new_one_runs() {
    in_virtual_time(async {
        let world = world(family()).await;
        let host = world.host();
        world.create("main", "main").await;
        world.until_history("child-2", "task_scheduled").await;
        world.dotnet().create(AGAIN).await.unwrap();
        assert_replaced(&world).await;
        assert_eq!(host.troubles(), Vec::<String>::new());
    });
}

#[test]
fn a_running_instance_that_nobody_has_loaded_is_replaced_as_well() {
    in_virtual_time(async {
        let world = world(family()).await;
        let first = world.host();
        world.create("main", "main").await;
        world.until_history("child-2", "task_scheduled").await;
        drop(first);
        world.dotnet().create(AGAIN).await.unwrap();
        let host = world.host();
        assert_replaced(&world).await;
        assert_eq!(host.troubles(), Vec::<String>::new());
    });
}

#[test]
fn what_is_held_is_replaced_by_a_client_that_creates_it_again() {
    in_virtual_time(async {
        let world = world([("leaf", steps([&[Do::Run("new", 100)]]))]).await;
        let _host = world.host();
        world.create("main", "nobody offers this").await;
        until("main to be held", async || world.row("main").await.held.is_some()).await;
        world.dotnet().create(Creation { instance: "main", ..AGAIN }).await.unwrap();
        world.until_ended("main").await;
        assert_eq!(world.row("main").await.state.output, Some(Payload::from("new")));
        world.until_queues_are_empty().await;
    });
}

#[test]
fn an_instance_that_has_ended_is_created_again_without_traces_of_its_end() {
    in_virtual_time(async {
        let world = world([("leaf", steps([&[Do::Run("new", 100)]])), ("wait", steps([&[Do::Await("x")]]))]).await;
        let _host = world.host();
        let dotnet = world.dotnet();
        dotnet.create(Creation { instance: "main", input: Some("7"), execution: EXECUTION, ..AGAIN }).await.unwrap();
        world.until_ended("main").await;
        let row = dotnet.row("main").await.unwrap().unwrap().entity;
        assert!(row.time("CompletedTime").unwrap().is_some());
        assert_eq!(row.int("Generation").unwrap(), Some(0));
        let start = CreateInstance { existing: ExistingInstance::ReplaceEnded, ..world.start_of("main", "wait") };
        world.client.create(start).await.unwrap();
        for status in ["Pending", "Running"] {
            until(status, async || {
                let row = dotnet.row("main").await.unwrap().unwrap().entity;
                assert_eq!(row.time("CompletedTime").unwrap(), None);
                assert_eq!((row.text("Input").unwrap(), row.text("Output").unwrap()), (None, None));
                assert_eq!(row.int("Generation").unwrap(), Some(1));
                row.text("RuntimeStatus").unwrap() != Some("Pending")
            })
            .await;
        }
    });
}

/// Fails at one activity after the other, each of which succeeds when it is run again.
fn clumsy() -> Program {
    Program { gives_up: true, ..steps([&[Do::RunOnce("a")], &[Do::Run("b", 10)], &[Do::RunOnce("c")]]) }
}

#[test]
fn a_rewind_of_a_client_is_a_rewind_and_another_one_after_it() {
    in_virtual_time(async {
        let world = world([("main", clumsy())]).await;
        let mut host = Some(world.host());
        world.create("main", "main").await;
        let dotnet = world.dotnet();
        for expected in [RuntimeStatus::Failed, RuntimeStatus::Completed] {
            world.until_ended("main").await;
            let before = world.history("main").await;
            assert_eq!(world.row("main").await.state.status, RuntimeStatus::Failed);
            // Nobody sees to it before the history is read as the client has left it.
            drop(host.take());
            dotnet.rewind("main", "again").await.unwrap();
            assert_eq!(world.history("main").await, before);
            host = Some(world.host());
            world.until_history("main", "execution_rewound").await;
            world.until_ended("main").await;
            assert_eq!(world.row("main").await.state.status, expected);
            world.until_queues_are_empty().await;
            let row = dotnet.row("main").await.unwrap().unwrap().entity;
            assert_eq!(row.text("RuntimeStatus").unwrap(), Some(expected.name()));
        }
        assert_eq!(world.row("main").await.state.output, Some(Payload::from("flaky-a,b,flaky-c")));
        assert_eq!(host.unwrap().troubles(), Vec::<String>::new());
    });
}

#[test]
fn a_rewind_of_a_parent_reaches_the_child_that_failed() {
    in_virtual_time(async {
        let parent = Program { gives_up: true, ..steps([&[Do::Child("child", "child-1")]]) };
        let upper =
            Program { gives_up: true, ..steps([&[Do::Child("parent", "parent-1"), Do::Child("other", "other-1")]]) };
        let child = Program { gives_up: true, ..steps([&[Do::RunOnce("a")]]) };
        let world =
            world([("main", upper), ("parent", parent), ("child", child), ("other", steps([&[Do::Run("b", 10)]]))])
                .await;
        let host = world.host();
        world.create("main", "main").await;
        world.until_ended("main").await;
        assert_eq!(world.row("main").await.state.status, RuntimeStatus::Failed);
        world.dotnet().rewind("main", "again").await.unwrap();
        for instance in ["child-1", "parent-1", "main"] {
            world.until_history(instance, "execution_rewound").await;
            world.until_ended(instance).await;
            assert_eq!(world.row(instance).await.state.status, RuntimeStatus::Completed, "{instance}");
        }
        world.until_queues_are_empty().await;
        assert_eq!(host.troubles(), Vec::<String>::new());
    });
}

#[test]
fn a_start_that_a_client_has_scheduled_is_terminated_at_once() {
    in_virtual_time(async {
        let world = world([("leaf", steps([&[Do::Run("new", 100)]]))]).await;
        let _host = world.host();
        let dotnet = world.dotnet();
        dotnet.create(Creation { instance: "main", starts_in: Some(1_200), ..AGAIN }).await.unwrap();
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(world.row("main").await.state.status, RuntimeStatus::Pending);
        dotnet.terminate("main", "enough").await.unwrap();
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(world.row("main").await.state.status, RuntimeStatus::Terminated);
        // The client's own message comes at its time, and finds that all is over.
        world.until_queues_are_empty().await;
        assert_eq!(world.row("main").await.state.output, Some(Payload::from("enough")));
        assert_eq!(world.programs.attempts(), Vec::<String>::new());
    });
}

#[test]
fn a_host_takes_no_message_before_its_worker_asks_for_work() {
    in_virtual_time(async {
        let world = world([("leaf", steps([&[Do::Run("new", 100)]]))]).await;
        let backend = world.idle_backend();
        world.create("main", "leaf").await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(world.account().peek(Queue::Control(0), 32).await.unwrap().len(), 1, "it is visible to others");
        assert_eq!(backend.messages_received(), 0);
        drop(backend);
        let _host = world.host();
        world.until_ended("main").await;
    });
}

#[test]
fn a_client_sees_why_what_it_has_started_stays_pending() {
    in_virtual_time(async {
        let world = world([]).await;
        let dot_net = world.dotnet();
        let told =
            async || dot_net.row("a").await.unwrap().unwrap().entity.text("CustomStatus").unwrap().map(str::to_owned);
        let creation = Creation {
            instance: "a",
            program: "ordr",
            execution: EXECUTION,
            input: Some("7"),
            tags: &[],
            starts_in: None,
        };
        dot_net.create(creation).await.unwrap();
        let mut host = world.host();
        until("the hold", async || world.row("a").await.held.is_some()).await;
        let status: String = serde_json::from_str(&told().await.unwrap()).unwrap();
        assert!(status.starts_with("waiting (orchestration-not-found): nobody offers ordr"), "{status}");
        let state = world.row("a").await.state;
        assert_eq!((state.status, state.input), (RuntimeStatus::Pending, Some(Payload::from("7"))));
        assert_eq!((state.custom_status, state.version), (None, None), "it is told to others, and is nobody's status");

        world.client.send(&id("a"), terminate()).await.unwrap();
        world.client.release(&id("a"), None).await.unwrap();
        world.until_ended("a").await;
        let row = world.row("a").await;
        assert_eq!((row.state.status, row.state.custom_status, row.held), (RuntimeStatus::Terminated, None, None));
        assert_eq!(row.state.input, Some(Payload::from("7")));
        assert_eq!(told().await.as_deref(), Some("null"));
        assert!(host.split_brains().is_empty(), "the row was written under its etag");
        host.leave().await;
    });
}

fn terminate() -> Message {
    Message::Terminate { reason: None, recurse: false, execution_id: None }
}
