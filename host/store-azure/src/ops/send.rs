//! Sending messages to instances.

use engine::{InstanceId, Message};
use store::{InstanceError, InstanceRow, is_welcome};

use crate::core::Core;
use crate::layout::message::Replaces;
use crate::steady;

impl Core {
    /// See [`store::Client::send`].
    pub(crate) async fn send(&self, instance_id: &InstanceId, message: Message) -> Result<(), InstanceError> {
        self.check_open("send")?;
        let row = self.existing(instance_id).await?;
        if !is_welcome(&message, row.state.status) {
            return Err(InstanceError::WrongStatus(Box::new(row)));
        }
        if self.is_overloaded(instance_id).await? {
            return Err(InstanceError::Overloaded);
        }
        let message = match row.addressee() {
            Some(execution_id) => message.addressed_to(execution_id),
            None => message,
        };
        let put = self.put_message(None, instance_id, message, Replaces::Unsaid, None);
        put.await.map_err(|error| steady::failure("send", error))?;
        Ok(())
    }

    /// The row of an instance that there is.
    pub(crate) async fn existing(&self, instance_id: &InstanceId) -> Result<InstanceRow, InstanceError> {
        self.get(instance_id).await?.ok_or_else(|| InstanceError::NotFound(instance_id.clone()))
    }
}
