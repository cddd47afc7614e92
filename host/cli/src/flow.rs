//! Waiting for an instance, with a line on the terminal while it lasts.

use std::time::{Duration, Instant};

use anyhow::Result;
use api::dto::InstanceStatus;

use crate::args::Form;
use crate::client::{Answer, wait_call};
use crate::commands::Session;
use crate::exit::{Exit, Failure};
use crate::limits::{PAYLOAD_CHARS_SHOWN, WAIT_ROUND, WAIT_ROUND_SHOWN};
use crate::output::{self, cut};
use crate::patience::Patience;
use crate::units::brief;
use crate::view;

/// Waits until the instance has ended, prints its status, and answers with the exit code for how it ended.
///
/// `patience`: with the server, which may have answered something else already.
pub(crate) fn wait(session: &Session, id: &str, timeout: Option<Duration>, patience: Patience) -> Result<Exit> {
    let (answer, status) = until_ended(session, id, timeout, patience)?;
    session.output.answer(&answer.text(), || Ok(view::status(&status)))?;
    Ok(if status.runtime_status == engine::RuntimeStatus::Completed.name() { Exit::Done } else { Exit::EndedBadly })
}

fn until_ended(
    session: &Session,
    id: &str,
    timeout: Option<Duration>,
    mut patience: Patience,
) -> Result<(Answer, InstanceStatus), Failure> {
    let output = session.output;
    let begin = Instant::now();
    let mut seen = None;
    let mut told_held = None;
    let mut told_standing = None;
    loop {
        let asked = Instant::now();
        let left = timeout.map(|timeout| timeout.saturating_sub(begin.elapsed()));
        // The first answer comes at once: it tells whether there are such a server and such an instance.
        let round = match seen {
            None => Duration::ZERO,
            Some(_) if output.is_watched() => WAIT_ROUND_SHOWN,
            Some(_) => WAIT_ROUND,
        };
        let answer = session.client.send(&wait_call(id, left.map_or(round, |left| round.min(left)), seen));
        if output.is_watched() {
            output::live("");
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => {
                patience.pause_after(failure, left)?;
                continue;
            }
        };
        patience.reached();
        let status: InstanceStatus = answer.json()?;
        if status.is_ended() {
            return Ok((answer, status));
        }
        if let Some(held) = &status.held
            && told_held.as_ref() != Some(held)
        {
            output::say(&format!("{id} is held ({}): {}", held.code, held.message));
            told_held = Some(held.clone());
        }
        if left.is_some_and(|left| left.is_zero()) {
            let message = format!("{id} is still {} after {}", status.runtime_status, brief(begin.elapsed()));
            return Err(Failure::new(Exit::TimedOut, message)
                .remedy(format!("It goes on without you; look with `rondo status {id}` or wait again.")));
        }
        let standing = view::standing(&status);
        if output.is_watched() {
            output::live(&progress(&status, begin.elapsed()));
        } else if output.form == Form::Table && told_standing.as_ref() != Some(&standing) {
            output::say(&progress(&status, begin.elapsed()));
            told_standing = Some(standing);
        }
        if seen.replace(status.revision) == Some(status.revision) {
            patience.rest_if_quick(asked.elapsed());
        }
    }
}

fn progress(status: &InstanceStatus, elapsed: Duration) -> String {
    let custom = status.custom_status.as_ref().map(|value| cut(value.get(), PAYLOAD_CHARS_SHOWN));
    let custom = custom.map(|custom| format!("  {custom}")).unwrap_or_default();
    format!("{}  {}{custom}  {}", status.instance_id, view::standing(status), brief(elapsed))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;
    use crate::client::Client;
    use crate::output::Output;

    /// A server that treats its first connections like this: it answers with a body, or goes away without an answer.
    fn serve(answers: &'static [Option<&'static str>]) -> (Session, thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = thread::spawn(move || {
            for answer in answers {
                let (connection, _) = listener.accept().unwrap();
                if let Some(body) = answer {
                    respond(connection, body);
                }
            }
        });
        let client = Client::of(&url, None, None).unwrap();
        (Session { client, output: Output { form: Form::Json } }, serving)
    }

    fn respond(mut connection: TcpStream, body: &str) {
        let lines = BufReader::new(connection.try_clone().unwrap()).lines();
        lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}", body.len());
        write!(connection, "{head}\r\n\r\n{body}").unwrap();
    }

    const ENDED: &str = r#"{"name":"order","instanceId":"a","runtimeStatus":"Completed","input":null,"customStatus":null,
        "output":null,"createdTime":"t","lastUpdatedTime":"t","executionId":"e","generation":0,"elapsedMs":1,"revision":2}"#;

    fn patience(line: &[&str]) -> Patience {
        use clap::Parser as _;

        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            reconnect: crate::patience::ReconnectArgs,
        }
        Patience::new(Line::parse_from([&["rondo"], line].concat()).reconnect)
    }

    #[test]
    fn a_server_that_goes_away_right_after_it_has_started_something_is_waited_for() {
        let (session, serving) = serve(&[None, None, Some(ENDED)]);
        let mut patience = patience(&[]);
        patience.reached();
        assert_eq!(wait(&session, "a", None, patience).unwrap(), Exit::Done);
        serving.join().unwrap();
    }

    #[test]
    fn the_time_for_it_is_asked_for() {
        let (session, serving) = serve(&[None]);
        let mut patience = patience(&["--reconnect", "0s"]);
        patience.reached();
        let failure = wait(&session, "a", None, patience).unwrap_err().downcast::<Failure>().unwrap();
        assert_eq!(failure.exit, Exit::Unreachable);
        serving.join().unwrap();
    }
}
