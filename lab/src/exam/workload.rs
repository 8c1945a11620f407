//! The customers of an exam: requests to the load balancer at a constant rate, and what the customers saw.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::USER_AGENT;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::draw::FAVOURITES;
use super::problem::{Noise, Workload};
use crate::clock::unix_time;

/// A customer gives up after this time.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Idle connections are closed before the load balancer closes them.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// Requests in progress. Further ones are not sent, and count as failed: then the machine is too slow.
const MAX_IN_PROGRESS: usize = 512;

/// A favourite gets this many likes for each like of another mysfit.
const FAVOURITE_WEIGHT: usize = 3;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Like,
    Mysfit,
    List,
    /// A mysfit that does not exist.
    Unknown,
    /// A like of a mysfit that does not exist.
    UnknownLike,
}

/// A request of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub route: Route,
    /// The id of the mysfit; empty for the list.
    pub mysfit: String,
}

/// The requests in their order. The same seed gives the same requests.
#[derive(Debug)]
pub struct Plan {
    rng: ChaCha8Rng,
    mysfits: Vec<String>,
    /// Indexes of the mysfits, as often as they are drawn.
    weighted: Vec<usize>,
    like_percent: u32,
    unknown_percent: u32,
}

impl Plan {
    /// `favourites` are indexes of `mysfits`.
    pub fn new(
        seed: u64,
        mysfits: Vec<String>,
        favourites: [usize; FAVOURITES],
        workload: &Workload,
        noise: &Noise,
    ) -> Self {
        let again = favourites.map(|favourite| [favourite; FAVOURITE_WEIGHT - 1]);
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            weighted: (0..mysfits.len())
                .chain(again.into_iter().flatten())
                .collect(),
            mysfits,
            like_percent: workload.like_percent,
            unknown_percent: noise.unknown_percent,
        }
    }

    fn mysfit(&mut self) -> String {
        let drawn = self.rng.random_range(0..self.weighted.len().max(1));
        let mysfit = self
            .weighted
            .get(drawn)
            .and_then(|index| self.mysfits.get(*index));
        mysfit.cloned().unwrap_or_default()
    }
}

impl Iterator for Plan {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let percentile = self.rng.random_range(0..100);
        let (route, mysfit) = if percentile < self.like_percent {
            (Route::Like, self.mysfit())
        } else if percentile < self.like_percent + self.unknown_percent {
            let unknown = self.rng.random::<u128>();
            let route = match percentile % 2 {
                0 => Route::Unknown,
                _ => Route::UnknownLike,
            };
            (route, format!("{unknown:032x}"))
        } else if percentile % 2 == 0 {
            (Route::Mysfit, self.mysfit())
        } else {
            (Route::List, String::new())
        };
        Some(Planned { route, mysfit })
    }
}

impl Planned {
    fn method(&self) -> Method {
        match self.route {
            Route::Like | Route::UnknownLike => Method::POST,
            Route::Mysfit | Route::List | Route::Unknown => Method::GET,
        }
    }

    fn path(&self) -> String {
        match self.route {
            Route::Like | Route::UnknownLike => format!("/mysfits/{}/like", self.mysfit),
            Route::Mysfit | Route::Unknown => format!("/mysfits/{}", self.mysfit),
            Route::List => "/mysfits".to_owned(),
        }
    }
}

/// What a customer saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When the request was sent, in Unix seconds.
    pub at: f64,
    pub route: Route,
    pub mysfit: String,
    /// The id of its trace.
    pub trace_id: String,
    /// `None` if there was no response in time.
    pub status: Option<u16>,
    pub ms: f64,
}

impl Sample {
    pub fn has_succeeded(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }

    pub fn is_of_known_mysfit(&self) -> bool {
        !matches!(self.route, Route::Unknown | Route::UnknownLike)
    }

    /// Whether it is a like of a mysfit that exists.
    pub fn is_like(&self) -> bool {
        self.route == Route::Like
    }
}

/// What all customers have seen. Clones are the same.
#[derive(Clone, Default)]
pub struct Samples(Arc<Mutex<Requests>>);

#[derive(Default)]
struct Requests {
    finished: Vec<Arc<Sample>>,
    /// The requests in progress by their numbers. Their status and `ms` are set at their end.
    in_progress: BTreeMap<u64, Sample>,
    next: u64,
}

impl Samples {
    /// All requests that have ended, and those in progress as requests without a response.
    pub fn all(&self) -> Vec<Arc<Sample>> {
        let seen = self.lock();
        let now = unix_time();
        let open = seen.in_progress.values().map(|sample| {
            Arc::new(Sample {
                ms: (now - sample.at) * 1000.0,
                ..sample.clone()
            })
        });
        seen.finished.iter().cloned().chain(open).collect()
    }

