use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http_shell::env::Environment;
use like_service::chaos::{Config, Fault, FaultGenerator};
use reqwest::Client;
use tokio::time::timeout;

use crate::monolith_stub::{MonolithStub, Reply};
use crate::start_with_monolith;
use test_support::service::{Service, WAIT_LIMIT};

const SHORT_BURN: (&str, &str) = ("CHAOS_STRESS_CPU_MS", "1-2");

async fn post_like(service: &Service) -> u16 {
    let answer = Client::new().post(service.url("/mysfits/one/like")).send();
    answer.await.unwrap().status().as_u16()
}

/// The messages of all log lines except access lines.
fn messages(lines: &[String]) -> Vec<String> {
    let parse_line = |line: &String| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let lines = lines.iter().map(parse_line);
    lines
        .filter(|line| line["target"] != "access")
        .map(|line| line["message"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_seed_gives_the_same_faults_even_with_health_checks_between_likes() {
    let monolith = MonolithStub::start_fulfilling().await;
    let variables = [("CHAOSMODE", "on"), ("CHAOS_SEED", "42"), SHORT_BURN];
    let service = start_with_monolith(&monolith, &variables);
    let to_owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let env: Environment = variables.into_iter().map(to_owned).collect();
    let mut generator = FaultGenerator::new(&Config::read(&env).unwrap());
    let mut expected_warnings = Vec::new();
    let mut fulfilled_likes = 0;
    for _ in 0..60 {
        let fault = generator.draw();
        match fault {
            Fault::Stress { .. } => expected_warnings.push("WARN: stress function activated"),
            Fault::NotFound => expected_warnings.push("WARN: simulated 404 activated"),
            Fault::None => {}
        }
        let expected_status = match fault {
            Fault::NotFound => 404,
            Fault::Stress { .. } | Fault::None => {
                expected_warnings.push("WARN: This thing should NOT be left on..");
                fulfilled_likes += 1;
                200
            }
        };
        assert_eq!(post_like(&service).await, expected_status);
        reqwest::get(service.url("/")).await.unwrap();
        reqwest::get(service.url("/health/live")).await.unwrap();
    }
    let likes = monolith.requests();
    let likes = likes.iter().filter(|head| head.starts_with("POST"));
    assert_eq!(likes.count(), fulfilled_likes);
    let (_, lines) = service.stop();
    let mut warnings = messages(&lines);
    warnings.retain(|message| message.starts_with("WARN: "));
    assert_eq!(warnings, expected_warnings);
}

#[tokio::test]
async fn faults_occur_only_with_chaosmode_on() {
    let monolith = MonolithStub::start_fulfilling().await;
    for (mode, is_on) in [
        ("on", true),
        ("off", false),
        ("ON", false),
        ("true", false),
        ("", false),
    ] {
        // If a fault occurred although chaos is off, the burn would exceed the time limit of the test.
        let burn_cpu_ms = if is_on { "400-400" } else { "60000-60000" };
        let start_with_shares = |stress: &'static str, not_found: &'static str| {
            start_with_monolith(
                &monolith,
                &[
                    ("CHAOSMODE", mode),
                    ("CHAOS_STRESS_PERCENT", stress),
                    ("CHAOS_NOT_FOUND_PERCENT", not_found),
                    ("CHAOS_STRESS_CPU_MS", burn_cpu_ms),
                ],
            )
        };
        let service = start_with_shares("0", "100");
        assert_eq!(
            post_like(&service).await,
            if is_on { 404 } else { 200 },
            "{mode}"
        );
        let service = start_with_shares("100", "0");
        let start = Instant::now();
        assert_eq!(
            timeout(WAIT_LIMIT, post_like(&service)).await,
            Ok(200),
            "{mode}"
        );
        if is_on {
            let elapsed = start.elapsed();
            assert!(elapsed >= Duration::from_millis(400), "{elapsed:?}");
        }
        let (_, lines) = service.stop();
        let has_warning = messages(&lines)
            .iter()
            .any(|message| message.starts_with("WARN: "));
        assert_eq!(has_warning, is_on, "{mode}");
    }
}

#[tokio::test]
async fn a_like_logs_its_steps_in_order_and_a_simulated_404_logs_only_the_first_step() {
    let monolith = MonolithStub::start_fulfilling().await;
    let start_with_shares = |stress, not_found| {
        let variables = [
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", stress),
            ("CHAOS_NOT_FOUND_PERCENT", not_found),
            SHORT_BURN,
        ];
        start_with_monolith(&monolith, &variables)
    };
    let collect_logged_steps = async |service: Service| {
        post_like(&service).await;
        let mut steps = messages(&service.stop().1);
        steps.retain(|message| {
            message.contains("ike ") || message.contains("WARN") || message.contains("ulfill")
        });
        steps.retain(|message| !message.contains("listening"));
        steps
    };
    let not_found = ["Like received.", "WARN: simulated 404 activated"];
    assert_eq!(
        collect_logged_steps(start_with_shares("0", "100")).await,
        not_found
    );
    let stress = [
        "Like received.",
        "WARN: stress function activated",
        "WARN: This thing should NOT be left on..",
        "Like processed.",
        "Fulfill processed.",
    ];
    assert_eq!(
        collect_logged_steps(start_with_shares("100", "0")).await,
        stress
    );
    assert_eq!(
        collect_logged_steps(start_with_shares("0", "0")).await[..2],
        ["Like received.", stress[2]]
    );
}

#[tokio::test]
async fn loglevel_error_hides_warnings_but_not_access_lines() {
    let monolith = MonolithStub::start_fulfilling().await;
    for (level, is_logged) in [
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
                SHORT_BURN,
            ];
            let service = start_with_monolith(&monolith, &variables);
            while post_like(&service).await == 404 {}
            let (_, lines) = service.stop();
            let has_warning = lines.iter().any(|line| line.contains("WARN: This thing"));
            assert_eq!(has_warning, is_logged, "{level}");
            let likes = lines
                .iter()
                .filter(|line| line.contains("/mysfits/one/like"));
            assert!(likes.count() > 0, "{level}");
            let warnings = lines.iter().filter(|line| line.contains("WARN:"));
            assert!(warnings.clone().count() == 0 || is_logged, "{level}");
        }
    }
}

#[tokio::test]
async fn a_fault_is_logged_unless_chaos_reveal_is_off() {
    let monolith = MonolithStub::start_fulfilling().await;
    for (reveal, is_revealed) in [("on", true), ("off", false)] {
        let variables = [
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", "100"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
            ("CHAOS_STRESS_CPU_MS", "7-7"),
            ("CHAOS_REVEAL", reveal),
        ];
        let service = start_with_monolith(&monolith, &variables);
        assert_eq!(post_like(&service).await, 200);
        let (_, lines) = service.stop();
        let is_logged = |text| lines.iter().any(|line| line.contains(text));
        assert_eq!(
            is_logged(r#""chaos.fault":"stress","chaos.cpu_ms":7"#),
            is_revealed
        );
        assert_eq!(is_logged("stress"), is_revealed);
        assert_eq!(is_logged("WARN: "), is_revealed);
    }
}

/// The lines of a like at every log level and of the metrics at the end, without what differs between two likes.
fn comparable_lines(lines: &[String]) -> Vec<String> {
    let lines = lines.iter().map(|line| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let members = line.as_object_mut().unwrap();
        for name in [
            "timestamp",
            "trace_id",
            "span_id",
            "port",
            "_aws",
            "duration_ms",
        ] {
            members.remove(name);
        }
        for value in members.values_mut() {
            if value.is_f64() || value.is_object() {
                *value = serde_json::Value::Null;
            }
        }
        line.to_string()
    });
    lines.collect()
}

#[tokio::test]
async fn with_chaos_reveal_off_a_like_with_a_fault_looks_like_one_without() {
    let collect = async |monolith: &MonolithStub, more: &[(&str, &str)]| {
        let mut variables = vec![
            ("LOGLEVEL", "DEBUG"),
            ("OTEL_METRICS_EXPORTER", "emf"),
            ("CHAOS_REVEAL", "off"),
            SHORT_BURN,
        ];
        variables.extend(more);
        let service = start_with_monolith(monolith, &variables);
        let answer = Client::new().post(service.url("/mysfits/one/like")).send();
        let answer = answer.await.unwrap();
        let mut headers: Vec<_> = answer.headers().keys().map(ToString::to_string).collect();
        headers.sort();
        let body = (answer.status(), headers, answer.text().await.unwrap());
        let mut lines = comparable_lines(&service.stop().1);
        // The stop and the end of the request are logged in any order.
        lines.sort();
        (body, lines)
    };
    let fault = |stress, not_found| {
        [
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", stress),
            ("CHAOS_NOT_FOUND_PERCENT", not_found),
        ]
    };
    let monolith = MonolithStub::start_fulfilling().await;
    let slow = collect(&monolith, &fault("100", "0")).await;
    assert_eq!(slow, collect(&monolith, &[]).await);
    let simulated = collect(&monolith, &fault("0", "100")).await;
    let monolith = MonolithStub::start(Reply::json("404 Not Found", "{}")).await;
    let real = collect(&monolith, &[]).await;
    assert_eq!(simulated.0, real.0);
    // The lines about the call to the monolith are missing.
    for line in &simulated.1 {
        assert!(real.1.contains(line), "{line}\n{:#?}", real.1);
    }
}

#[tokio::test]
async fn likes_beyond_the_waiting_limit_are_503_and_health_checks_still_succeed() {
    let monolith = MonolithStub::start_fulfilling().await;
    let service = start_with_monolith(
        &monolith,
        &[
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", "100"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
            ("CHAOS_STRESS_CPU_MS", "60000-60000"),
            ("CHAOS_MAX_CONCURRENT", "1"),
        ],
    );
    // One like burns CPU time, 64 likes wait for a burn, and ten likes are rejected immediately.
    let mut likes: FuturesUnordered<_> = (0..75).map(|_| post_like(&service)).collect();
    for _ in 0..10 {
        assert_eq!(likes.next().await, Some(503));
    }
    let live_answer = reqwest::get(service.url("/health/live")).await.unwrap();
    assert_eq!(live_answer.status(), 200);
    let health_answer = reqwest::get(service.url("/")).await.unwrap();
    assert_eq!(health_answer.status(), 200);
    assert!(futures_util::FutureExt::now_or_never(likes.next()).is_none());
}
