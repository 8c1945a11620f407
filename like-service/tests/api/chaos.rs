use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http_shell::env::Environment;
use like_service::chaos::{Config, Fault, FaultGenerator};
use reqwest::Client;
use tokio::time::timeout;

use crate::hook::Hook;
use crate::start_before;
use test_support::service::{Service, WAIT_LIMIT};

const QUICK: (&str, &str) = ("CHAOS_STRESS_CPU_MS", "1-2");

async fn like(service: &Service) -> u16 {
    let answer = Client::new().post(service.url("/mysfits/one/like")).send();
    answer.await.unwrap().status().as_u16()
}

/// The messages of all lines that are not access lines, in order.
fn messages(lines: &[String]) -> Vec<String> {
    let line = |line: &String| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let lines = lines.iter().map(line);
    lines
        .filter(|line| line["target"] != "access")
        .map(|line| line["message"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_seed_gives_the_exact_sequence_whatever_health_checks_come_between() {
    let hook = Hook::fulfilling().await;
    let variables = [("CHAOSMODE", "on"), ("CHAOS_SEED", "42"), QUICK];
    let service = start_before(&hook, &variables);
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let env: Environment = variables.into_iter().map(owned).collect();
    let mut generator = FaultGenerator::new(&Config::read(&env).unwrap());
    let mut expected_warnings = Vec::new();
    let mut fulfilled = 0;
    for _ in 0..60 {
        let fault = generator.draw();
        match fault {
            Fault::Stress { .. } => expected_warnings.push("WARN: stress function activated"),
            Fault::NotFound => expected_warnings.push("WARN: simulated 404 activated"),
            Fault::None => {}
        }
        let expected = match fault {
            Fault::NotFound => 404,
            Fault::Stress { .. } | Fault::None => {
                expected_warnings.push("WARN: This thing should NOT be left on..");
                fulfilled += 1;
                200
            }
        };
        assert_eq!(like(&service).await, expected);
        reqwest::get(service.url("/")).await.unwrap();
        reqwest::get(service.url("/health/live")).await.unwrap();
    }
    let likes = hook.requests();
    let likes = likes.iter().filter(|head| head.starts_with("POST"));
    assert_eq!(likes.count(), fulfilled);
    let (_, lines) = service.stop();
    let mut warnings = messages(&lines);
    warnings.retain(|message| message.starts_with("WARN: "));
    assert_eq!(warnings, expected_warnings);
}

#[tokio::test]
async fn each_fault_fires_and_stops_firing_when_the_switch_is_off() {
    let hook = Hook::fulfilling().await;
    for (mode, fires) in [
        ("on", true),
        ("off", false),
        ("ON", false),
        ("true", false),
        ("", false),
    ] {
        // A burn that must not happen would take longer than the test waits.
        let burn = if fires { "400-400" } else { "60000-60000" };
        let chaos = |stress: &'static str, not_found: &'static str| {
            start_before(
                &hook,
                &[
                    ("CHAOSMODE", mode),
                    ("CHAOS_STRESS_PERCENT", stress),
                    ("CHAOS_NOT_FOUND_PERCENT", not_found),
                    ("CHAOS_STRESS_CPU_MS", burn),
                ],
            )
        };
        let service = chaos("0", "100");
        assert_eq!(
            like(&service).await,
            if fires { 404 } else { 200 },
            "{mode}"
        );
        let service = chaos("100", "0");
        let start = Instant::now();
        assert_eq!(timeout(WAIT_LIMIT, like(&service)).await, Ok(200), "{mode}");
        if fires {
            let elapsed = start.elapsed();
            assert!(elapsed >= Duration::from_millis(400), "{elapsed:?}");
        }
        let (_, lines) = service.stop();
        let warned = messages(&lines)
            .iter()
            .any(|message| message.starts_with("WARN: "));
        assert_eq!(warned, fires, "{mode}");
    }
}

#[tokio::test]
async fn a_like_tells_its_steps_in_order_and_a_simulated_404_stops_after_the_first() {
    let hook = Hook::fulfilling().await;
    let with = |stress, not_found| {
        let variables = [
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", stress),
            ("CHAOS_NOT_FOUND_PERCENT", not_found),
            QUICK,
        ];
        start_before(&hook, &variables)
    };
    let told = async |service: Service| {
        like(&service).await;
        let mut told = messages(&service.stop().1);
        told.retain(|message| {
            message.contains("ike ") || message.contains("WARN") || message.contains("ulfill")
        });
        told.retain(|message| !message.contains("listening"));
        told
    };
    let not_found = ["Like received.", "WARN: simulated 404 activated"];
    assert_eq!(told(with("0", "100")).await, not_found);
    let stress = [
        "Like received.",
        "WARN: stress function activated",
        "WARN: This thing should NOT be left on..",
        "Like processed.",
        "Fulfill processed.",
    ];
    assert_eq!(told(with("100", "0")).await, stress);
    assert_eq!(
        told(with("0", "0")).await[..2],
        ["Like received.", stress[2]]
    );
}

#[tokio::test]
async fn warnings_are_hidden_at_error_and_seen_at_debug_while_access_lines_stay() {
    let hook = Hook::fulfilling().await;
    for (level, seen) in [
        ("ERROR", false),
        ("critical", false),
        ("WARNING", true),
        ("DEBUG", true),
    ] {
        for format in ["json", "text"] {
            let variables = [
                ("CHAOSMODE", "on"),
                ("LOGLEVEL", level),
                ("LOG_FORMAT", format),
                QUICK,
            ];
            let service = start_before(&hook, &variables);
            while like(&service).await == 404 {}
            let (_, lines) = service.stop();
            let warned = lines.iter().any(|line| line.contains("WARN: This thing"));
            assert_eq!(warned, seen, "{level}");
            let likes = lines
                .iter()
                .filter(|line| line.contains("/mysfits/one/like"));
            assert!(likes.count() > 0, "{level}");
            let others = lines.iter().filter(|line| line.contains("WARN:"));
            assert!(others.clone().count() == 0 || seen, "{level}");
        }
    }
}

#[tokio::test]
async fn what_chaos_did_is_on_its_log_line_unless_it_is_an_exam() {
    let hook = Hook::fulfilling().await;
    for (reveal, told) in [("on", true), ("off", false)] {
        let variables = [
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", "100"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
            ("CHAOS_STRESS_CPU_MS", "7-7"),
            ("CHAOS_REVEAL", reveal),
        ];
        let service = start_before(&hook, &variables);
        assert_eq!(like(&service).await, 200);
        let (_, lines) = service.stop();
        let has = |text| lines.iter().any(|line| line.contains(text));
        assert_eq!(has(r#""chaos.fault":"stress","chaos.cpu_ms":7"#), told);
        assert_eq!(has("stress"), told);
        assert!(has("WARN: This thing should NOT be left on.."));
    }
}

#[tokio::test]
async fn more_burns_than_may_wait_are_refused_and_health_checks_go_on() {
    let hook = Hook::fulfilling().await;
    let service = start_before(
        &hook,
        &[
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", "100"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
            ("CHAOS_STRESS_CPU_MS", "60000-60000"),
            ("CHAOS_MAX_CONCURRENT", "1"),
        ],
    );
    // One burns, 64 wait, and the ten beyond are answered at once.
    let mut likes: FuturesUnordered<_> = (0..75).map(|_| like(&service)).collect();
    for _ in 0..10 {
        assert_eq!(likes.next().await, Some(503));
    }
    let live = reqwest::get(service.url("/health/live")).await.unwrap();
    assert_eq!(live.status(), 200);
    let health = reqwest::get(service.url("/")).await.unwrap();
    assert_eq!(health.status(), 200);
    assert!(futures_util::FutureExt::now_or_never(likes.next()).is_none());
}
