//! The thread that asks the daemon for rules and reports how often they matched.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use opentelemetry::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use ureq::{Agent, Body};

use super::api::{RulesPage, Statistics, StatisticsDocument, Targets};
use super::rule::REPORT_INTERVAL;
use super::rules::Rules;
use super::{XraySampler, unix_now};

#[cfg(test)]
mod tests;

/// How often rules are asked for while no answer dates a change of them.
const RULES_INTERVAL: Duration = Duration::from_secs(300);

/// Up to so much is added at random to each interval, as in X-Ray's own SDKs, so that processes that
/// start together do not call together for ever.
const RULES_JITTER: Duration = Duration::from_secs(5);
const REPORT_JITTER: Duration = Duration::from_millis(100);

/// Most documents in one report, by the service model.
const MAX_DOCUMENTS: usize = 25;

/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Most bytes of an answer that are read.
const MAX_ANSWER_BYTES: u64 = 1024 * 1024;

/// Most pages of rules that are asked for.
const MAX_PAGES: usize = 20;

/// Keeps the rules of a sampler up to date until it is dropped. A call in progress is not waited for.
#[derive(Debug)]
pub(crate) struct Poller(
    #[expect(dead_code, reason = "dropping it ends the thread")] mpsc::Sender<()>,
);

/// Starts to ask the daemon at `address` for the rules of `sampler`.
///
/// # Errors
///
/// When no thread can be started.
pub(crate) fn start_polling(sampler: XraySampler, address: String) -> io::Result<Poller> {
    let (poller, end) = mpsc::channel();
    let mut daemon = Daemon::new(sampler, address);
    thread::Builder::new()
        .name("xray-sampling".to_owned())
        .spawn(move || {
            let _untraced = Context::enter_telemetry_suppressed_scope();
            daemon.follow(&end);
        })?;
    Ok(Poller(poller))
}

/// The daemon, and what is known from its answers.
struct Daemon {
    sampler: XraySampler,
    address: String,
    http: Agent,
    client_id: String,
    /// When to ask for rules again, whatever the answers to reports say.
    next_rules: Duration,
    last_report: Duration,
    /// The time of the last change of the rules, by X-Ray's clock, in the last answer to a report.
    modified: Option<f64>,
    /// The latest change that the rules in force are known to include.
    included: Option<f64>,
    fails: bool,
}

impl Daemon {
    fn new(sampler: XraySampler, address: String) -> Self {
        let http = Agent::config_builder()
            .timeout_global(Some(ANSWER_TIMEOUT))
            .proxy(None)
            .max_redirects(0)
            .build();
        let id: u128 = rand::random();
        Self {
            sampler,
            address,
            http: http.into(),
            // The service model wants 24 hexadecimal digits.
            client_id: format!("{id:032x}")[..24].to_owned(),
            next_rules: Duration::ZERO,
            last_report: Duration::ZERO,
            modified: None,
            included: None,
            fails: false,
        }
    }

