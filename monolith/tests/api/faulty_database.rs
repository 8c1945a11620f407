//! Faults of the database: no acknowledged like is lost, and no like is counted twice. A 503 says that the outcome is unknown.
//!
//! The faults end without a restart of the monolith. Then each request succeeds again.

use std::collections::HashSet;
use std::mem::discriminant;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, Method};
use serde_json::Value;

use crate::database::Database;
use crate::faulty_proxy::{Fault, FaultyProxy};
use crate::start_with_dynamodb_at;
use test_support::service::{Service, wait_until};

const THROTTLED: Fault = Fault::Throttled("ProvisionedThroughputExceededException");

/// Each fault, with the mysfit whose requests have the fault, and with the number of likes that the database writes for one request.
const FAULTS: &[(&str, Fault, u64)] = &[
    ("throttled", THROTTLED, 0),
    ("html-page", Fault::HtmlPage, 0),
    ("request-lost", Fault::RequestLost, 0),
    ("request-ignored", Fault::RequestIgnored, 0),
    ("internal-error", Fault::InternalError, 1),
    ("answer-lost", Fault::AnswerLost, 1),
    ("answer-withheld", Fault::AnswerWithheld, 1),
    ("half-answer", Fault::HalfAnswer, 1),
    ("last-byte-lost", Fault::LastByteLost, 1),
    ("length-too-large", Fault::LengthTooLarge(10), 1),
    ("length-too-small", Fault::LengthTooSmall(1), 1),
    ("not-http", Fault::NotHttp, 1),
];

/// A monolith whose database injects faults until `end_faults` is called.
struct Setup {
    monolith: Service,
    database: Database,
    proxy: FaultyProxy,
    are_faults_on: Arc<AtomicBool>,
    client: Client,
}

impl Setup {
    async fn start(
        fault: impl Fn(usize, &str) -> Fault + Send + Sync + 'static,
        timeout_ms: &str,
        batching: &str,
    ) -> Self {
        let database = Database::start().await;
        let are_faults_on = Arc::new(AtomicBool::new(true));
        let is_on = Arc::clone(&are_faults_on);
        let select = move |number, request: &str| match is_on.load(Ordering::SeqCst) {
            true => fault(number, request),
            false => Fault::None,
        };
        let proxy = FaultyProxy::start_selecting(database.address, select).await;
        let variables = [("DDB_TIMEOUT_MS", timeout_ms), ("LIKE_BATCHING", batching)];
        Self {
            monolith: start_with_dynamodb_at(proxy.address, &variables),
            database,
            proxy,
            are_faults_on,
            client: Client::new(),
        }
    }

    fn end_faults(&self) {
        self.are_faults_on.store(false, Ordering::SeqCst);
    }

    async fn status(&self, method: Method, path: &str) -> u16 {
        let request = self.client.request(method, self.monolith.url(path));
        request.send().await.unwrap().status().as_u16()
    }

    async fn like(&self, id: &str) -> u16 {
        let path = format!("/mysfits/{id}/fulfill-like");
        self.status(Method::POST, &path).await
    }

