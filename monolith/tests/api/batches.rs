//! Likes with `LIKE_BATCHING=on`.
//!
//! In most tests, the proxy holds the answer to the first write. The likes that arrive meanwhile are the
//! next batch.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;
use reqwest::Client;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::database::Database;
use crate::faulty_proxy::{Fault, FaultyProxy};
use crate::start_with_dynamodb_at;
use test_support::daemon::{
    Daemon, assert_child_within, documents_of_trace, only_document, trace_id,
};
use test_support::records::reset_connection;
use test_support::service::{Service, wait_until};

/// A monolith with `LIKE_BATCHING=on`, whose database has the mysfit `one`.
struct Batching {
    monolith: Service,
    proxy: FaultyProxy,
    database: Database,
}

/// The answer to a like.
struct Answer {
    status: u16,
    trace_header: String,
}

impl Batching {
    async fn start(fault: fn(usize) -> Fault, more: &[(&str, &str)]) -> Self {
        let database = Database::start().await;
        database.put_mysfit("one", "Good", "Neutral");
        let proxy = FaultyProxy::start(database.address, fault).await;
        // On a busy machine, the preparation of a test can take longer than the default deadline of 1.5 s.
        let variables = [
            ("LIKE_BATCHING", "on"),
            ("LOGLEVEL", "DEBUG"),
            ("DDB_TIMEOUT_MS", "60000"),
        ];
        let monolith = start_with_dynamodb_at(proxy.address, &[&variables, more].concat());
        Self {
            monolith,
            proxy,
            database,
        }
    }

    fn send_like(&self, id: &str, header: &str) -> TcpStream {
        let mut stream = self.monolith.connect();
        let head = format!("POST /mysfits/{id}/fulfill-like HTTP/1.1\r\nHost: x\r\n");
        write!(stream, "{head}Connection: close\r\n{header}\r\n").unwrap();
        stream
    }

    /// Sends the like whose write the proxy holds.
    fn send_first_like(&self, id: &str) -> TcpStream {
        let like = self.send_like(id, "");
        wait_until("the database has received the first write", || {
            self.proxy.request_count() == 1
        });
        like
    }

    /// Sends a like that waits for the next batch.
    fn send_waiting_like(&self, id: &str, header: &str) -> TcpStream {
        let like = self.send_like(id, header);
        let is_expected = |line: &str| line.contains("the like waits for the next batch");
        self.monolith.wait_for_line(is_expected);
        like
    }

    fn send_waiting_likes(&self, id: &str, count: usize) -> Vec<TcpStream> {
        let send = |_| self.send_waiting_like(id, "");
        (0..count).map(send).collect()
    }

    /// Cancels a like, and waits until the monolith has noticed.
    fn cancel(&self, like: TcpStream) {
        reset_connection(like);
        let is_expected = |line: &str| line.contains("client_disconnected");
        self.monolith.wait_for_line(is_expected);
    }
}

fn read_answer(mut stream: TcpStream) -> Answer {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let trace_header = text.to_lowercase();
    let (_, trace_header) = trace_header.split_once("x-amzn-trace-id: ").unwrap();
    Answer {
        status: text["HTTP/1.1 ".len()..][..3].parse().unwrap(),
        trace_header: trace_header.lines().next().unwrap().replace("root", "Root"),
    }
}

fn read_statuses(likes: Vec<TcpStream>) -> Vec<u16> {
    let status = |like| read_answer(like).status;
    likes.into_iter().map(status).collect()
}

