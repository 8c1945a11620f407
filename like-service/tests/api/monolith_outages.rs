//! The monolith stops and starts again while the Like service runs.

use std::net::Ipv4Addr;
use std::time::Instant;

use futures_util::future::join_all;
use reqwest::Client;

use crate::BINARY;
use crate::monolith_stub::{FULFILLED_BODY, MonolithStub, Reply};
use test_support::service::{Service, WAIT_LIMIT, reserve_port};

const CLIENTS: usize = 20;

/// The statuses of concurrent likes.
async fn post_likes(service: &Service) -> Vec<u16> {
    let client = Client::new();
    let likes = (0..CLIENTS).map(async |_| {
        let like = client.post(service.url("/mysfits/one/like"));
        like.send().await.unwrap().status().as_u16()
    });
    join_all(likes).await
}

async fn health(service: &Service) -> u16 {
    let answer = reqwest::get(service.url("/")).await;
    answer.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn during_two_outages_of_the_monolith_likes_are_503_at_once_and_afterwards_they_succeed_at_once()
 {
    let (port, _reservation) = reserve_port();
    let address = (Ipv4Addr::LOCALHOST, port).into();
    let url = format!("127.0.0.1:{port}");
    // With this time limit, a like that waits for the monolith fails the test.
    let time_limit = (2 * WAIT_LIMIT).as_millis().to_string();
    let variables = [
        ("MONOLITH_URL", &*url),
        ("MONOLITH_TIMEOUT_MS", &time_limit),
    ];
    let service = Service::start(BINARY, &variables);
    for _ in 0..2 {
        let start = Instant::now();
        assert_eq!(post_likes(&service).await, [503; CLIENTS]);
        assert_eq!(health(&service).await, 503);
        assert!(start.elapsed() < WAIT_LIMIT);
        let reply = Reply::json("200 OK", FULFILLED_BODY);
        let monolith = MonolithStub::start_at(address, reply).await;
        // The connections of these likes are idle in the pool when the monolith stops.
        assert_eq!(post_likes(&service).await, [200; CLIENTS]);
        assert_eq!(health(&service).await, 200);
        assert_eq!(monolith.requests().len(), CLIENTS + 1);
        monolith.stop().await;
    }
    assert_eq!(post_likes(&service).await, [503; CLIENTS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn likes_in_flight_when_the_monolith_dies_are_502_and_are_not_sent_again() {
    let monolith = MonolithStub::start(Reply::Silence).await;
    let address = monolith.address.to_string();
    let time_limit = (2 * WAIT_LIMIT).as_millis().to_string();
    let variables = [
        ("MONOLITH_URL", &*address),
        ("MONOLITH_TIMEOUT_MS", &time_limit),
    ];
    let service = Service::start(BINARY, &variables);
    let likes = post_likes(&service);
    let outage = async {
        while monolith.requests().len() < CLIENTS {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let address = monolith.address;
        monolith.stop().await;
        let reply = Reply::json("200 OK", FULFILLED_BODY);
        MonolithStub::start_at(address, reply).await
    };
    let (statuses, monolith) = tokio::join!(likes, outage);
    assert_eq!(statuses, [502; CLIENTS]);
    assert_eq!(monolith.requests(), Vec::<String>::new());
}
