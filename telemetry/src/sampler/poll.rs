//! The thread that requests sampling rules from the X-Ray daemon and reports the number of requests that each rule
//! matched.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::StatusCode;
use opentelemetry::Context;
use opentelemetry_http::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::XraySampler;
use super::api::{
    SamplingRule, SamplingRulesPage, SamplingStatisticsDocument, SamplingTargetsRequest,
    SamplingTargetsResponse,
};
use super::rule_state::DEFAULT_REPORT_INTERVAL;
use super::rules::Rules;
use crate::condition::LoggedCondition;
use crate::http::{BlockingClient, Failure};

#[cfg(test)]
mod fake_daemon;
#[cfg(test)]
mod refresh_tests;
#[cfg(test)]
mod report_tests;

/// Time between two refreshes of the rules. If X-Ray reports a change of the rules, the thread refreshes the
/// rules earlier.
const REFRESH_INTERVAL: Duration = Duration::from_secs(300);

/// Longest random time that is added to [`REFRESH_INTERVAL`], so that processes that start at the same time do not
/// call the daemon at the same time forever. OpenTelemetry's samplers for X-Ray use the same maximum.
const MAX_REFRESH_JITTER: Duration = Duration::from_secs(5);

/// Longest random time that is added to the time until the next report.
const MAX_REPORT_JITTER: Duration = Duration::from_millis(100);

/// Maximum number of documents in one report, from X-Ray's service model.
const MAX_REPORT_DOCUMENTS: usize = 25;

/// Timeout of one call to the daemon.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum number of pages that one refresh requests. A faulty daemon may return an infinite number of pages.
const MAX_RULE_PAGES: usize = 20;

/// Ends the polling thread when the `Poller` is dropped. Dropping the `Poller` does not wait for a daemon
/// call in progress.
#[derive(Debug)]
pub(crate) struct Poller(
    #[expect(dead_code, reason = "dropping it ends the thread")] mpsc::Sender<()>,
);

/// Starts the thread that refreshes the rules of `sampler`. `address` is the `host:port` of the daemon.
///
/// # Errors
///
/// Returns an error if the thread cannot be started.
pub(crate) fn start_polling(sampler: XraySampler, address: String) -> io::Result<Poller> {
    let (poller, shutdown) = mpsc::channel();
    let mut client = DaemonClient::new(sampler, address);
    thread::Builder::new()
        .name("xray-sampling".to_owned())
        .spawn(move || {
            let _untraced = Context::enter_telemetry_suppressed_scope();
            client.poll_until(&shutdown);
        })?;
    Ok(Poller(poller))
}

/// A client of the daemon's sampling API. Times are measured from the start of the sampler.
struct DaemonClient {
    sampler: XraySampler,
    address: String,
    http: BlockingClient,
    client_id: String,
    next_refresh: Duration,
    last_report: Duration,
    /// The last received `LastRuleModification`: a time on X-Ray's clock.
    last_modification: Option<f64>,
    /// The time of the latest modification that the current rules are known to include.
    applied_modification: Option<f64>,
    /// The condition is active while polls of the daemon fail.
    outage: LoggedCondition,
}

impl DaemonClient {
    fn new(sampler: XraySampler, address: String) -> Self {
        let random_id: u128 = rand::random();
        Self {
            sampler,
            address,
            http: BlockingClient::new(CALL_TIMEOUT),
            // X-Ray's service model requires that a `ClientID` has 24 hexadecimal digits.
            client_id: format!("{random_id:032x}")[..24].to_owned(),
            next_refresh: Duration::ZERO,
            last_report: Duration::ZERO,
            last_modification: None,
            applied_modification: None,
            outage: LoggedCondition::default(),
        }
    }

