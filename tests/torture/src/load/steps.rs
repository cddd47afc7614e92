//! The life of one orchestration as its client sees it.

use std::thread;
use std::time::Instant;

use serde_json::Value;

use super::Load;
use super::jobs::{End, Job, Script};
use crate::net::{Answer, DURABLE};

/// What broke a promise.
type Step<T = ()> = Result<T, String>;

impl Load<'_> {
    /// From its start to its end.
    pub(super) fn run(&self, job: &Job) -> Step {
        self.start(job)?;
        self.accept(job);
        let mut may_be_suspended_late = false;
        match job.script {
            Script::Wait => {}
            Script::Raise { event, data } => self.raise(job, event, data)?,
            Script::Suspend { event, data } => {
                may_be_suspended_late = self.tell(job, "suspend")?;
                // Queues keep no order when a host dies with a message in its hands: who resumes before the suspension is
                // seen may find it suspended afterwards.
                self.until_suspended(job)?;
                self.raise(job, event, data)?;
                self.tell(job, "resume")?;
            }
            Script::Terminate => drop(self.tell(job, "terminate")?),
        }
        let status = self.end_of(job, may_be_suspended_late)?;
        check_end(&status, &job.end)?;
        if self.purges {
            self.purge(job)?;
        }
        Ok(())
    }

    fn start(&self, job: &Job) -> Step {
        let path = format!("{DURABLE}/orchestrators/{}/{}?existing=refuse", job.orchestration, job.id);
        let answer = self.ask("POST", &path, Some(&job.input))?;
        match answer.status {
            202 => Ok(()),
            // An earlier attempt got through, and its answer did not.
            409 if answer.is_repeated => Ok(()),
            _ => Err(format!("its start was answered with {answer:?}")),
        }
    }

    fn raise(&self, job: &Job, event: &str, data: Option<bool>) -> Step {
        let path = format!("{DURABLE}/instances/{}/raiseEvent/{event}", job.id);
        Self::told(&self.ask("POST", &path, Some(&data.map_or(Value::Null, Value::Bool)))?, event).map(drop)
    }

    /// Answers whether the same may be done once more, later: an attempt was left without an answer.
    fn tell(&self, job: &Job, what: &str) -> Step<bool> {
        Self::told(&self.ask("POST", &format!("{DURABLE}/instances/{}/{what}", job.id), None)?, what)
    }

    fn told(answer: &Answer, what: &str) -> Step<bool> {
        match answer.status {
            200 | 202 => Ok(answer.is_repeated),
            // An earlier attempt got through, and made it end.
            410 if answer.is_repeated => Ok(true),
            _ => Err(format!("it was accepted, and {what} was answered with {answer:?}")),
        }
    }

    fn until_suspended(&self, job: &Job) -> Step {
        self.until(job, |status| status == "Suspended").map(drop)
    }

    /// Waits for its end.
    fn end_of(&self, job: &Job, may_be_suspended_late: bool) -> Step<Value> {
        loop {
            let seen = self.until(job, |status| {
                matches!(status, "Completed" | "Failed" | "Terminated")
                    || (may_be_suspended_late && status == "Suspended")
            })?;
            if seen["runtimeStatus"] != "Suspended" {
                return Ok(seen);
            }
            let answer = self.ask("POST", &format!("{DURABLE}/instances/{}/resume", job.id), None)?;
            // What was seen may be from before the first resumption, which has let it end since.
            if answer.status != 410 {
                Self::told(&answer, "resume")?;
            }
        }
    }

    /// Waits for a status, and answers with all of it.
    fn until(&self, job: &Job, is_wanted: impl Fn(&str) -> bool) -> Step<Value> {
        let path = format!("{DURABLE}/instances/{}?showInput=false", job.id);
        loop {
            let answer = self.ask("GET", &path, None)?;
            if answer.status > 202 {
                return Err(format!("it was accepted, and its status was answered with {answer:?}"));
            }
            if is_wanted(answer.body["runtimeStatus"].as_str().unwrap_or_default()) {
                return Ok(answer.body);
            }
            if !answer.body["held"].is_null() {
                return Err(format!("it is held: {}", answer.body["held"]));
            }
            if Instant::now() > self.deadline() {
                return Err(format!("it is not as wanted in time, but {}", answer.body));
            }
            thread::sleep(self.look_every);
        }
    }

    fn purge(&self, job: &Job) -> Step {
        let answer = self.ask("DELETE", &format!("{DURABLE}/instances/{}", job.id), None)?;
        match answer.status {
            200 => Ok(()),
            404 if answer.is_repeated => Ok(()),
            _ => Err(format!("its purge was answered with {answer:?}")),
        }
    }

    fn ask(&self, verb: &str, path: &str, body: Option<&Value>) -> Step<Answer> {
        let answer = self.net.ask(verb, path, body, || self.deadline());
        answer.ok_or_else(|| format!("{verb} {path} was not answered in time"))
    }
}

/// Whether it ended as it must.
fn check_end(status: &Value, end: &End) -> Step {
    let found = status["runtimeStatus"].as_str().unwrap_or_default();
    let fits = match end {
        End::Completed(output) => found == "Completed" && status["output"] == *output,
        End::Failed(kind) => found == "Failed" && status.to_string().contains(kind),
        End::Terminated => found == "Terminated",
    };
    if fits { Ok(()) } else { Err(format!("it must end as {end:?}, and it is {status}")) }
}
