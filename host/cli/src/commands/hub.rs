//! `rondo hub`.

pub(crate) mod view;

use anyhow::Result;
use azure::Cloud;
use clap::Subcommand;
use serde_json::json;
use store::{Clock as _, SystemClock};
use store_azure::hub::{self, HubError};

use super::serve::on_runtime;
use crate::azure_args::{self, AzureArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Create, look at or delete a task hub on Azure Storage
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: HubCommand,
}

#[derive(Debug, Subcommand)]
enum HubCommand {
    Create(Create),
    Status(Status),
    Delete(Delete),
}

/// Create a task hub, or what is missing of it
///
/// Partitions are what hosts share: at most so many hosts run orchestrations of the hub at the same time. Their number
/// cannot be changed later.
#[derive(Debug, clap::Args)]
#[command(after_long_help = azure_args::HELP)]
struct Create {
    #[command(flatten)]
    azure: AzureArgs,
    /// How many partitions, 1 to 16
    #[arg(long, default_value_t = 4, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=16))]
    partitions: u8,
}

/// Show what is in a task hub, who serves it, and what waits
#[derive(Debug, clap::Args)]
#[command(after_long_help = azure_args::HELP)]
struct Status {
    #[command(flatten)]
    azure: AzureArgs,
}

/// Delete a task hub with all its instances, histories, messages and components
#[derive(Debug, clap::Args)]
#[command(after_long_help = azure_args::HELP)]
struct Delete {
    #[command(flatten)]
    azure: AzureArgs,
    /// Yes, delete it
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit> {
    match &args.command {
        HubCommand::Create(args) => create(args, output),
        HubCommand::Status(args) => status(args, output),
        HubCommand::Delete(args) => delete(args, output),
    }
}

fn create(args: &Create, output: Output) -> Result<Exit> {
    let Create { azure: AzureArgs { hub: name }, partitions } = args;
    with(&args.azure, async |medium| {
        hub::create(&medium, name, *partitions).await.map_err(|error| failure(&error))?;
        let json = json!({"hub": name.as_str(), "partitions": partitions}).to_string();
        output.answer(&json, || Ok(format!("task hub {name} is there, with {partitions} partitions")))
    })
}

fn status(args: &Status, output: Output) -> Result<Exit> {
    with(&args.azure, async |medium| {
        let now = SystemClock.now();
        let status = hub::status(&medium, now).await.map_err(|error| failure(&error))?;
        let json = view::json(args.azure.hub.as_str(), &status).to_string();
        output.answer(&json, || Ok(view::text(&status, now)))
    })
}

fn delete(args: &Delete, output: Output) -> Result<Exit> {
    let name = &args.azure.hub;
    if !args.yes {
        let message = format!("this deletes everything in task hub {name}, also what still runs");
        return Err(Failure::new(Exit::Usage, message).remedy("say so with --yes").into());
    }
    with(&args.azure, async |medium| {
        hub::delete(&medium).await.map_err(|error| failure(&error))?;
        let json = json!({"hub": name.as_str(), "deleted": true}).to_string();
        output.answer(&json, || Ok(format!("task hub {name} is deleted")))
    })
}

/// Does something to a hub.
fn with(args: &AzureArgs, act: impl AsyncFnOnce(Cloud) -> Result<()>) -> Result<Exit> {
    on_runtime(async {
        act(args.connect()?).await?;
        Ok(Exit::Done)
    })
}

fn failure(error: &HubError) -> Failure {
    let (exit, remedy) = match error {
        HubError::NotFound => (Exit::NotFound, "`rondo hub create --hub NAME` makes it"),
        HubError::PartitionCount { .. } => {
            (Exit::Conflict, "the number of partitions is fixed; ask for the one it has, or take another hub")
        }
        HubError::Partitions(_) => (Exit::Usage, "choose a number from 1 to 16"),
        HubError::Storage(error) if error.is_transient() => (
            Exit::Unreachable,
            "the storage account cannot be reached or is busy, or the hub is just being deleted; try again",
        ),
        _ => (Exit::Failed, "see AZURE_STORAGE_CONNECTION_STRING and the others in `rondo hub status --help`"),
    };
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::new(exit, format!("{error}{cause}")).remedy(remedy)
}

#[cfg(test)]
mod tests {
    use store::{Outcome, StorageError};

    use super::*;

    #[test]
    fn failures_tell_scripts_and_people_what_they_are() {
        let storage = |outcome| HubError::from(StorageError::new("making a task hub", outcome, "no route"));
        for (error, exit, message) in [
            (HubError::NotFound, Exit::NotFound, "there is no such task hub"),
            (HubError::PartitionCount { stored: 4, asked: 8 }, Exit::Conflict, "the task hub has 4 partitions, not 8"),
            (storage(Outcome::NotDone), Exit::Unreachable, "making a task hub failed in storage: no route"),
            (storage(Outcome::Permanent), Exit::Failed, "making a task hub failed in storage: no route"),
        ] {
            let failure = failure(&error);
            assert_eq!((failure.exit, failure.message.as_str()), (exit, message));
            assert!(failure.remedy.is_some());
        }
    }

    #[test]
    fn nothing_is_deleted_without_a_word() {
        let azure = AzureArgs { hub: "MyHub".parse().unwrap() };
        let error = delete(&Delete { azure, yes: false }, Output { form: crate::args::Form::Json }).unwrap_err();
        assert_eq!(error.downcast_ref::<Failure>().unwrap().exit, Exit::Usage);
    }
}