    fn poll_until(&mut self, shutdown: &Receiver<()>) {
        loop {
            let result = self.poll(self.sampler.uptime());
            self.log_outage(&result);
            let wait = match result {
                Ok(()) => self
                    .sampler
                    .rules()
                    .time_until_report(self.sampler.uptime()),
                Err(_) => DEFAULT_REPORT_INTERVAL,
            };
            let wait = wait + MAX_REPORT_JITTER.mul_f64(rand::random());
            if shutdown.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Refreshes the rules if a refresh is due at `now`, and reports the request counts of the rules whose
    /// reports are due.
    fn poll(&mut self, now: Duration) -> Result<(), Failure> {
        let refresh_result = if now >= self.next_refresh {
            self.refresh_rules(now)
        } else {
            Ok(())
        };
        refresh_result.and(self.report_counts(now))
    }

    /// Reports the request counts of the rules whose reports are due. Refreshes the rules if the response
    /// shows that the rules have changed.
    ///
    /// A process without requests sends reports without documents, because each response contains the time of
    /// the last modification of the rules.
    fn report_counts(&mut self, now: Duration) -> Result<(), Failure> {
        let rules = self.sampler.rules();
        let Some(report) = rules.build_report(&self.client_id, now, unix_now()) else {
            return Ok(());
        };
        if report.is_empty() && now < self.last_report + rules.longest_report_interval() {
            rules.postpone_reports(now);
            return Ok(());
        }
        let previous_modification = self.last_modification;
        let mut has_unknown_rule = false;
        let batches: Vec<&[_]> = if report.is_empty() {
            vec![&[]]
        } else {
            report.chunks(MAX_REPORT_DOCUMENTS).collect()
        };
        let report_result = batches.into_iter().try_for_each(|documents| {
            let response = self.send_report(&rules, documents, now)?;
            self.last_modification = response.last_rule_modification.or(self.last_modification);
            // An error code of 4xx means that the rule has been deleted.
            has_unknown_rule |= response.unprocessed_statistics.iter().any(|statistics| {
                let code = statistics.error_code.as_deref();
                code.is_some_and(|code| code.starts_with('4'))
            });
            Ok(())
        });
        if report_result.is_ok() {
            rules.postpone_reports(now);
            self.last_report = now;
        }
        if self.last_modification == self.applied_modification && !has_unknown_rule {
            return report_result;
        }
        let refresh_result = self.refresh_rules(now);
        if refresh_result.is_ok() {
            // Modification times are whole seconds, so the rules may lack a later modification of the same
            // second. `applied_modification` is therefore set to the previous modification time, so that the
            // response to the next report causes one more refresh.
            self.applied_modification = previous_modification;
        }
        report_result.and(refresh_result)
    }

    fn send_report(
        &self,
        rules: &Rules,
        documents: &[SamplingStatisticsDocument],
        now: Duration,
    ) -> Result<SamplingTargetsResponse, Failure> {
        let request = SamplingTargetsRequest {
            sampling_statistics_documents: documents,
        };
        let response = self.call("SamplingTargets", &request);
        let no_targets = SamplingTargetsResponse::default();
        let targets = match &response {
            Ok(targets) => targets,
            // X-Ray has counted the report, although the response cannot be read.
            Err(failure) if failure.has_status(StatusCode::is_success) => &no_targets,
            // X-Ray's service model allows a GetSamplingTargets request without statistics documents. If
            // X-Ray rejects a request without documents, no request counts are lost.
            Err(failure)
                if failure.has_status(StatusCode::is_client_error) && documents.is_empty() =>
            {
                return Ok(no_targets);
            }
            Err(_) => return response,
        };
        rules.apply_targets(documents, targets, now, unix_now());
        response
    }

    fn refresh_rules(&mut self, now: Duration) -> Result<(), Failure> {
        let definitions = self.request_rule_definitions()?;
        // X-Ray always has the rule `Default`, so a response without a valid rule is a mistake of the daemon. The
        // current rules stay in force, and the next poll requests rules again.
        if let Some(rules) = self.sampler.rules().with_definitions(definitions, now) {
            self.sampler.set_rules(rules);
            let jitter = MAX_REFRESH_JITTER.mul_f64(rand::random());
            self.next_refresh = now + REFRESH_INTERVAL + jitter;
        }
        Ok(())
    }

    /// Requests all pages of rules.
    ///
    /// # Errors
    ///
    /// Returns an error if a call fails, or if the rules have more than [`MAX_RULE_PAGES`] pages. After an
    /// error, the rules of the received pages are not used, because a rule of a missing page could have a
    /// higher priority.
    fn request_rule_definitions(&self) -> Result<Vec<SamplingRule>, Failure> {
        let mut definitions = Vec::new();
        let mut request = json!({});
        for _ in 0..MAX_RULE_PAGES {
            let page: SamplingRulesPage = self.call("GetSamplingRules", &request)?;
            let records = page.sampling_rule_records.into_iter();
            definitions.extend(records.map(|record| record.sampling_rule));
            match page.next_token.filter(|token| !token.is_empty()) {
                Some(token) => request = json!({ "NextToken": token }),
                None => return Ok(definitions),
            }
        }
        Err(Failure::other(format_args!(
            "the sampling rules have more than {MAX_RULE_PAGES} pages"
        )))
    }

    fn call<T: DeserializeOwned>(
        &self,
        operation: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(Failure::other)?;
        let request = Request::post(format!("http://{}/{operation}", self.address))
            .header("Content-Type", "application/json")
            .body(body.into())
            .map_err(Failure::other)?;
        let response = self.http.send(request)?;
        serde_json::from_slice(response.body()).map_err(|error| Failure {
            status: Some(response.status()),
            ..Failure::other(error)
        })
    }

    /// Logs the first failed poll of an outage and the first successful poll after the outage.
    fn log_outage(&self, result: &Result<(), Failure>) {
        let address = &self.address;
        match result {
            Ok(()) if self.outage.mark_inactive() => {
                tracing::info!("the X-Ray daemon at {address} returns sampling rules again");
            }
            Err(cause) if self.outage.mark_active() => tracing::warn!(
                %cause,
                "the X-Ray daemon at {address} returns no sampling rules; the last rules expire after an hour, and \
                 without rules the first request each second and 5 % of the others are sampled"
            ),
            _ => {}
        }
    }
}

/// The system time in seconds since 1970, the unit of X-Ray's times.
fn unix_now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0.0, |now| now.as_secs_f64())
}
