//! `exam verify`: runs exams and their twins with solutions and with bad answers, and compares the grades with what they deserve.
//!
//! Everything goes through the same requests as those of people. Only the seed tells the cause.

use std::process::ExitCode;
use std::time::Instant;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::options::VerifyOptions;
use super::solution::{Before, delete_everything, restart_everything};
use crate::client::Listener;
use crate::clock::unix_time;
use crate::error::Error;
use crate::exam::{Aws, Drawn, Problem, Variant};
use crate::exports::Export;
use crate::site::goto::{self, AboutLab};
use crate::verbs::env::exports_of;
use crate::verbs::output::print;
use crate::verbs::reset::confirm;

mod check;
mod requests;

use check::{Check, Outcome, Stopped};
use requests::{POLL_INTERVAL, WAIT_LIMIT};

/// The rate of customers, and a baseline of ten seconds, give twice as many.
const MIN_LIKES: u64 = 20;

/// The exit codes.
const WRONG: u8 = 1;
const NOT_CHECKED: u8 = 2;

/// Verifies exams, and prints what was checked. An id of a twin stands for its problem.
///
/// # Errors
///
/// Fails if there is no such exam, if the reader does not confirm that likes on disk are lost, and if nobody reads the output.
pub fn verify(site: Listener, options: &VerifyOptions, is_json: bool) -> Result<ExitCode, Error> {
    let problems = problems(&options.ids)?;
    let (lab, exports) = match prepare(site) {
        Ok(prepared) => prepared,
        Err(error) => {
            error.report();
            return Ok(ExitCode::from(NOT_CHECKED));
        }
    };
    if let Some(question) = lab.confirmation_required.filter(|_| !options.yes) {
        confirm(&question)?;
    }
    let address = Listener::aws(lab.aws_port).url().replacen("http://", "", 1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let checks = runtime.block_on(async {
        let aws = Aws::at(address, &exports);
        let mut checks = Vec::new();
        for problem in problems {
            let mut run = Verification {
                site,
                aws: &aws,
                problem,
                seed: options.seed.unwrap_or(problem.seed),
                seconds: options.seconds,
                checks: Vec::new(),
            };
            if let Err(Stopped(reason)) = run.run().await {
                run.note(Outcome::NotChecked, &reason);
                // The next problem needs a lab without an exam.
                let _ = run.send(Method::POST, "/lab/exam/stop", None).await;
                let _ = run.reset().await;
            }
            checks.append(&mut run.checks);
        }
        checks
    });
    let count = |outcome| checks.iter().filter(|it| it.outcome == outcome).count();
    let (wrong, not_checked) = (count(Outcome::Wrong), count(Outcome::NotChecked));
    if is_json {
        let checks = checks.iter().map(|check| {
            json!({ "exam": check.exam, "outcome": check.outcome.name(), "check": check.text })
        });
        print(format_args!("{:#}\n", json!(checks.collect::<Vec<_>>())))?;
    } else {
        let right = count(Outcome::Right);
        print(format_args!(
            "{right} right, {wrong} wrong, {not_checked} not checked\n"
        ))?;
    }
    Ok(match (wrong, not_checked) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(NOT_CHECKED),
        _ => ExitCode::from(WRONG),
    })
}

/// What has to be known of the running lab.
fn prepare(site: Listener) -> Result<(AboutLab, Vec<Export>), Error> {
    let lab: AboutLab = site.send(Method::GET, goto::PATH)?.parse_success()?;
    let exports = exports_of(Listener::aws(lab.aws_port))?;
    Ok((lab, exports))
}

fn problems(ids: &[String]) -> Result<Vec<&'static Problem>, Error> {
    let unknown = ids.iter().find(|id| Variant::find(id).is_none());
    if let Some(id) = unknown {
        return Err(Error::NoSuchExam(id.clone()));
    }
    let is_meant = |problem: &Problem| {
        ids.is_empty()
            || ids
                .iter()
                .any(|id| *id == problem.id || *id == problem.twin)
    };
    let all = Variant::all().into_iter().filter(|it| !it.is_healthy);
    Ok(all.map(|it| it.problem).filter(|it| is_meant(it)).collect())
}

struct Verification<'a> {
    site: Listener,
    aws: &'a Aws,
    problem: &'static Problem,
    seed: u64,
    seconds: u64,
    checks: Vec<Check>,
}

