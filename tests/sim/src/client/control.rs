//! Messages that say which life of an id they are for, and come when they like.

use std::rc::Rc;
use std::time::Duration;

use engine::{Message, Payload};

use super::Client;
use crate::check::addressed;
use crate::plan::Control;

impl Client {
    /// A message for a life. It names no execution yet.
    pub(super) fn control(&self, control: Control, life: usize) -> Message {
        let word = match control {
            Control::Terminate => "enough",
            Control::Suspend => "wait",
            Control::Resume => "go on",
            Control::Rewind => "again",
            Control::Raise => "listen",
        };
        let text = format!("{word}{}", addressed::name(self.instance_id.as_str(), life));
        let (reason, execution_id) = (Some(Payload::from(text.clone())), None);
        match control {
            Control::Terminate => {
                self.hosts.world.checks().allowed.terminations.insert(text);
                Message::Terminate { reason, recurse: false, execution_id }
            }
            Control::Suspend => Message::Suspend { reason, execution_id },
            Control::Resume | Control::Raise => Message::Resume { reason, execution_id },
            Control::Rewind => Message::Rewind { reason, execution_id, asker: None, to_event: None },
        }
    }

    /// The same, or an event that nobody waits for.
    fn control_or_event(&mut self, control: Control, life: usize) -> Message {
        let message =
            if control == Control::Raise { self.event_for(life, "unwanted", 0) } else { self.control(control, life) };
        message.addressed_to(self.executions[life])
    }

    /// Sends a message for the life before.
    pub(super) async fn send_to_earlier(&mut self, control: Control) {
        let Some(earlier) = self.life.checked_sub(1) else { return };
        let message = self.control_or_event(control, earlier);
        self.send(message).await;
    }

    /// Sends a message for this life, once it has been under way for a while.
    pub(super) fn send_late(&mut self, control: Control, after: Duration) {
        let message = self.control_or_event(control, self.life);
        let (hosts, instance_id, through) = (Rc::clone(&self.hosts), self.instance_id.clone(), self.through);
        self.late.spawn_local(async move {
            tokio::time::sleep(after).await;
            super::send(&hosts, &instance_id, through, message).await;
        });
    }
}
