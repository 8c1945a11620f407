//! Faults of DynamoDB: slow, throttled and failing requests. Without settings, requests pass at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use wire::Error;

use crate::clock::unix_time;
use crate::ledger::{Entry, Kind, Ledger};

/// Larger requests are not about one item. In bytes.
const MAX_BODY_OF_ITEM: usize = 16 * 1024;

/// The service in the ledger.
const SERVICE: &str = "dynamodb";

/// The faults of the database. Clones share them.
#[derive(Clone)]
pub struct DatabaseFaults {
    state: Arc<Mutex<State>>,
    ledger: Ledger,
}

/// What disturbs all requests.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The seed of the delays.
    pub seed: u64,
    /// Each request takes longer by a time from this range, in milliseconds.
    pub delay_ms: [u64; 2],
}

/// The fault of the requests that contain a key.
#[derive(Clone, Debug)]
pub struct KeyFault {
    /// The seed of the share of the requests.
    pub seed: u64,
    /// The value of the partition key.
    pub key: String,
    pub effect: Effect,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It takes longer by this time in milliseconds.
    Slow { ms: u64 },
    /// A share in percent is throttled.
    Throttled { percent: u32 },
    /// A share in percent gets an internal error.
    Failing { percent: u32 },
}

#[derive(Default)]
struct State {
    delays: Option<([u64; 2], ChaCha8Rng)>,
    key: Option<(KeyFault, ChaCha8Rng)>,
    /// Requests with these trace ids do not reach the database.
    refused: HashSet<String>,
}

/// What happens to one request.
#[derive(Debug, Default)]
struct Decision {
    delay: Duration,
    /// The mechanism and the parameters of a fault.
    fault: Option<(&'static str, Value)>,
    error: Option<Error>,
}

impl DatabaseFaults {
    /// No faults. Later ones are noted in `ledger`.
    pub fn new(ledger: Ledger) -> Self {
        Self {
            state: Arc::default(),
            ledger,
        }
    }

    /// Delays all requests from now on. `None` ends all delays and faults.
    pub fn set(&self, settings: Option<Settings>) {
        let mut state = self.state();
        let delays = settings.map(|Settings { seed, delay_ms }| {
            let rng = ChaCha8Rng::seed_from_u64(seed);
            (delay_ms, rng)
        });
        (state.delays, state.key) = (delays, None);
    }

    /// Disturbs the requests that contain a key, besides the delays of all requests.
    pub fn disturb_key(&self, fault: KeyFault) {
        let rng = ChaCha8Rng::seed_from_u64(fault.seed);
        self.state().key = Some((fault, rng));
    }

    /// From now on, the requests with these trace ids do not reach the database. Those of the last call do again.
    pub fn refuse(&self, traces: HashSet<String>) {
        self.state().refused = traces;
    }

