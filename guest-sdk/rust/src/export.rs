//! The way from a crate's functions to a component's exports.

use std::cell::RefCell;
use std::rc::Rc;

use crate::Application;
use crate::bindings::types::{Action, ActivityContext, Definition, Execution, Failure, Turn};
use crate::guest::Guest;

/// Lists what the component offers and exports it; once per crate, at its root.
///
/// The name is the function's, unless another one is given. A doc comment becomes the description that
/// `rondo components` shows. Either list may be left out.
///
/// ```
/// use rondo::prelude::*;
///
/// async fn order(ctx: Context, amount: u32) -> Result<String> {
///     ctx.call(charge, amount).await
/// }
///
/// async fn charge(_: ActivityContext, amount: u32) -> Result<String> {
///     Ok(format!("charged {amount}"))
/// }
///
/// rondo::export! {
///     orchestrations: [
///         /// Takes an order from payment to delivery.
///         order,
///     ],
///     activities: [
///         /// Charges the customer's card.
///         "billing/charge" => charge,
///     ],
/// }
/// # fn main() {}
/// ```
///
/// It also defines `fn application() -> rondo::Application`, the same list for tests; see
/// [`testing::Harness`](crate::testing::Harness).
#[macro_export]
macro_rules! export {
    (orchestrations: [$($orchestrations:tt)*] $(,)?) => {
        $crate::export!(@application [$($orchestrations)*] []);
        $crate::export!(@orchestrator);
    };
    (activities: [$($activities:tt)*] $(,)?) => {
        $crate::export!(@application [] [$($activities)*]);
        $crate::export!(@activity);
    };
    (orchestrations: [$($orchestrations:tt)*], activities: [$($activities:tt)*] $(,)?) => {
        $crate::export!(@application [$($orchestrations)*] [$($activities)*]);
        $crate::export!(@orchestrator);
        $crate::export!(@activity);
    };
    (@application
        [$($(#[doc = $o_doc:literal])* $($o_name:literal =>)? $o_function:path),* $(,)?]
        [$($(#[doc = $a_doc:literal])* $($a_name:literal =>)? $a_function:path),* $(,)?]
    ) => {
        /// What this component offers.
        #[must_use]
        pub fn application() -> $crate::Application {
            $crate::Application::new()
                $(.orchestration(
                    $crate::__private::name(&[stringify!($o_function) $(, $o_name)?]),
                    concat!($($o_doc),*).trim(),
                    $o_function,
                ))*
                $(.activity(
                    $crate::__private::name(&[stringify!($a_function) $(, $a_name)?]),
                    concat!($($a_doc),*).trim(),
                    $a_function,
                ))*
        }
    };
    (@orchestrator) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Orchestrator;

            impl $crate::__private::orchestrations::exports::rondo::orchestration::orchestrator::Guest for Orchestrator {
                fn describe() -> ::std::vec::Vec<$crate::__private::types::Definition> {
                    $crate::__private::describe_orchestrations(&application())
                }

                fn start(
                    execution: $crate::__private::types::Execution,
                ) -> ::std::result::Result<(), $crate::__private::types::Failure> {
                    $crate::__private::start(application(), execution)
                }

                fn run(
                    turns: ::std::vec::Vec<$crate::__private::types::Turn>,
                ) -> ::std::vec::Vec<::std::vec::Vec<$crate::__private::types::Action>> {
                    $crate::__private::run(turns)
                }
            }

            $crate::__private::orchestrations::export_orchestrations!(
                Orchestrator with_types_in $crate::__private::orchestrations
            );
        };
    };
    (@activity) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Activity;

            impl $crate::__private::activities::exports::rondo::orchestration::activity::Guest for Activity {
                fn describe() -> ::std::vec::Vec<$crate::__private::types::Definition> {
                    $crate::__private::describe_activities(&application())
                }

                fn run(
                    name: ::std::string::String,
                    input: ::std::option::Option<::std::string::String>,
                    context: $crate::__private::types::ActivityContext,
                ) -> ::std::result::Result<
                    ::std::option::Option<::std::string::String>,
                    $crate::__private::types::Failure,
                > {
                    $crate::__private::run_activity(&application(), &name, input.as_deref(), context)
                }
            }

            $crate::__private::activities::export_activities!(
                Activity with_types_in $crate::__private::activities
            );
        };
    };
}

thread_local! {
    /// A component instance serves exactly one execution.
    static GUEST: RefCell<Option<Guest>> = const { RefCell::new(None) };
}

/// The given name, which is the last of two, or else the last part of the function's path.
pub fn name(candidates: &[&'static str]) -> &'static str {
    match candidates {
        [path] => path.rsplit("::").next().unwrap_or(path).trim(),
        [.., name] => name,
        [] => "",
    }
}

/// `describe` of an orchestrator.
pub fn describe_orchestrations(application: &Application) -> Vec<Definition> {
    application.orchestrations()
}

/// `describe` of an activity component.
pub fn describe_activities(application: &Application) -> Vec<Definition> {
    application.activities()
}

/// `start` of an orchestrator.
pub fn start(application: Application, execution: Execution) -> Result<(), Failure> {
    // Without a system, the standard library seeds its hash maps with the addresses that the first one finds. Here they
    // are the same for every guest of an execution; in a turn, they would depend on how many turns are replayed with it.
    let _seeded = std::hash::RandomState::new();
    let guest = Guest::start(Rc::new(application), execution)?;
    GUEST.set(Some(guest));
    Ok(())
}

/// `run` of an orchestrator.
pub fn run(turns: Vec<Turn>) -> Vec<Vec<Action>> {
    GUEST.with_borrow_mut(|guest| guest.as_mut().expect("the host calls `start` before `run`").run(turns))
}

/// `run` of an activity component.
pub fn run_activity(
    application: &Application,
    name: &str,
    input: Option<&str>,
    context: ActivityContext,
) -> Result<Option<String>, Failure> {
    crate::activity::run(application, name, input, context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_given_one_or_the_last_part_of_the_path() {
        assert_eq!(name(&["order"]), "order");
        assert_eq!(name(&["payment :: charge"]), "charge");
        assert_eq!(name(&["payment::charge", "billing/charge"]), "billing/charge");
    }
}
