//! One execution: turns in, actions out.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use crate::application::{Application, Running};
use crate::bindings::types::{self, Action, Execution, Failure, Turn};
use crate::state::Core;
use crate::wake::Flag;
use crate::{Context, Error, Result, kind};

/// The executor of one orchestration.
pub(crate) struct Guest {
    core: Rc<Core>,
    /// None once it has ended.
    running: Option<Running>,
    flag: Arc<Flag>,
    waker: Waker,
}

impl Guest {
    /// Finds the orchestration and reads its input. None of its code runs yet.
    pub(crate) fn start(application: Rc<Application>, execution: Execution) -> Result<Self, Failure> {
        let core = Rc::new(Core::new(execution, application));
        let begin = || {
            let Execution { name, input, .. } = &core.execution;
            core.application.begin_orchestration(name, Context::new(Rc::clone(&core)), input.as_deref())
        };
        match begin() {
            Ok(running) => {
                let flag = Arc::new(Flag::default());
                let waker = Arc::clone(&flag).into();
                Ok(Self { core, running: Some(running), flag, waker })
            }
            Err(error) => Err(error.into_failure().unwrap_or_else(|_| unreachable!("no orchestration code has run"))),
        }
    }

    /// Runs the turns in order; one list of actions for each.
    pub(crate) fn run(&mut self, turns: Vec<Turn>) -> Vec<Vec<Action>> {
        turns.into_iter().map(|turn| self.turn(turn)).collect()
    }

    fn turn(&mut self, turn: Turn) -> Vec<Action> {
        self.core.now.set(turn.now);
        for event in turn.events {
            self.core.settle(event);
        }
        if let Some(outcome) = self.poll_until_idle() {
            // Dropping what is left of it gives back events that nobody has taken, for the next generation if there is one.
            // Otherwise it cancels nothing that the end does not cancel anyway.
            self.running = None;
            self.core.push(last_action(outcome));
        }
        self.core.take_actions()
    }

    /// The orchestration's outcome when it has one.
    fn poll_until_idle(&mut self) -> Option<Result<Option<String>>> {
        let running = self.running.as_mut()?;
        let mut cx = TaskContext::from_waker(&self.waker);
        while self.flag.take() {
            if let Poll::Ready(outcome) = running.as_mut().poll(&mut cx) {
                return Some(outcome);
            }
        }
        if self.core.has_live_tasks() {
            return None;
        }
        let message = "the orchestration awaits something that no activity, child, timer or event will complete";
        Some(Err(Error::new(kind::STALLED, message).non_retriable()))
    }
}

