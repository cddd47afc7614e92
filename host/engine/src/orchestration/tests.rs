//! The engine as a specification: history and messages in, what they lead to out.
//!
//! Each test is one work item on top of a history, or a session of several. How to read an outcome: new events with
//! their numbers; `->` a message that is sent; `begin 0#1` the first attempt of activity 0; `interrupt 0` a running
//! attempt that is not needed any more; `=` the state, when the instance must be woken, and whether activities are open
//! (`busy`).

mod activity;
mod addressed;
mod cancel;
mod child;
mod continue_as_new;
mod custom_status;
mod dedupe;
mod descendants;
mod determinism;
mod engine_revision;
mod external_event;
mod limits;
mod load;
mod properties;
mod race;
mod replay;
mod retry;
mod rewind;
mod rewind_to_cause;
mod scheduled_start;
mod suspend;
mod terminate;
mod timer;
mod trace;
mod wake;
mod world;