impl Verification<'_> {
    async fn run(&mut self) -> Result<(), Stopped> {
        let before = self.reset().await?;
        let faulty = self.faulty().await?;
        self.check_state(&before, "after the exam").await?;
        let healthy = self.healthy().await?;
        self.check_state(&before, "after the twin").await?;
        self.looks_alike(&faulty, &healthy);
        Ok(())
    }

    /// Takes the exam with the fault. Returns its explanation.
    async fn faulty(&mut self) -> Result<Value, Stopped> {
        let problem = self.problem;
        self.begin(&problem.id).await?;
        let mysfits = crate::exam::mysfits(self.aws).await?.len();
        let drawn = Drawn::new(problem, self.seed, mysfits);
        let before = Before::look(self.aws, &drawn).await?;
        self.check_refused("/lab/ledger", "the ledger is refused during an exam")
            .await?;
        let invalid = self.post("/lab/exam/submit", &json!({})).await?;
        self.check(
            invalid.status == StatusCode::BAD_REQUEST,
            "an empty document is no answer",
        );
        let untouched = self.trace_of_before().await?;
        self.wait_for_answers().await?;
        let answer = before.answer(problem, &drawn.fault, self.seconds);
        let grade = self.grade_of("/lab/exam/submit", &answer).await?;
        for (name, points) in [
            ("detection", 15.0),
            ("localization", 30.0),
            ("mechanism", 25.0),
            ("time", 10.0),
            ("evidence", 10.0),
        ] {
            let found = find(&grade["categories"], name);
            let text = format!("the solution gets {points} for {name}: {found}");
            self.check(found["points"] == points, &text);
        }
        let other = self.post("/lab/exam/submit", &healthy_answer()).await?;
        self.check(
            other.status == StatusCode::LOCKED,
            "a second answer is refused",
        );
        if problem.mitigation.is_some() {
            before.mitigate(self.aws, problem, &drawn.fault).await?;
            let status = self.wait_for_mitigation().await?;
            let text = format!(
                "the solution gets 100 for mitigation: {}",
                status["mitigation"]
            );
            self.check(status["mitigation"]["total"] == 100.0, &text);
            self.harm_gets_nothing().await?;
        }
        // The queries of answers need the traces.
        let stopped = self.send(Method::POST, "/lab/exam/stop?keep=true", None);
        stopped.await?.parse_success::<Value>()?;
        let explanation = self.get("/lab/exam/explanation").await?;
        let reference = &explanation["expected"];
        let grade = self.grade_of("/lab/exam/grade", reference).await?;
        self.check(
            grade["total"] == 100.0,
            &format!("the expected answer gets 100: {grade}"),
        );
        self.check_share(&drawn, &explanation["counted"]);
        self.check_same_bytes(&answer).await?;
        for (evidence, text) in [
            (
                json!({ "kind": "trace", "id": untouched }),
                "a trace from before the fault",
            ),
            (
                json!({ "kind": "trace", "query": "http.status = 418" }),
                "a query that finds nothing",
            ),
            (
                json!({ "kind": "event", "query": " " }),
                "a query for any event",
            ),
        ] {
            let mut answer = reference.clone();
            answer["root_causes"][0]["evidence"] = json!([evidence]);
            self.check_points(&answer, 90.0, &format!("{text} is no evidence"))
                .await?;
        }
        self.check_points(
            &healthy_answer(),
            0.0,
            "the answer that there is no fault gets 0",
        )
        .await?;
        let faulty = json!({ "detected": true, "root_causes": [] });
        self.check_points(
            &faulty,
            15.0,
            "a report of a fault without a root cause gets only the points for detection",
        )
        .await?;
        self.check_points(
            &other_cause(reference),
            15.0,
            "a report of another root cause gets only the points for detection",
        )
        .await?;
        self.reset().await?;
        Ok(explanation)
    }

    /// The id of a trace of a like in the baseline.
    async fn trace_of_before(&self) -> Result<String, Stopped> {
        let deadline = Instant::now() + WAIT_LIMIT;
        while Instant::now() < deadline {
            let now = unix_time();
            let request = json!({
                "StartTime": now - 60.0, "EndTime": now, "FilterExpression": r#"http.method = "POST""#,
            });
            let page = self.aws.xray("TraceSummaries", &request).await?;
            if let Some(id) = page["TraceSummaries"][0]["Id"].as_str() {
                return Ok(id.to_owned());
            }
            sleep(POLL_INTERVAL).await;
        }
        Err(Stopped("X-Ray got no trace of a like in time".to_owned()))
    }

    /// Checks the share that the lab counted against the one that the seed has drawn, if the mechanism has one.
    fn check_share(&mut self, drawn: &Drawn, counted: &Value) {
        let Some(percent) = drawn.fault.percent_of_likes() else {
            return;
        };
        let likes = counted["likes"].as_f64().unwrap_or_default();
        let found = counted["touched"].as_f64().unwrap_or_default() / likes;
        let expected = f64::from(percent) / 100.0;
        let deviation = (expected * (1.0 - expected) / likes).sqrt();
        let text = format!("about {percent} % of the likes were touched: {counted}");
        // The time span begins and ends with a touched like.
        let is_right = (found - expected).abs() <= 4.0 * deviation + 2.0 / likes;
        self.check(is_right, &text);
    }

    /// Takes the exam of the healthy twin. Returns its explanation.
    async fn healthy(&mut self) -> Result<Value, Stopped> {
        let problem = self.problem;
        self.begin(&problem.twin).await?;
        self.wait_for_answers().await?;
        let grade = self.grade_of("/lab/exam/submit", &healthy_answer()).await?;
        self.check(
            grade["total"] == 100.0,
            "the answer that there is no fault gets 100 in the twin",
        );
        let mitigation = self.get("/lab/exam").await?["mitigation"].take();
        let text = format!("doing nothing in the twin gets 100 for mitigation: {mitigation}");
        self.check(mitigation["total"] == 100.0, &text);
        self.harm_gets_nothing().await?;
        let stopped = self.send(Method::POST, "/lab/exam/stop", None).await?;
        stopped.parse_success::<Value>()?;
        let explanation = self.get("/lab/exam/explanation").await?;
        let faulty = json!({ "detected": true, "root_causes": [] });
        self.check_points(&faulty, 0.0, "a report of a fault in the twin gets 0")
            .await?;
        Ok(explanation)
    }

    /// Stops all tasks, then removes all tasks and mysfits, and checks the points for mitigation after each.
    async fn harm_gets_nothing(&mut self) -> Result<(), Stopped> {
        restart_everything(self.aws).await?;
        let mitigation = self.get("/lab/exam").await?["mitigation"].take();
        let text = format!("stopping all tasks gets 0 for mitigation: {mitigation}");
        let is_disqualified = mitigation["disqualified"].is_string();
        self.check(mitigation["total"] == 0.0 && is_disqualified, &text);
        delete_everything(self.aws).await?;
        let mitigation = self.get("/lab/exam").await?["mitigation"].take();
        for name in ["data", "desired-count"] {
            let check = find(&mitigation["checks"], name);
            let text = format!("removing all tasks and mysfits gets 0 for {name}: {check}");
            self.check(check["points"] == 0.0, &text);
        }
        Ok(())
    }

    /// Before the fault, an exam and its twin look the same.
    fn looks_alike(&mut self, faulty: &Value, healthy: &Value) {
        let member = "baseline_state";
        let text = "before the fault, the twin is in the same state";
        self.check(
            without_items(&faulty[member]) == without_items(&healthy[member]),
            text,
        );
        let (one, other) = (&faulty["baseline"], &healthy["baseline"]);
        let all_succeed = |seen: &Value| {
            seen["likes"] == seen["succeeded"] && seen["likes"].as_u64() >= Some(MIN_LIKES)
        };
        let text = format!("before the fault, all likes succeed: {one} {other}");
        self.check(all_succeed(one) && all_succeed(other), &text);
        let p95 = |seen: &Value| seen["p95_ms"].as_f64().unwrap_or(f64::NAN);
        let text = format!("before the fault, likes take as long in the twin: {one} {other}");
        self.check((p95(one) - p95(other)).abs() < 150.0, &text);
    }
}

fn healthy_answer() -> Value {
    json!({ "detected": false, "root_causes": [] })
}

/// An answer with a component and a mechanism that no problem has.
fn other_cause(reference: &Value) -> Value {
    let mut answer = reference.clone();
    answer["root_causes"][0]["component"] = json!("monolith/0");
    answer["root_causes"][0]["fault_mechanism"] = json!("memory-leak");
    answer
}

/// The category or check with this name.
fn find<'a>(list: &'a Value, name: &str) -> &'a Value {
    let mut items = list.as_array().into_iter().flatten();
    items
        .find(|item| item["name"] == name)
        .unwrap_or(&Value::Null)
}

/// The likes at the end of the baseline depend on the moment.
fn without_items(state: &Value) -> Value {
    let mut state = state.clone();
    state["items"] = Value::Null;
    state
}