fn last_action(outcome: Result<Option<String>>) -> Action {
    match outcome.map_err(Error::into_failure) {
        Ok(output) => Action::Complete(output),
        Err(Ok(failure)) => Action::Fail(failure),
        Err(Err((input, options))) => Action::ContinueAsNew(types::ContinueAsNew {
            input,
            version: options.version,
            keep_events: options.keep_events,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::{Event, TaskCompleted};
    use crate::testing::action_text;
    use crate::{join_all, secs};

    fn guest<F, Fut>(orchestration: F) -> Guest
    where
        F: Fn(Context, ()) -> Fut + 'static,
        Fut: Future<Output = Result<()>> + 'static,
    {
        let execution = Execution {
            instance_id: "i".to_owned(),
            execution_id: "0".repeat(32),
            name: "it".to_owned(),
            version: None,
            input: None,
            tags: Vec::new(),
            parent: None,
        };
        Guest::start(Rc::new(Application::new().orchestration("it", "", orchestration)), execution).unwrap()
    }

    fn turn(now: u64, events: Vec<Event>) -> Turn {
        Turn { now, events }
    }

    fn completed(task: u32) -> Event {
        Event::ActivityCompleted(TaskCompleted { task, output: None })
    }

    fn text(turns: &[Vec<Action>]) -> Vec<Vec<String>> {
        turns.iter().map(|actions| actions.iter().map(|action| action_text(action, 0)).collect()).collect()
    }

    #[test]
    fn a_replay_in_one_call_decides_what_single_turns_decided() {
        let new = || {
            guest(|ctx, ()| async move {
                for step in 0..3 {
                    ctx.activity::<()>("work", step).await?;
                }
                Ok(())
            })
        };
        let turns = || vec![turn(0, vec![]), turn(1, vec![completed(0)]), turn(2, vec![completed(1)])];
        let mut warm = new();
        let warm: Vec<_> = turns().into_iter().flat_map(|turn| warm.run(vec![turn])).collect();
        assert_eq!(text(&new().run(turns())), text(&warm));
        assert_eq!(text(&warm), [["activity 0 work 0"], ["activity 1 work 1"], ["activity 2 work 2"]]);
    }

    #[test]
    fn events_of_one_turn_are_all_delivered_before_the_code_goes_on() {
        let mut guest = guest(|ctx, ()| async move {
            let calls = ["a", "b"].map(|name| {
                let ctx = ctx.clone();
                async move {
                    ctx.activity::<()>(name, ()).await?;
                    ctx.activity::<()>(format!("after-{name}"), ()).await
                }
            });
            join_all(calls).await;
            Ok(())
        });
        let decided = guest.run(vec![turn(0, vec![]), turn(0, vec![completed(1), completed(0)])]);
        // In the order of the futures, not of the events.
        assert_eq!(text(&decided)[1], ["activity 2 after-a", "activity 3 after-b"]);
    }

    #[test]
    fn events_for_tasks_that_this_code_does_not_know_are_passed_over() {
        let mut guest = guest(|ctx, ()| async move { ctx.activity("work", ()).await });
        let decided = guest.run(vec![turn(0, vec![]), turn(0, vec![completed(7)]), turn(0, vec![completed(0)])]);
        assert_eq!(text(&decided), [vec!["activity 0 work"], vec![], vec!["complete"]]);
    }

    #[test]
    fn a_second_result_for_a_task_is_passed_over() {
        let mut guest = guest(|ctx, ()| async move {
            ctx.activity::<()>("work", ()).await?;
            ctx.timer(secs(1)).await;
            Ok(())
        });
        let decided = guest.run(vec![turn(0, vec![]), turn(0, vec![completed(0)]), turn(0, vec![completed(0)])]);
        assert_eq!(text(&decided), [vec!["activity 0 work"], vec!["timer 1 at 1000ms"], vec![]]);
    }

    #[test]
    fn the_event_of_a_wait_that_loses_in_the_turn_in_which_it_came_goes_back() {
        let raised = |task| Event::EventRaised(TaskCompleted { task, output: Some("1".to_owned()) });
        let mut guest = guest(|ctx, ()| async move {
            for _ in 0..2 {
                crate::race(["a", "b"].map(|name| ctx.event::<u8>(name))).await.1?;
            }
            crate::select(ctx.timer(secs(1)), ctx.event::<u8>("c")).await;
            ctx.timer(secs(9)).await;
            Ok(())
        });
        let decided = guest.run(vec![
            turn(0, vec![]),
            turn(0, vec![raised(0), raised(1)]),
            turn(0, vec![raised(3)]),
            turn(0, vec![raised(5), Event::TimerFired(4)]),
        ]);
        let expected = [
            vec!["wait 0 a", "wait 1 b"],
            vec!["cancel 1", "wait 2 a", "wait 3 b"],
            vec!["cancel 2", "timer 4 at 1000ms", "wait 5 c"],
            vec!["cancel 5", "timer 6 at 9000ms"],
        ];
        assert_eq!(text(&decided), expected);
    }

    #[test]
    fn after_the_end_nothing_is_decided() {
        let mut guest = guest(|_, ()| async move { Ok(()) });
        let decided = guest.run(vec![turn(0, vec![]), turn(0, vec![completed(0)])]);
        assert_eq!(text(&decided), [vec!["complete"], vec![]]);
    }
}
