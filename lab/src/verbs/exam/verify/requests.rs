//! The requests of a verification, what it waits for, and what it notes.

use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use serde_json::Value;
use tokio::time::sleep;

use super::Verification;
use super::check::{Check, Outcome, Stopped};
use crate::client::Response;
use crate::verbs::output::note;

/// Maximum time for anything that is waited for.
pub const WAIT_LIMIT: Duration = Duration::from_secs(120);

pub const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// How often the same answer is graded.
const REPEATED_GRADINGS: usize = 100;

impl Verification<'_> {
    pub async fn begin(&mut self, id: &str) -> Result<(), Stopped> {
        note(format_args!("{id}: exam with the seed {}", self.seed));
        let (seed, seconds) = (self.seed, self.seconds);
        let path = format!("/lab/exam/start?id={id}&seed={seed}&seconds={seconds}&confirmed=true");
        let started = self.send(Method::POST, &path, None).await?;
        started.parse_success::<Value>()?;
        let is_prepared = |status: &Value| status["answers_from"].is_string();
        self.wait(is_prepared, "the preparation did not end in time")
            .await
            .map(drop)
    }

    /// Brings the lab to its start, and returns its state when the tasks are those of the start.
    pub async fn reset(&self) -> Result<Value, Stopped> {
        let reset = self
            .send(Method::POST, "/lab/reset?confirmed=true", None)
            .await?;
        reset.parse_success::<Value>()?;
        let deadline = Instant::now() + WAIT_LIMIT;
        while Instant::now() < deadline {
            let state = self.get("/lab/state").await?;
            if is_steady(&state) {
                return Ok(state);
            }
            sleep(POLL_INTERVAL).await;
        }
        Err(Stopped(
            "the tasks of the start did not run in time".to_owned(),
        ))
    }

    pub async fn wait_for_answers(&self) -> Result<(), Stopped> {
        let accepts = |status: &Value| status["accepts_answers"] == true;
        self.wait(accepts, "answers were not accepted in time")
            .await
            .map(drop)
    }

    /// Waits until the trouble has ended, and returns the last status. If it does not end, that is a wrong result and no error.
    pub async fn wait_for_mitigation(&self) -> Result<Value, Stopped> {
        let is_mitigated = |status: &Value| status["mitigation"]["total"] == 100.0;
        match self.poll(is_mitigated).await? {
            Some(status) => Ok(status),
            None => self.get("/lab/exam").await,
        }
    }

    /// Polls the status until `is_so`. `if_late` is the reason if this does not happen in time.
    async fn wait(&self, is_so: impl Fn(&Value) -> bool, if_late: &str) -> Result<Value, Stopped> {
        let late = || Stopped(if_late.to_owned());
        self.poll(is_so).await?.ok_or_else(late)
    }

    /// Polls the status until `is_so`. `None` if this did not happen in time.
    async fn poll(&self, is_so: impl Fn(&Value) -> bool) -> Result<Option<Value>, Stopped> {
        let deadline = Instant::now() + WAIT_LIMIT + Duration::from_secs(2 * self.seconds);
        while Instant::now() < deadline {
            let status = self.get("/lab/exam").await?;
            let of_mitigation = &status["mitigation"]["harness_error"];
            let failure = status["failure"].as_str().or(of_mitigation.as_str());
            if let Some(failure) = failure {
                return Err(Stopped(failure.to_owned()));
            }
            if is_so(&status) {
                return Ok(Some(status));
            }
            sleep(POLL_INTERVAL).await;
        }
        Ok(None)
    }

    /// Checks that the lab comes back to the state `before`.
    pub async fn check_state(&mut self, before: &Value, when: &str) -> Result<(), Stopped> {
        let deadline = Instant::now() + WAIT_LIMIT;
        loop {
            let state = self.get("/lab/state").await?;
            let is_same = state == *before;
            if is_same || Instant::now() > deadline {
                let text = format!("{when}, the lab is in the same state as before");
                self.check(is_same, &text);
                return Ok(());
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Checks that an answer would have got these points in the exam that has ended.
    pub async fn check_points(
        &mut self,
        answer: &Value,
        points: f64,
        text: &str,
    ) -> Result<(), Stopped> {
        let grade = self.grade_of("/lab/exam/grade", answer).await?;
        self.check(
            grade["total"] == points,
            &format!("{text}: {}", grade["total"]),
        );
        Ok(())
    }

    /// Checks that an answer gets the same grade each time.
    pub async fn check_same_bytes(&mut self, answer: &Value) -> Result<(), Stopped> {
        let first = self.post("/lab/exam/grade", answer).await?;
        let mut is_same = true;
        for _ in 1..REPEATED_GRADINGS {
            let again = self.post("/lab/exam/grade", answer).await?;
            is_same &= again.body() == first.body();
        }
        first.parse_success::<Value>()?;
        self.check(is_same, "the same answer has the same grade, 100 times");
        Ok(())
    }

    /// Checks that the lab refuses a request while an exam runs.
    pub async fn check_refused(&mut self, path: &str, text: &str) -> Result<(), Stopped> {
        let response = self.send(Method::GET, path, None).await?;
        self.check(response.status == StatusCode::LOCKED, text);
        Ok(())
    }

    pub async fn grade_of(&self, path: &str, answer: &Value) -> Result<Value, Stopped> {
        Ok(self.post(path, answer).await?.parse_success()?)
    }

    pub async fn post(&self, path: &str, answer: &Value) -> Result<Response, Stopped> {
        self.send(Method::POST, path, Some(answer)).await
    }

    pub async fn get(&self, path: &str) -> Result<Value, Stopped> {
        Ok(self.send(Method::GET, path, None).await?.parse_success()?)
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        json: Option<&Value>,
    ) -> Result<Response, Stopped> {
        let body = json.map(Value::to_string).unwrap_or_default();
        Ok(self.site.request(method, path, body.into_bytes()).await?)
    }

    pub fn check(&mut self, is_right: bool, text: &str) {
        let outcome = if is_right {
            Outcome::Right
        } else {
            Outcome::Wrong
        };
        self.note(outcome, text);
    }

    pub fn note(&mut self, outcome: Outcome, text: &str) {
        let exam = self.problem.id.as_str();
        note(format_args!("{exam}: {}: {text}", outcome.name()));
        self.checks.push(Check {
            exam,
            outcome,
            text: text.to_owned(),
        });
    }
}

/// Whether all services have the tasks of their first revision, and no others.
fn is_steady(state: &Value) -> bool {
    let mut services = state["services"].as_array().into_iter().flatten();
    services.all(|service| {
        let revision = service["taskDefinition"].as_str().unwrap_or_default();
        service["runningCount"] == service["desiredCount"]
            && service["pendingCount"] == 0
            && revision.ends_with(":1")
    })
}
