//! The tasks' log lines: the heart of the workshop's second lab.

use rustix::process::Signal;
use serde_json::Value;

use crate::client::{client, get, like};
use crate::found;
use crate::process::Lab;

const NO_BURN: &[(&str, &str)] = &[("CHAOS_STRESS_CPU_MS", "0-0")];

/// The lines of the Like services once there is an access line for each of `likes` likes.
async fn lines(site: &str, likes: usize) -> Vec<String> {
    found("an access line for each like", async || {
        let lines = get(&format!("{site}/logs/like-service")).await;
        let seen = lines.matches("\"method\":\"POST\"").count();
        (seen >= likes).then(|| lines.lines().map(str::to_owned).collect())
    })
    .await
}

#[tokio::test]
async fn at_error_there_are_access_lines_and_nothing_else() {
    let lab = Lab::start_with(NO_BURN, &[]);
    let (endpoints, client) = (lab.endpoints(), client());
    for _ in 0..20 {
        like(&client, &endpoints.alb).await;
    }
    let lines = lines(&endpoints.site, 20).await;
    for line in &lines {
        let (stream, message) = line.split_once(" | ").unwrap();
        let message: Value = serde_json::from_str(message).unwrap();
        assert_eq!(message["target"], "access", "{line}");
        let task = stream.strip_prefix("like-service/like-service/").unwrap();
        assert!(endpoints.tasks.iter().any(|it| it.id == task), "{line}");
    }
    assert!(
        lines
            .iter()
            .any(|line| line.contains("ELB-HealthChecker/2.0"))
    );
}

#[tokio::test]
async fn at_debug_the_chaos_lines_are_found_by_searching_for_warn() {
    let lab = Lab::start_with(NO_BURN, &["--loglevel", "DEBUG"]);
    let (endpoints, client) = (lab.endpoints(), client());
    for _ in 0..20 {
        like(&client, &endpoints.alb).await;
    }
    let lines = lines(&endpoints.site, 20).await;
    let found: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("WARN: "))
        .collect();
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .any(|line| line.contains("should NOT be left on"))
    );
}

#[tokio::test]
async fn the_last_lines_are_had_by_their_number() {
    let lab = Lab::start(&[]);
    let site = lab.endpoints().site;
    for _ in 0..5 {
        get(&lab.endpoints().of("monolith")[0].url).await;
    }
    let url = format!("{site}/logs/monolith");
    found("five lines", async || {
        (get(&url).await.lines().count() >= 5).then_some(())
    })
    .await;
    assert_eq!(get(&format!("{url}?tail=2")).await.lines().count(), 2);
    assert_eq!(get(&format!("{url}?tail=0")).await, "");
    for (path, status) in [("/logs/nobody", 404), ("/logs/monolith?tail=x", 400)] {
        let answer = client().get(format!("{site}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}

#[tokio::test]
async fn lines_are_printed_on_demand_with_the_name_of_their_task() {
    let lab = Lab::start(&["--logs", "--like-tasks", "1"]);
    lab.wait_for("monolith-0 | {");
    lab.wait_for("like-service-0 | {");
}

#[tokio::test]
async fn lines_are_not_printed_unasked() {
    let mut lab = Lab::start(&[]);
    let url = format!("{}/logs/monolith", lab.endpoints().site);
    found("a line of the monolith", async || {
        get(&url).await.contains("ELB-HealthChecker").then_some(())
    })
    .await;
    // Whatever was to be printed was printed before the last word.
    lab.signal(Signal::TERM);
    lab.wait();
    lab.wait_for("Stopped.");
    assert!(!lab.printed().contains("ELB-HealthChecker"));
}

#[tokio::test]
async fn the_lab_shows_the_load_balancers_log() {
    let lab = Lab::start(&["--chaos", "off", "--logs"]);
    let endpoints = lab.endpoints();
    get(&format!("{}/mysfits", endpoints.alb)).await;
    let url = format!("{}/logs/load-balancer", endpoints.site);
    let line = found("a line", async || {
        let lines = get(&url).await;
        lines
            .lines()
            .find(|line| line.contains("/mysfits HTTP/1.1"))
            .map(str::to_owned)
    })
    .await;
    assert!(line.contains("targetgroup/mysfits-monolith/"), "{line}");
    // The load balancer's own health checks are no requests of clients.
    assert!(!get(&url).await.contains("ELB-HealthChecker"));
    lab.wait_for("load-balancer | http ");
}

#[tokio::test]
async fn the_lab_shows_the_counts_of_the_load_balancer() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    for _ in 0..3 {
        get(&format!("{}/mysfits", endpoints.alb)).await;
    }
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
    let url = format!("{}/lab/load-balancer", endpoints.site);
    let metrics = found("the like", async || {
        let metrics: Value = serde_json::from_str(&get(&url).await).unwrap();
        let requests = requests_of(&metrics, "like-service");
        (requests == 1).then_some(metrics)
    })
    .await;
    // The Like service calls the monolith through the load balancer, also in its health checks.
    assert!(requests_of(&metrics, "monolith") >= 4, "{metrics}");
    let successes = metrics["Counts"]["Sums"]["HTTPCode_Target_2XX_Count"].as_u64();
    assert!(successes >= Some(5), "{metrics}");
    for (name, hosts) in [("like-service", 2), ("monolith", 1)] {
        let group = group_of(&metrics, name);
        assert_eq!(group["HealthyHostCount"], hosts, "{group}");
        assert_eq!(group["UnHealthyHostCount"], 0, "{group}");
    }
}

/// The metrics of the target group of this name.
fn group_of<'a>(metrics: &'a Value, name: &str) -> &'a Value {
    let prefix = format!("targetgroup/mysfits-{name}/");
    let groups = metrics["TargetGroups"].as_array().unwrap();
    let has_name = |group: &&Value| group["TargetGroup"].as_str().unwrap().starts_with(&prefix);
    groups.iter().find(has_name).unwrap()
}

fn requests_of(metrics: &Value, group: &str) -> u64 {
    let sum = &group_of(metrics, group)["Counts"]["Sums"]["RequestCount"];
    sum.as_u64().unwrap_or_default()
}