    /// Waits as long as the request is delayed.
    ///
    /// # Errors
    ///
    /// With the response to the request, if it does not reach the database.
    pub async fn disturb(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
        let trace_id = trace_id(headers);
        let decision = self.state().decide(body);
        if let Some((mechanism, parameters)) = decision.fault {
            self.ledger.push_once(Entry {
                time: unix_time(),
                kind: Kind::Request,
                trace_id: trace_id.clone(),
                task: None,
                service: SERVICE.to_owned(),
                mechanism: mechanism.to_owned(),
                parameters,
                status: None,
                milliseconds: None,
            });
        }
        if !decision.delay.is_zero() {
            tokio::time::sleep(decision.delay).await;
        }
        let is_refused = trace_id.is_some_and(|id| self.state().refused.contains(&id));
        match decision.error {
            Some(error) => Err(error),
            None if is_refused => Err(internal_error()),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn decide(&mut self, body: &[u8]) -> Decision {
        let mut decision = Decision::default();
        if let Some(([from, to], rng)) = &mut self.delays {
            decision.delay = Duration::from_millis(rng.random_range(*from..=*to.max(from)));
        }
        let Some((KeyFault { key, effect, .. }, rng)) = &mut self.key else {
            return decision;
        };
        if body.len() > MAX_BODY_OF_ITEM || !contains(body, key.as_bytes()) {
            return decision;
        }
        let mut is_drawn = |percent: u32| rng.random_range(0..100) < percent;
        match *effect {
            Effect::Slow { ms } => {
                decision.delay += Duration::from_millis(ms);
                decision.fault = Some(("slow-key", json!({"key": key, "ms": ms})));
            }
            Effect::Throttled { percent } if is_drawn(percent) => {
                decision.fault = Some(("throttled-key", json!({ "key": key })));
                // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
                decision.error = Some(Error::bad_request(
                    "ThrottlingException",
                    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your \
                     table or index so please try again shortly."
                        .to_owned(),
                ));
            }
            Effect::Failing { percent } if is_drawn(percent) => {
                decision.fault = Some(("failing-key", json!({ "key": key })));
                decision.error = Some(internal_error());
            }
            Effect::Throttled { .. } | Effect::Failing { .. } => {}
        }
        decision
    }
}

fn internal_error() -> Error {
    Error {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "InternalServerError",
        message: "Internal server error".to_owned(),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

/// The trace id of X-Ray that the caller has sent.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let header = headers.get("x-amzn-trace-id")?.to_str().ok()?;
    let mut fields = header.split(';');
    let root = fields.find_map(|field| field.trim().strip_prefix("Root="));
    root.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(effect: Effect) -> KeyFault {
        let key = "a-b".to_owned();
        KeyFault {
            seed: 1,
            key,
            effect,
        }
    }

    fn state(effect: Effect) -> State {
        State {
            key: Some((fault(effect), ChaCha8Rng::seed_from_u64(1))),
            ..State::default()
        }
    }

    #[test]
    fn only_requests_with_the_key_are_disturbed() {
        let mut state = state(Effect::Slow { ms: 70 });
        let decision = state.decide(br#"{"Key": {"Id": {"S": "a-b"}}}"#);
        assert_eq!(decision.delay, Duration::from_millis(70));
        assert!(decision.fault.is_some() && decision.error.is_none());
        let other = state.decide(br#"{"Key": {"Id": {"S": "c"}}}"#);
        assert!(other.fault.is_none() && other.delay.is_zero());
    }

    #[test]
    fn a_share_of_the_requests_fails() {
        for (effect, status) in [
            (Effect::Throttled { percent: 30 }, 400),
            (Effect::Failing { percent: 30 }, 500),
        ] {
            let mut state = state(effect);
            let errors = (0..1000).filter_map(|_| state.decide(b"a-b").error);
            let statuses: Vec<_> = errors.map(|error| error.status.as_u16()).collect();
            // The standard deviation is less than 15.
            assert!(statuses.len().abs_diff(300) < 75, "{}", statuses.len());
            assert!(statuses.iter().all(|it| *it == status));
        }
    }

    #[tokio::test]
    async fn a_fault_is_noted_with_the_trace_of_its_request() {
        let ledger = Ledger::default();
        let faults = DatabaseFaults::new(ledger.clone());
        let mut headers = HeaderMap::new();
        let header = "Root=1-2-3;Parent=4;Sampled=1".parse().unwrap();
        headers.insert("x-amzn-trace-id", header);
        faults.disturb(&headers, b"a-b").await.unwrap();
        faults.disturb_key(fault(Effect::Failing { percent: 100 }));
        faults.disturb(&headers, b"a-b").await.unwrap_err();
        faults.disturb(&headers, b"a-b").await.unwrap_err();
        let (records, _) = ledger.records(0);
        assert_eq!(records.len(), 1);
        let entry = &records[0].entry;
        assert_eq!(entry.trace_id.as_deref(), Some("1-2-3"));
        assert_eq!(entry.parameters, json!({"key": "a-b", "requests": 2}));
        faults.set(None);
        faults.disturb(&headers, b"a-b").await.unwrap();
        faults.refuse(HashSet::from(["1-2-3".to_owned()]));
        faults.disturb(&headers, b"a-b").await.unwrap_err();
        faults.disturb(&HeaderMap::new(), b"a-b").await.unwrap();
    }
}