    /// The requests that have ended.
    pub fn finished(&self) -> Vec<Arc<Sample>> {
        self.lock().finished.clone()
    }

    /// Trace ids of the requests in progress.
    pub fn open(&self) -> HashSet<String> {
        let seen = self.lock();
        let open = seen.in_progress.values();
        open.map(|sample| sample.trace_id.clone()).collect()
    }

    fn start(&self, planned: Planned, trace_id: String) -> Option<u64> {
        let mut seen = self.lock();
        let sample = Sample {
            at: unix_time(),
            route: planned.route,
            mysfit: planned.mysfit,
            trace_id,
            status: None,
            ms: 0.0,
        };
        if seen.in_progress.len() >= MAX_IN_PROGRESS {
            seen.finished.push(Arc::new(sample));
            return None;
        }
        seen.next += 1;
        let number = seen.next;
        seen.in_progress.insert(number, sample);
        Some(number)
    }

    fn finish(&self, number: u64, status: Option<u16>, ms: f64) -> Option<Arc<Sample>> {
        let mut seen = self.lock();
        let started = seen.in_progress.remove(&number)?;
        let sample = Arc::new(Sample {
            status,
            ms,
            ..started
        });
        seen.finished.push(Arc::clone(&sample));
        Some(sample)
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends requests until it is dropped. Those in progress go on. `seen` is called at the end of each request.
pub async fn run(
    plan: Plan,
    rate: u32,
    alb: String,
    samples: Samples,
    seen: impl Fn(&Sample) + Clone + Send + 'static,
) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Body> = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .build(connector);
    let mut ticks = interval(Duration::from_secs(1) / rate.max(1));
    // The machine may be busy for a moment. A burst after that would be a load of its own.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for planned in plan {
        ticks.tick().await;
        let trace_id = new_trace_id();
        let url = format!("{alb}{}", planned.path());
        let request = Request::builder()
            .method(planned.method())
            .uri(url)
            .header(USER_AGENT, "customer")
            .header("x-amzn-trace-id", format!("Root={trace_id}"))
            .body(Body::empty());
        let (Ok(request), Some(number)) = (request, samples.start(planned, trace_id)) else {
            continue;
        };
        let (client, samples, seen) = (client.clone(), samples.clone(), seen.clone());
        tokio::spawn(async move {
            let start = Instant::now();
            let status = timeout(TIMEOUT, send(&client, request)).await;
            let ms = start.elapsed().as_secs_f64() * 1000.0;
            if let Some(sample) = samples.finish(number, status.ok().flatten(), ms) {
                seen(&sample);
            }
        });
    }
}

async fn send(client: &Client<HttpConnector, Body>, request: Request<Body>) -> Option<u16> {
    let response = client.request(request).await.ok()?;
    let status = response.status().as_u16();
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        frame.ok()?;
    }
    Some(status)
}

/// A trace id of X-Ray: version, 8 hexadecimal digits of Unix time, 24 random ones.
fn new_trace_id() -> String {
    let seconds = unix_time() as u32;
    format!("1-{seconds:08x}-{:024x}", rand::random::<u128>() >> 32)
}

#[cfg(test)]
mod tests {
    use super::super::problem::InnocentChange;
    use super::*;

    fn plan(seed: u64) -> Plan {
        let workload = Workload {
            rate: 8,
            like_percent: 60,
            warm_up_seconds: 0,
            baseline_seconds: 0,
            fault_delay_seconds: [0, 0],
            like_tasks: 2,
            workers: None,
        };
        let noise = Noise {
            unknown_percent: 2,
            database_ms: [0, 0],
            innocent_change: InnocentChange::Scaling,
        };
        let mysfits = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        Plan::new(seed, mysfits, [1, 2, 3], &workload, &noise)
    }

    #[test]
    fn the_same_seed_gives_the_same_requests() {
        let requests = |seed| plan(seed).take(100).collect::<Vec<_>>();
        assert_eq!(requests(1), requests(1));
        assert_ne!(requests(1), requests(2));
    }

    #[test]
    fn the_requests_have_the_shares_of_the_workload() {
        let requests: Vec<_> = plan(7).take(10_000).collect();
        let count = |is: &dyn Fn(&Planned) -> bool| requests.iter().filter(|it| is(it)).count();
        // Five standard deviations are less than 250.
        assert!(count(&|it| it.route == Route::Like).abs_diff(6_000) < 250);
        for route in [Route::Unknown, Route::UnknownLike] {
            assert!(count(&|it| it.route == route).abs_diff(100) < 55);
        }
        let favourite = count(&|it| it.route == Route::Like && it.mysfit == "b");
        assert!(favourite.abs_diff(1_800) < 250, "{favourite}");
    }
}