    fn follow(&mut self, end: &Receiver<()>) {
        loop {
            let done = self.step(self.sampler.uptime());
            let wait = match done {
                Ok(()) => self.sampler.rules().next_report_in(self.sampler.uptime()),
                Err(_) => REPORT_INTERVAL,
            };
            self.log_change(done);
            let wait = wait + REPORT_JITTER.mul_f64(rand::random());
            if end.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Asks for rules and reports their use, as far as each is due at `now`.
    fn step(&mut self, now: Duration) -> Result<(), ureq::Error> {
        let mut done = Ok(());
        if now >= self.next_rules {
            done = self.ask_for_rules(now);
        }
        done.and(self.report(now))
    }

    /// Reports how often each rule matched, and asks for rules if the answer dates a change of them.
    ///
    /// A report without documents is sent, too, so that a new rule holds before the next request comes.
    fn report(&mut self, now: Duration) -> Result<(), ureq::Error> {
        let rules = self.sampler.rules();
        let Some(report) = rules.report(&self.client_id, now, unix_now()) else {
            return Ok(());
        };
        if report.is_empty() && now < self.last_report + rules.longest_interval() {
            rules.postpone_reports(now);
            return Ok(());
        }
        let before = self.modified;
        let mut rule_is_unknown = false;
        let mut parts = vec![&report[..report.len().min(MAX_DOCUMENTS)]];
        parts.extend(report.chunks(MAX_DOCUMENTS).skip(1));
        let reported = parts.into_iter().try_for_each(|part| {
            let targets = self.report_part(&rules, part, now)?;
            self.modified = targets.last_rule_modification.or(self.modified);
            rule_is_unknown |= targets.unprocessed_statistics.iter().any(|it| {
                // The status of a caller's mistake: the rule has been deleted.
                let code = it.error_code.as_deref();
                code.is_some_and(|code| code.starts_with('4'))
            });
            Ok(())
        });
        if reported.is_ok() {
            rules.postpone_reports(now);
            self.last_report = now;
        }
        if self.modified == self.included && !rule_is_unknown {
            return reported;
        }
        let asked = self.ask_for_rules(now);
        if asked.is_ok() {
            // X-Ray dates a change to the second, and rules that were read within that second may lack
            // another change. They are asked for once more after the next report, if that names the
            // same time.
            self.included = before;
        }
        reported.and(asked)
    }

    fn report_part(
        &self,
        rules: &Rules,
        documents: &[StatisticsDocument],
        now: Duration,
    ) -> Result<Targets, ureq::Error> {
        let statistics = Statistics {
            sampling_statistics_documents: documents,
        };
        let body = match self.call("SamplingTargets", &statistics) {
            // The service model allows a report without documents. If X-Ray refuses it, nothing is lost.
            Err(ureq::Error::StatusCode(400..=499)) if documents.is_empty() => {
                return Ok(Targets::default());
            }
            body => body?,
        };
        // After a status of 2xx the report has been counted, even if the rest cannot be read.
        let targets = read(body);
        let none = Targets::default();
        rules.answered(
            documents,
            targets.as_ref().unwrap_or(&none),
            now,
            unix_now(),
        );
        targets
    }

    fn ask_for_rules(&mut self, now: Duration) -> Result<(), ureq::Error> {
        let mut definitions = Vec::new();
        let mut question = json!({});
        for _ in 0..MAX_PAGES {
            let page: RulesPage = read(self.call("GetSamplingRules", &question)?)?;
            let records = page.sampling_rule_records.into_iter();
            definitions.extend(records.map(|record| record.sampling_rule));
            match page.next_token.filter(|token| !token.is_empty()) {
                Some(token) => question = json!({ "NextToken": token }),
                None => break,
            }
        }
        // X-Ray always has the rule `Default`. An answer without any is no reason to drop the others.
        if let Some(rules) = self.sampler.rules().renewed(definitions, now) {
            self.sampler.set_rules(rules);
            let jitter = RULES_JITTER.mul_f64(rand::random());
            self.next_rules = now + RULES_INTERVAL + jitter;
        }
        Ok(())
    }

    fn call(&self, operation: &str, question: &impl Serialize) -> Result<Body, ureq::Error> {
        let url = format!("http://{}/{operation}", self.address);
        let question = serde_json::to_vec(question).map_err(io::Error::from)?;
        let request = self.http.post(url).content_type("application/json");
        let answer = request.send(question)?;
        match answer.status() {
            status if status.is_success() => Ok(answer.into_body()),
            // A redirect is not followed, and is not an answer of X-Ray.
            status => Err(ureq::Error::StatusCode(status.as_u16())),
        }
    }

    /// Logs when the daemon stops giving rules and when it gives them again, each once.
    fn log_change(&mut self, done: Result<(), ureq::Error>) {
        let address = &self.address;
        let fails = done.is_err();
        match done {
            Ok(()) if self.fails => {
                tracing::info!("the X-Ray daemon at {address} gives sampling rules again");
            }
            Err(error) if !self.fails => tracing::warn!(
                cause = %error,
                "the X-Ray daemon at {address} gives no sampling rules; the last ones hold for an hour, \
                 and without any, the first request each second and 5 % of the others are sampled"
            ),
            _ => {}
        }
        self.fails = fails;
    }
}

fn read<T: DeserializeOwned>(body: Body) -> Result<T, ureq::Error> {
    let body = body.into_with_config().limit(MAX_ANSWER_BYTES);
    let answer = body.read_to_vec()?;
    Ok(serde_json::from_slice(&answer).map_err(io::Error::from)?)
}
