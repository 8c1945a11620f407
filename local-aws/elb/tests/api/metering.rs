//! The metrics of a load balancer equal the responses that clients received, and agree with the access log.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;

use elb::{Forward, LoadBalancer, PathPattern, Rule};

use crate::client::client;
use crate::found;
use crate::target::{
    Act, BROKEN, LOAD_BALANCER, OK, Target, counting_balancer, impatient_group, quick_group,
    registered,
};

async fn wait_for_requests(alb: &LoadBalancer, requests: u64) {
    // A client can read its response before the load balancer has recorded the request.
    found("all requests", async || {
        (alb.metrics().counts.sum("RequestCount") == requests).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_counts_equal_what_the_clients_saw() {
    const FOUND: &str = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let acts = [
        Act::Answer(OK),
        Act::Answer(FOUND),
        Act::Answer(NOT_FOUND),
        Act::Answer(BROKEN),
        Act::Reset,
        Act::Hang,
    ];
    let (mut rules, mut registrations) = (Vec::new(), Vec::new());
    for (number, act) in (0..).zip(acts) {
        let group = match act {
            Act::Hang => impatient_group(),
            _ => quick_group(),
        };
        let target = Target::start(act).await;
        registrations.extend(registered(&group, &[&target]).await);
        let pattern = PathPattern::new(&format!("/{number}"));
        rules.push(Rule::new(number + 1, pattern, Forward::to(group)));
    }
    let (alb, address, lines) = counting_balancer(rules, quick_group()).await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    // Path 6 has no target.
    let requests = (0..70).map(|number| {
        let path = number % 7;
        let request = client.get(format!("http://{address}/{path}"));
        async move { (path, request.send().await.unwrap().status().as_u16()) }
    });
    let tasks: Vec<_> = requests.map(tokio::spawn).collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    wait_for_requests(&alb, 60).await;
    // The counts of the last response can be later than those of the last request for a target.
    found("all lines", async || (lines.count() == 70).then_some(())).await;

    let mut wanted = BTreeMap::<String, u64>::new();
    for (path, status) in seen {
        let source = if path < 4 { "Target" } else { "ELB" };
        let name = |code: String| format!("HTTPCode_{source}_{code}_Count");
        *wanted
            .entry(name(format!("{}XX", status / 100)))
            .or_default() += 1;
        if source == "ELB" {
            *wanted.entry(name(status.to_string())).or_default() += 1;
        }
    }
    let metrics = alb.metrics();
    let codes = metrics.counts.sums.iter();
    let codes = codes.filter(|(name, _)| name.starts_with("HTTPCode_"));
    let codes: BTreeMap<_, _> = codes
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect();
    assert_eq!(codes, wanted);
    assert_eq!(codes["HTTPCode_ELB_502_Count"], 10);
    assert_eq!(codes["HTTPCode_ELB_503_Count"], 10);
    assert_eq!(codes["HTTPCode_ELB_504_Count"], 10);

    let groups = &metrics.target_groups;
    let requests: Vec<_> = groups
        .iter()
        .map(|it| it.counts.sum("RequestCount"))
        .collect();
    assert_eq!(requests, [10, 10, 10, 10, 10, 10, 0]);
    assert_eq!(groups[2].counts.sum("HTTPCode_Target_4XX_Count"), 10);
    let times = |counts: &elb::Counts| counts.target_response_micros.values().sum::<u64>();
    let of_groups: Vec<_> = groups.iter().map(|it| times(&it.counts)).collect();
    // Without the requests whose target did not respond.
    assert_eq!(of_groups, [10, 10, 10, 10, 10, 0, 0]);
    assert_eq!(times(&metrics.counts), 50);

    let mut bytes = 0;
    for number in 0..70 {
        let fields = lines.fields(number).await;
        bytes += fields[10].parse::<u64>().unwrap() + fields[11].parse::<u64>().unwrap();
    }
    assert_eq!(metrics.counts.sum("ProcessedBytes"), bytes);
}

#[tokio::test]
async fn hosts_are_counted_by_their_health() {
    let group = quick_group();
    let (first, second) = (
        Target::start(Act::Answer(OK)).await,
        Target::start(Act::Answer(OK)).await,
    );
    let registrations = registered(&group, &[&first, &second]).await;
    let (alb, address, _) = counting_balancer(Vec::new(), group).await;
    for _ in 0..6 {
        client()
            .get(format!("http://{address}/"))
            .send()
            .await
            .unwrap();
    }
    wait_for_requests(&alb, 6).await;
    let group = || alb.metrics().target_groups.remove(0);
    let hosts =
        |group: &elb::TargetGroupMetrics| (group.healthy_host_count, group.un_healthy_host_count);
    assert_eq!(alb.metrics().load_balancer, LOAD_BALANCER);
    assert!(
        group().target_group.starts_with("targetgroup/targets/"),
        "{:?}",
        group()
    );
    assert_eq!(hosts(&group()), (2, 0));
    second.set_health(Act::Answer(BROKEN));
    found("an unhealthy target", async || {
        (hosts(&group()) == (1, 1)).then_some(())
    })
    .await;
    first.set_health(Act::Answer(BROKEN));
    found("two unhealthy targets", async || {
        (hosts(&group()) == (0, 2)).then_some(())
    })
    .await;
    drop(registrations);
    assert_eq!(hosts(&group()), (0, 0));
}

#[tokio::test]
async fn connections_of_clients_and_to_targets_are_counted() {
    let group = quick_group();
    let target = Target::start(Act::Hang).await;
    let registered = registered(&group, &[&target]).await;
    let (alb, address, _) = counting_balancer(Vec::new(), group).await;
    let connections = || {
        let metrics = alb.metrics();
        (
            metrics.counts.sum("NewConnectionCount"),
            metrics.active_connection_count,
        )
    };
    assert_eq!(connections(), (0, 0));
    let mut client = TcpStream::connect(address).unwrap();
    let _idle = TcpStream::connect(address).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    found("three connections", async || {
        (connections() == (3, 3)).then_some(())
    })
    .await;
    drop(client);
    // The load balancer closes the connection to the target with that of the client.
    found("one connection", async || {
        (connections() == (3, 1)).then_some(())
    })
    .await;
    drop(registered);
}

#[tokio::test]
async fn a_refused_connection_to_a_target_is_an_error_of_its_group() {
    let group = quick_group();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let _registered = group.register(closed.local_addr().unwrap());
    drop(closed);
    let (alb, address, _) = counting_balancer(Vec::new(), group).await;
    let answer = client()
        .get(format!("http://{address}/"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 502);
    wait_for_requests(&alb, 1).await;
    let metrics = alb.metrics();
    let group = &metrics.target_groups[0];
    for counts in [&metrics.counts, &group.counts] {
        assert_eq!(counts.sum("TargetConnectionErrorCount"), 1);
    }
    assert_eq!(metrics.counts.sum("HTTPCode_ELB_502_Count"), 1);
    assert_eq!(group.counts.sum("HTTPCode_ELB_502_Count"), 0);
}
