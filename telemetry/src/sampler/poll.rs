//! The thread that asks the daemon for rules and tells it how they were used.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ureq::Agent;

use super::api::{RulesPage, Statistics, Targets};
use super::{XraySampler, now};

#[cfg(test)]
mod tests;

/// How often rules are asked for.
const RULES: Duration = Duration::from_secs(300);

/// How often the use of rules is reported, and a daemon that was away is asked again.
const TARGETS: Duration = Duration::from_secs(10);

/// Longest wait for the daemon.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Most bytes of an answer that are read.
const MAX_ANSWER: u64 = 1024 * 1024;

/// Most pages of rules that are asked for.
const MAX_PAGES: usize = 20;

/// Keeps the rules of a sampler up to date until it is dropped; a call under way is not waited for.
#[derive(Debug)]
pub(crate) struct Poller(#[expect(dead_code, reason = "its end is the message")] mpsc::Sender<()>);

/// Asks the daemon at `address` for the rules of `sampler` from now on.
///
/// # Errors
///
/// When there can be no thread for it.
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

/// The daemon, and what it was last heard to say.
struct Daemon {
    sampler: XraySampler,
    address: String,
    http: Agent,
    client_id: String,
    rules_since: Option<Instant>,
    /// When its rules had changed last, by its own clock, as far as it has told.
    modified: Option<f64>,
    away: bool,
}

impl Daemon {
    fn new(sampler: XraySampler, address: String) -> Self {
        let http = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .max_redirects(0)
            .build();
        let id: u128 = rand::random();
        Self {
            sampler,
            address,
            http: http.into(),
            // 24 digits, says the guide.
            client_id: format!("{id:032x}")[..24].to_owned(),
            rules_since: None,
            modified: None,
            away: false,
        }
    }

    fn follow(&mut self, end: &Receiver<()>) {
        loop {
            let done = self.step();
            self.say(done);
            if end.recv_timeout(TARGETS) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Asks for rules when it is time, and else for targets.
    fn step(&mut self) -> Result<(), ureq::Error> {
        if self
            .rules_since
            .is_none_or(|since| since.elapsed() >= RULES)
        {
            return self.ask_for_rules();
        }
        let rules = self.sampler.rules();
        let report = rules.statistics(&self.client_id, now());
        if report.is_empty() {
            return Ok(());
        }
        let statistics = Statistics {
            sampling_statistics_documents: report.clone(),
        };
        let targets: Targets = self.call("SamplingTargets", &statistics)?;
        rules.answered(&report, &targets);
        let modified = targets.last_rule_modification;
        // Its clock need not be ours: only a change counts.
        let before = self.modified.replace(modified);
        if before.is_some_and(|before| before != modified) {
            return self.ask_for_rules();
        }
        Ok(())
    }

    fn ask_for_rules(&mut self) -> Result<(), ureq::Error> {
        let mut definitions: Vec<Value> = Vec::new();
        let mut question = json!({});
        let asked = now();
        for _ in 0..MAX_PAGES {
            let page: RulesPage = self.call("GetSamplingRules", &question)?;
            let records = page.sampling_rule_records.into_iter();
            definitions.extend(records.map(|record| record.sampling_rule));
            match page.next_token {
                Some(token) => question = json!({ "NextToken": token }),
                None => break,
            }
        }
        self.sampler
            .set_rules(self.sampler.rules().renewed(definitions, asked));
        self.rules_since = Some(Instant::now());
        Ok(())
    }

    fn call<T: DeserializeOwned>(
        &self,
        operation: &str,
        question: &impl Serialize,
    ) -> Result<T, ureq::Error> {
        let url = format!("http://{}/{operation}", self.address);
        let question = serde_json::to_vec(question).map_err(io::Error::from)?;
        let request = self.http.post(url).content_type("application/json");
        let answer = request.send(question)?;
        let answer = answer
            .into_body()
            .into_with_config()
            .limit(MAX_ANSWER)
            .read_to_vec()?;
        Ok(serde_json::from_slice(&answer).map_err(io::Error::from)?)
    }

    /// Says when the daemon goes and when it comes back, each once.
    fn say(&mut self, done: Result<(), ureq::Error>) {
        let address = &self.address;
        let failed = done.is_err();
        match done {
            Ok(()) if self.away => {
                tracing::info!("the X-Ray daemon at {address} gives sampling rules again");
            }
            Err(error) if !self.away => tracing::info!(
                cause = %error,
                "the X-Ray daemon at {address} gives no sampling rules; without any, the first \
                 request each second and 5 % of the others are kept"
            ),
            _ => {}
        }
        self.away = failed;
    }
}