fn hold_first(request: usize) -> Fault {
    match request {
        0 => Fault::AnswerHeld,
        _ => Fault::None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn likes_that_arrive_during_a_write_are_one_further_write() {
    let batching = Batching::start(hold_first, &[]).await;
    let first = batching.send_first_like("one");
    let waiting = batching.send_waiting_likes("one", 63);
    assert_eq!(batching.proxy.request_count(), 1);
    batching.proxy.release();
    assert_eq!(read_answer(first).status, 200);
    assert_eq!(read_statuses(waiting), [200; 63]);
    assert_eq!(batching.proxy.request_count(), 2);
    assert_eq!(batching.database.like_count("one"), "64");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_need_at_most_one_write_for_ten_likes() {
    let batching = Batching::start(|_| Fault::None, &[("LOGLEVEL", "ERROR")]).await;
    let url = batching.monolith.url("/mysfits/one/fulfill-like");
    let clients = (0..64).map(|_| async {
        let client = Client::new();
        for _ in 0..20 {
            let answer = client.post(&url).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        }
    });
    join_all(clients).await;
    assert_eq!(batching.database.like_count("one"), "1280");
    let writes = batching.proxy.request_count();
    assert!(writes <= 128, "{writes} writes");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_like_batching_each_like_is_a_write() {
    let off = [("LIKE_BATCHING", "off")];
    let batching = Batching::start(hold_first, &off).await;
    let first = batching.send_first_like("one");
    let others = vec![batching.send_like("one", ""), batching.send_like("one", "")];
    assert_eq!(read_statuses(others), [200; 2]);
    batching.proxy.release();
    assert_eq!(read_answer(first).status, 200);
    assert_eq!(batching.proxy.request_count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn likes_of_an_unknown_id_are_404_and_do_not_delay_likes_of_other_mysfits() {
    let batching = Batching::start(hold_first, &[]).await;
    let first = batching.send_first_like("nobody");
    let waiting = batching.send_waiting_likes("nobody", 3);
    assert_eq!(read_answer(batching.send_like("one", "")).status, 200);
    batching.proxy.release();
    assert_eq!(read_answer(first).status, 404);
    assert_eq!(read_statuses(waiting), [404; 3]);
    assert_eq!(batching.proxy.request_count(), 3);
    assert_eq!(batching.database.get_item("nobody"), Value::Null);
    assert_eq!(batching.database.like_count("one"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_answer_is_lost_is_a_503_for_its_callers_and_is_not_retried() {
    let faults: [fn(usize) -> Fault; 2] = [
        |request| match request {
            1 => Fault::AnswerLost,
            _ => hold_first(request),
        },
        |request| match request {
            1 => Fault::InternalError,
            _ => hold_first(request),
        },
    ];
    for fault in faults {
        let batching = Batching::start(fault, &[]).await;
        let first = batching.send_first_like("one");
        let waiting = batching.send_waiting_likes("one", 5);
        batching.proxy.release();
        assert_eq!(read_answer(first).status, 200);
        assert_eq!(read_statuses(waiting), [503; 5]);
        assert_eq!(batching.proxy.request_count(), 2);
        assert_eq!(batching.database.like_count("one"), "6");
        assert_eq!(read_answer(batching.send_like("one", "")).status, 200);
        assert_eq!(batching.database.like_count("one"), "7");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_batch_is_retried_and_counted_once() {
    let fault = |request| match request {
        1 => Fault::Throttled("ProvisionedThroughputExceededException"),
        _ => hold_first(request),
    };
    let batching = Batching::start(fault, &[]).await;
    let first = batching.send_first_like("one");
    let waiting = batching.send_waiting_likes("one", 5);
    batching.proxy.release();
    assert_eq!(read_answer(first).status, 200);
    assert_eq!(read_statuses(waiting), [200; 5]);
    assert_eq!(batching.proxy.request_count(), 3);
    assert_eq!(batching.database.like_count("one"), "6");
}

#[tokio::test(flavor = "multi_thread")]
async fn likes_with_only_throttled_attempts_are_503_and_add_nothing() {
    let throttle_all = |_| Fault::Throttled("ProvisionedThroughputExceededException");
    let deadline = [("DDB_TIMEOUT_MS", "600")];
    let batching = Batching::start(throttle_all, &deadline).await;
    // If the deadline ends during an attempt, the logged error is a timeout without a throttling code.
    let mut error_lines = Vec::new();
    while !error_lines
        .iter()
        .any(|line: &String| line.contains("ProvisionedThroughputExceeded"))
    {
        assert!(error_lines.len() < 20, "{error_lines:#?}");
        let likes = (0..5).map(|_| batching.send_like("one", "")).collect();
        assert_eq!(read_statuses(likes), [503; 5]);
        let is_error = |line: &str| line.contains(r#""level":"ERROR""#);
        error_lines.extend((0..5).map(|_| batching.monolith.wait_for_line(is_error)));
    }
    assert!(batching.proxy.request_count() > 1);
    assert_eq!(batching.database.like_count("one"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_without_an_answer_does_not_use_the_whole_deadline_of_the_next_batch() {
    let withhold_first = |request| match request {
        0 => Fault::AnswerWithheld,
        _ => Fault::None,
    };
    let deadline = [("DDB_TIMEOUT_MS", "6000")];
    let batching = Batching::start(withhold_first, &deadline).await;
    let first = batching.send_first_like("one");
    let waiting = batching.send_waiting_likes("one", 3);
    assert_eq!(read_statuses(waiting), [200; 3]);
    first
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    first.peek(&mut [0]).unwrap_err();
    first.set_read_timeout(None).unwrap();
    assert_eq!(read_answer(first).status, 503);
    assert_eq!(batching.proxy.request_count(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Each waiting like is kept or cancelled.
    #[test]
    fn the_table_has_each_answered_like_and_no_like_that_was_cancelled_while_it_waited(
        is_first_kept: bool, are_kept in prop::collection::vec(any::<bool>(), 1..12)
    ) {
        let runtime = Runtime::new().unwrap();
        let batching = runtime.block_on(Batching::start(hold_first, &[]));
        let first = batching.send_first_like("one");
        let waiting = batching.send_waiting_likes("one", are_kept.len());
        let mut kept = Vec::new();
        for (like, is_kept) in waiting.into_iter().zip(are_kept) {
            if is_kept {
                kept.push(like);
            } else {
                batching.cancel(like);
            }
        }
        if is_first_kept {
            batching.proxy.release();
            prop_assert_eq!(read_answer(first).status, 200);
        } else {
            // DynamoDB has written this like before the client disconnects.
            batching.cancel(first);
        }
        let kept_count = kept.len();
        prop_assert_eq!(read_statuses(kept), vec![200; kept_count]);
        prop_assert_eq!(batching.proxy.request_count(), 1 + usize::from(kept_count > 0));
        prop_assert_eq!(batching.database.like_count("one"), (1 + kept_count).to_string());
        // The queue accepts later likes.
        prop_assert_eq!(read_answer(batching.send_like("one", "")).status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_likes_at_sigterm_are_written_and_answered() {
    let mut batching = Batching::start(hold_first, &[]).await;
    let first = batching.send_first_like("one");
    let waiting = batching.send_waiting_likes("one", 3);
    batching.monolith.signal(Signal::TERM);
    let is_expected = |line: &str| line.contains("draining");
    batching.monolith.wait_for_line(is_expected);
    batching.proxy.release();
    assert_eq!(read_answer(first).status, 200);
    assert_eq!(read_statuses(waiting), [200; 3]);
    assert!(batching.monolith.wait().success());
    assert_eq!(batching.database.like_count("one"), "4");
}

/// Starts a monolith that sends all traces without sampling decision to `daemon`.
async fn start_traced(fault: fn(usize) -> Fault, daemon: &Daemon) -> Batching {
    let (name, address) = daemon.address_variable();
    let variables = [
        ("OTEL_TRACES_EXPORTER", "xray"),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_on"),
        (name, &*address),
    ];
    Batching::start(fault, &variables).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_of_a_batch_has_the_dynamodb_call_and_the_others_name_this_trace() {
    let daemon = Daemon::start();
    let batching = start_traced(hold_first, &daemon).await;
    let first = batching.send_first_like("one");
    let root = "1-67891233-abcdef012345678912345678";
    let not_sampled = format!("X-Amzn-Trace-Id: Root={root};Sampled=0\r\n");
    let mut waiting = vec![batching.send_waiting_like("one", &not_sampled)];
    waiting.extend(batching.send_waiting_likes("one", 3));
    batching.proxy.release();
    let first = read_answer(first);
    let waiting: Vec<_> = waiting.into_iter().map(read_answer).collect();
    assert!(batching.monolith.stop().0.success());

    let documents = daemon.documents();
    let documents_of = |answer: &Answer| documents_of_trace(&documents, &answer.trace_header);
    let assert_contains_call = |documents: &[&Value], batch_size: u64| {
        let segment = only_document(documents, "monolith", None);
        assert_eq!(segment["annotations"]["like_batch_size"], batch_size);
        let call = only_document(documents, "DynamoDB", Some("aws"));
        assert_child_within(call, segment);
    };
    assert_eq!(documents_of(&first).len(), 2);
    assert_contains_call(&documents_of(&first), 1);
    // The first like of the second batch is not sampled.
    assert_eq!(documents_of(&waiting[0]).len(), 0);
    assert_eq!(documents_of(&waiting[1]).len(), 3);
    assert_contains_call(&documents_of(&waiting[1]), 4);
    let trace_with_call = trace_id(&waiting[1].trace_header);
    for answer in &waiting[1..] {
        let documents = documents_of(answer);
        let segment = only_document(&documents, "monolith", None);
        let wait = only_document(&documents, "like batch", None);
        assert_child_within(wait, segment);
        let annotations = json!({"like_batch_trace_id": trace_with_call});
        assert_eq!(wait["annotations"], annotations);
    }
    for answer in &waiting[2..] {
        assert_eq!(documents_of(answer).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_like_that_was_cancelled_while_it_waited_shows_the_wait() {
    let daemon = Daemon::start();
    let batching = start_traced(hold_first, &daemon).await;
    let first = batching.send_first_like("one");
    let waiting = batching.send_waiting_like("one", "");
    batching.cancel(waiting);
    batching.proxy.release();
    assert_eq!(read_answer(first).status, 200);
    assert!(batching.monolith.stop().0.success());
    let documents = daemon.documents();
    let documents: Vec<_> = documents.iter().collect();
    let wait = only_document(&documents, "like batch", None);
    assert_eq!(wait.get("annotations"), None);
    let is_parent = |document: &&&Value| document["id"] == wait["parent_id"];
    assert_child_within(wait, documents.iter().find(is_parent).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_like_is_written_at_once() {
    let daemon = Daemon::start();
    let batching = start_traced(|_| Fault::None, &daemon).await;
    let answers = (0..20).map(|_| read_answer(batching.send_like("one", "")));
    let answers: Vec<_> = answers.collect();
    assert_eq!(batching.proxy.request_count(), 20);
    assert!(batching.monolith.stop().0.success());
    let documents = daemon.documents();
    let delays = answers.iter().map(|answer| {
        let documents = documents_of_trace(&documents, &answer.trace_header);
        let start = |name, namespace| {
            let document = only_document(&documents, name, namespace);
            document["start_time"].as_f64().unwrap()
        };
        start("DynamoDB", Some("aws")) - start("monolith", None)
    });
    // A busy machine can delay some of the likes, but not all.
    let shortest_delay = delays.fold(f64::INFINITY, f64::min);
    assert!(shortest_delay < 0.005, "{shortest_delay} s");
}
