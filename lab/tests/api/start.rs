//! A lab that starts as it should.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::{client, get, like};
use crate::process::Lab;
use crate::{eventually, found};

#[tokio::test]
async fn everything_that_the_endpoints_file_names_answers() {
    let lab = Lab::start(&[]);
    let endpoints = lab.endpoints();
    assert!(get(&endpoints.site).await.contains("Mythical Mysfits"));
    let list: Value =
        serde_json::from_str(&get(&format!("{}/mysfits", endpoints.alb)).await).unwrap();
    assert_eq!(list["mysfits"].as_array().unwrap().len(), 12);
    assert!(get(&endpoints.dynamodb).await.contains("healthy"));
    assert_eq!(endpoints.table, "MysfitsTable");
    let xray = &endpoints.xray;
    let status: Value = serde_json::from_str(&get(&format!("{}/status", xray.api)).await).unwrap();
    assert_eq!(status["Refused"], 0);
    assert_eq!(xray.api, format!("http://{}", xray.udp));
    let otlp = format!("{}/v1/traces", endpoints.otlp);
    let empty = client()
        .post(otlp)
        .json(&serde_json::json!({}))
        .send()
        .await;
    assert_eq!(empty.unwrap().status(), 200);
    assert_eq!(endpoints.of("like-service").len(), 2);
    assert_eq!(endpoints.of("monolith").len(), 1);
    for task in &endpoints.tasks {
        assert!(get(&task.url).await.contains("message"));
    }
    let ids: BTreeSet<_> = endpoints.tasks.iter().map(|task| &task.id).collect();
    let pids: BTreeSet<_> = endpoints.tasks.iter().map(|task| task.pid).collect();
    assert_eq!((ids.len(), pids.len()), (3, 3));
}

#[tokio::test]
async fn both_indexes_answer() {
    let lab = Lab::start(&[]);
    let alb = lab.endpoints().alb;
    for (filter, value, count) in [("GoodEvil", "Good", 4), ("LawChaos", "Lawful", 3)] {
        let url = format!("{alb}/mysfits?filter={filter}&value={value}");
        let list: Value = serde_json::from_str(&get(&url).await).unwrap();
        assert_eq!(list["mysfits"].as_array().unwrap().len(), count, "{filter}");
    }
}

#[tokio::test]
async fn people_read_the_addresses_and_with_spoilers_the_faults_and_their_seed() {
    let lab = Lab::start(&["--seed", "4711", "--spoilers"]);
    lab.wait_for("Ctrl-C stops everything.");
    let (printed, endpoints) = (lab.printed(), lab.endpoints());
    for text in [
        &*endpoints.site,
        &endpoints.console,
        &endpoints.alb,
        &endpoints.dynamodb,
        &format!("{}/traces", endpoints.site),
        &endpoints.otlp,
        "64 are slow, 25 answer 404, 11 are fine",
        "--seed 4711",
        "responsetime > 1 OR error",
    ] {
        assert!(printed.contains(text), "{text}: {printed}");
    }
}

#[tokio::test]
async fn a_seed_is_drawn_and_printed_if_none_is_given() {
    let lab = Lab::start(&["--spoilers"]);
    lab.wait_for("repeat with --seed ");
}

/// The readers of the first labs find the faults themselves.
#[tokio::test]
async fn without_spoilers_the_first_words_and_the_traces_page_name_no_fault_and_no_switch() {
    let lab = Lab::start(&["--seed", "4711"]);
    lab.wait_for("Ctrl-C stops everything.");
    let page = get(&format!("{}/traces", lab.endpoints().site)).await;
    for text in [lab.printed(), page] {
        // A command asks for this member of all traces.
        let text = text.replace("ResponseTime]", "").to_lowercase();
        for spoiler in ["chaos", "responsetime", "answer 404", "slow", "seed"] {
            assert!(!text.contains(spoiler), "{spoiler}: {text}");
        }
    }
}

/// At the level ERROR, only metrics name the faults. The log group has them, and people who read lines as text do not see them.
#[tokio::test]
async fn the_page_with_log_lines_and_the_lines_in_the_terminal_have_no_metrics() {
    let variables = [
        ("CHAOS_STRESS_CPU_MS", "0-0"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ];
    let lab = Lab::start_with(&variables, &["--logs"]);
    let (endpoints, client) = (lab.endpoints(), client());
    for _ in 0..10 {
        like(&client, &endpoints.alb).await;
    }
    found("a metric with a fault", async || {
        let request = json!({
            "logGroupName": "mysfits-MythicalLikeLogGroup", "filterPattern": "CloudWatchMetrics",
        });
        let request = client.post(&endpoints.aws).json(&request);
        let request = request.header("x-amz-target", "Logs_20140328.FilterLogEvents");
        let found = request.send().await.unwrap().text().await.unwrap();
        found.contains("chaos.fault").then_some(())
    })
    .await;
    let page = get(&format!("{}/logs/like-service", endpoints.site)).await;
    assert!(page.contains(r#""method":"POST""#), "{page}");
    // The terminal shows lines in their order.
    like(&client, &endpoints.alb).await;
    eventually("a line for each like", || {
        let printed = lab.printed();
        let lines = printed.lines().filter(|it| it.starts_with("like-service-"));
        lines.filter(|it| it.contains(r#""method":"POST""#)).count() == 11
    });
    for text in [page, lab.printed()] {
        assert!(!text.contains("chaos"), "{text}");
    }
}

#[tokio::test]
async fn the_numbers_of_tasks_are_options() {
    let lab = Lab::start(&["--like-tasks", "1", "--monolith-tasks", "3"]);
    let endpoints = lab.endpoints();
    assert_eq!(endpoints.of("like-service").len(), 1);
    assert_eq!(endpoints.of("monolith").len(), 3);
}

#[tokio::test]
async fn the_readers_environment_reaches_the_tasks() {
    let all_lost = [
        ("CHAOS_STRESS_PERCENT", "0"),
        ("CHAOS_NOT_FOUND_PERCENT", "100"),
    ];
    let lab = Lab::start_with(&all_lost, &["--spoilers"]);
    let client = client();
    for _ in 0..10 {
        assert_eq!(like(&client, &lab.endpoints().alb).await, 404);
    }
    lab.wait_for("0 are slow, 100 answer 404, 0 are fine");
}

#[tokio::test]
async fn the_readers_aws_does_not() {
    let theirs = [
        ("AWS_PROFILE", "production"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_REGION", "nowhere-1"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
    ];
    let lab = Lab::start_with(&theirs, &[]);
    get(&format!("{}/mysfits", lab.endpoints().alb)).await;
}