    /// The number of likes in the table.
    fn likes(&self, id: &str) -> u64 {
        let Value::String(likes) = self.database.like_count(id) else {
            panic!("{id} has no likes");
        };
        likes.parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn during_each_fault_of_the_database_a_like_is_a_503_and_is_written_at_most_once() {
    let fault_of_mysfit = |_, request: &str| {
        let fault = FAULTS.iter().find(|(id, ..)| request.contains(id));
        fault.map_or(Fault::None, |(_, fault, _)| *fault)
    };
    for batching in ["off", "on"] {
        let setup = Setup::start(fault_of_mysfit, "3000", batching).await;
        for (id, ..) in FAULTS {
            setup.database.put_mysfit(id, "Good", "Neutral");
        }
        join_all(FAULTS.iter().map(async |(id, _, written)| {
            assert_eq!(setup.like(id).await, 503, "{id}");
            assert_eq!(setup.likes(id), *written, "{id}");
            let profile = format!("/mysfits/{id}");
            assert_eq!(setup.status(Method::GET, &profile).await, 503, "{id}");
            // The health check of the load balancer does not need the database.
            assert_eq!(setup.status(Method::GET, "/").await, 200, "{id}");
        }))
        .await;
        setup.end_faults();
        join_all(FAULTS.iter().map(async |(id, _, written)| {
            assert_eq!(setup.like(id).await, 200, "{id}");
            assert_eq!(setup.likes(id), written + 1, "{id}");
            let profile = format!("/mysfits/{id}");
            assert_eq!(setup.status(Method::GET, &profile).await, 200, "{id}");
        }))
        .await;
    }
}

/// The faults of requests in turn. Half of the requests have no fault.
fn mixed_fault(number: usize, _: &str) -> Fault {
    match number % 32 {
        0 => Fault::Slow(Duration::from_millis(50)),
        // Longer than the deadline: the database writes the like after the 503.
        1 => Fault::Slow(Duration::from_secs(2)),
        number if number % 2 == 0 => Fault::None,
        number => FAULTS[number / 2 % FAULTS.len()].1,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_mixed_faults_each_acknowledged_like_is_counted_and_none_is_counted_twice() {
    const CLIENTS: usize = 40;
    const LIKES_PER_CLIENT: usize = 5;
    for batching in ["off", "on"] {
        let injected = Arc::<Mutex<HashSet<_>>>::default();
        let record = Arc::clone(&injected);
        let fault = move |number, request: &str| {
            let fault = mixed_fault(number, request);
            record.lock().unwrap().insert(discriminant(&fault));
            fault
        };
        let setup = Setup::start(fault, "1500", batching).await;
        setup.database.put_mysfit("shared", "Good", "Neutral");
        let ids: Vec<_> = (0..CLIENTS * LIKES_PER_CLIENT)
            .map(|number| format!("mysfit-{number}"))
            .collect();
        for id in &ids {
            setup.database.put_mysfit(id, "Good", "Neutral");
        }
        // Each mysfit gets one like, so that a like that is counted twice is seen.
        let statuses = join_all(ids.chunks(LIKES_PER_CLIENT).map(async |ids| {
            let mut statuses = Vec::new();
            for id in ids {
                statuses.push((setup.like(id).await, setup.like("shared").await));
            }
            statuses
        }))
        .await;
        let statuses: Vec<_> = statuses.into_iter().flatten().collect();
        wait_until("the slow requests have reached the database", || {
            !setup.proxy.has_slow_requests()
        });
        for (name, fault, _) in FAULTS {
            let is_injected = injected.lock().unwrap().contains(&discriminant(fault));
            assert!(is_injected, "{name}");
        }
        let (mut written, mut not_written) = (0, 0);
        for (id, (status, _)) in ids.iter().zip(&statuses) {
            let likes = setup.likes(id);
            match status {
                200 => assert_eq!(likes, 1, "{id}"),
                503 if likes == 0 => not_written += 1,
                503 if likes == 1 => written += 1,
                _ => panic!("{id}: status {status}, {likes} likes"),
            }
        }
        assert!(written > 0 && not_written > 0, "{written} {not_written}");
        let count = |status| statuses.iter().filter(|(_, it)| *it == status).count() as u64;
        let (acknowledged, unknown) = (count(200), count(503));
        assert_eq!(acknowledged + unknown, ids.len() as u64);
        let shared = setup.likes("shared");
        assert!(
            (acknowledged..=acknowledged + unknown).contains(&shared),
            "{shared} likes, {acknowledged} acknowledged, {unknown} unknown"
        );
        setup.end_faults();
        join_all(ids.chunks(LIKES_PER_CLIENT).map(async |ids| {
            for id in ids {
                let before = setup.likes(id);
                assert_eq!(setup.like(id).await, 200, "{id}");
                assert_eq!(setup.likes(id), before + 1, "{id}");
            }
        }))
        .await;
    }
}
