//! Exams of a real lab: how they go, what they hide, and that nothing is left of them.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{client, get};
use crate::found;
use crate::process::{Endpoints, Lab};

/// Health checks that do not make a test wait.
const QUICK: &[&str] = &[
    "--health-check-interval-ms",
    "200",
    "--deregistration-delay-ms",
    "200",
];

/// Problems that are verified on each run: a fault of a task, and one in the configuration.
const VERIFIED: [&str; 2] = ["tapir", "crane"];

/// Runs a verb of exams. `input` is its standard input.
fn exam(endpoints: &Endpoints, arguments: &[&str], input: &str) -> Output {
    let port = endpoints.site.rsplit(':').next().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("exam")
        .args(arguments)
        .args(["--site-port", port])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A verb that does not read its input may have ended.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// The JSON that a verb prints.
fn exam_json(endpoints: &Endpoints, arguments: &[&str], input: &str) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    let output = exam(endpoints, &arguments, input);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the verb prints on standard error when it fails.
fn refusal(endpoints: &Endpoints, arguments: &[&str], input: &str) -> String {
    let output = exam(endpoints, arguments, input);
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Starts an exam whose baseline, and what follows, each take five seconds.
async fn start(endpoints: &Endpoints, id: &str) {
    let url = format!("{}/lab/exam/start?id={id}&seconds=5", endpoints.site);
    let started = client().post(url).send().await.unwrap();
    assert_eq!(started.status(), 200, "{id}");
}

async fn status(endpoints: &Endpoints) -> Value {
    let status = get(&format!("{}/lab/exam", endpoints.site)).await;
    serde_json::from_str(&status).unwrap()
}

async fn wait_for_answers(endpoints: &Endpoints) {
    found("answers are accepted", async || {
        let status = status(endpoints).await;
        assert_eq!(status["failure"], Value::Null);
        (status["accepts_answers"] == true).then_some(())
    })
    .await;
}

async fn state(endpoints: &Endpoints) -> Value {
    let state = get(&format!("{}/lab/state", endpoints.site)).await;
    serde_json::from_str(&state).unwrap()
}

fn verify(problem: &str) {
    let lab = Lab::start(QUICK);
    let output = exam(&lab.endpoints(), &["verify", problem], "");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}");
}

#[test]
fn the_fault_of_a_task_can_be_solved_and_is_graded_as_it_should_be() {
    verify(VERIFIED[0]);
}

#[test]
fn a_wrong_rule_can_be_solved_and_is_graded_as_it_should_be() {
    verify(VERIFIED[1]);
}

/// Each day other problems, so that all are verified within a week.
#[test]
#[ignore = "slow"]
fn today_s_exams_can_be_solved_and_are_graded_as_they_should_be() {
    const PER_DAY: usize = 2;
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/exams");
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    let problems = entries.filter(|entry| entry.path().is_dir());
    let ids = problems.map(|entry| entry.file_name().into_string().unwrap());
    let mut others: Vec<_> = ids.filter(|id| !VERIFIED.contains(&id.as_str())).collect();
    others.sort();
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let day = usize::try_from(since_epoch.as_secs() / 86_400).unwrap();
    for number in 0..PER_DAY {
        verify(&others[(day * PER_DAY + number) % others.len()]);
    }
}

#[tokio::test]
async fn verbs_of_exams_refuse_what_does_not_fit_the_moment() {
    let lab = Lab::start(QUICK);
    let endpoints = lab.endpoints();
    let no_fault = r#"{"detected": false, "root_causes": []}"#;
    let listing = exam_json(&endpoints, &["list"], "");
    assert_eq!(listing["exams"].as_array().unwrap().len(), 22);
    assert_eq!(listing["mechanisms"].as_array().unwrap().len(), 20);
    for (arguments, reason) in [
        (&["start", "unicorn"][..], "no exam \"unicorn\""),
        (&["hint"], "no exam runs"),
        (&["submit", "-"], "no exam runs"),
        (
            &["submit", "/no/file"],
            "cannot read the answer in /no/file",
        ),
        (&["stop"], "no exam runs"),
        (&["explain"], "no exam has ended"),
        (&["start", "ot-ter"], "no exam \"ot-ter\""),
        (&["verify", "unicorn"], "no exam \"unicorn\""),
    ] {
        let printed = refusal(&endpoints, arguments, no_fault);
        assert!(printed.contains(reason), "{arguments:?}: {printed}");
    }
    exam_json(&endpoints, &["start", "otter", "--seed", "3"], "");
    let early = refusal(&endpoints, &["submit", "-"], no_fault);
    assert!(early.contains("too early"), "{early}");
    let running = refusal(&endpoints, &["start", "heron"], "");
    assert!(running.contains("the exam otter runs"), "{running}");
    let hint = exam_json(&endpoints, &["hint"], "");
    assert_eq!((&hint["number"], &hint["hints"]), (&json!(1), &json!(3)));
    let invalid = refusal(&endpoints, &["submit", "-"], r#"{"detected": "yes"}"#);
    assert!(invalid.contains("detected"), "{invalid}");
    let stopped = exam_json(&endpoints, &["stop"], "");
    assert_eq!(stopped["grade"], Value::Null);
    assert_eq!(stopped["hints_used"], 1);
    // The explanation of an exam without a fault would be wrong.
    let early = refusal(&endpoints, &["explain"], "");
    assert!(early.contains("ended before answers"), "{early}");
}

#[tokio::test]
async fn an_exam_does_not_start_if_the_lab_has_too_few_processes_for_it() {
    let lab = Lab::start(&["--max-tasks", "3"]);
    let refusal = refusal(&lab.endpoints(), &["start", "otter"], "");
    assert!(refusal.contains("--max-tasks is 3"), "{refusal}");
}

/// The environment and the command lines of all processes of tasks, without the addresses, which differ in each lab.
#[cfg(target_os = "linux")]
fn processes(endpoints: &Endpoints) -> Vec<(String, String, String)> {
    const ADDRESSES: [&str; 6] = [
        "AWS_ENDPOINT_URL_DYNAMODB=",
        "AWS_XRAY_DAEMON_ADDRESS=",
        "CHAOS_SEED=",
        "ECS_CONTAINER_METADATA_URI_V4=",
        "MONOLITH_URL=",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=",
    ];
    let read = |pid: i32, file: &str| {
        let content = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
        let parts = content.split('\0');
        let parts = parts.filter(|part| {
            let is_address = part.starts_with("127.") || part.starts_with('/');
            !is_address && !ADDRESSES.iter().any(|name| part.starts_with(name))
        });
        let mut parts: Vec<_> = parts.collect();
        parts.sort_unstable();
        parts.join("\n")
    };
    let tasks = endpoints.tasks.iter();
    let of_task = tasks.map(|task| {
        let environment = read(task.pid, "environ");
        (task.service.clone(), environment, read(task.pid, "cmdline"))
    });
    let mut processes: Vec<_> = of_task.collect();
    processes.sort();
    processes
}

/// All log lines and traces.
#[cfg(target_os = "linux")]
async fn telemetry(endpoints: &Endpoints) -> String {
    let mut text = String::new();
    for log in ["like-service", "monolith", "load-balancer"] {
        text += &get(&format!("{}/logs/{log}", endpoints.site)).await;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let request = json!({ "StartTime": now.as_secs() - 60, "EndTime": now.as_secs() + 1 });
    let url = format!("{}/TraceSummaries", endpoints.xray.api);
    let summaries = client().post(url).json(&request).send().await.unwrap();
    text + &summaries.text().await.unwrap()
}

/// What shows of an exam after its fault has begun. Asserts that requests which would show the fault are refused.
#[cfg(target_os = "linux")]
async fn shown(id: &str) -> Vec<(String, String, String)> {
    let lab = Lab::start(QUICK);
    let endpoints = lab.endpoints();
    start(&endpoints, id).await;
    wait_for_answers(&endpoints).await;
    for (method, path) in [
        (reqwest::Method::GET, "/lab/ledger"),
        (reqwest::Method::GET, "/lab/goto"),
        (reqwest::Method::POST, "/lab/reset"),
        (reqwest::Method::GET, "/lab/exam/explanation"),
        (reqwest::Method::POST, "/lab/exam/start?id=otter"),
    ] {
        let url = format!("{}{path}", endpoints.site);
        let answer = client().request(method, url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::LOCKED, "{path}");
    }
    let telemetry = telemetry(&endpoints).await;
    assert!(telemetry.contains("/like"), "{telemetry}");
    for word in [
        "WARN:",
        "chaos.fault",
        "chaos_fault",
        "simulated",
        "not_found",
    ] {
        assert!(!telemetry.contains(word), "{word}: {telemetry}");
    }
    let file = std::fs::read_to_string(lab.endpoints_file()).unwrap();
    assert!(!file.contains("exam") && !file.contains(id), "{file}");
    let tasks = processes(&lab.endpoints());
    exam_json(&endpoints, &["stop"], "");
    let explanation = exam_json(&endpoints, &["explain"], "");
    assert_eq!(explanation["expected"]["detected"], id == "moose");
    tasks
}

/// Likes are lost in one of the exams. The other is its twin.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_exam_hides_its_fault_and_refuses_what_would_show_it() {
    let (faulty, healthy) = tokio::join!(shown("moose"), shown("marten"));
    assert_eq!(faulty.len(), 3);
    assert_eq!(faulty, healthy);
}

/// Submits the right component with a wrong mechanism and time, and this evidence. Asserts the points for the evidence.
async fn assert_evidence(evidence: Value, points: f64) {
    let lab = Lab::start(QUICK);
    let endpoints = lab.endpoints();
    start(&endpoints, "lynx").await;
    wait_for_answers(&endpoints).await;
    let answer = json!({
        "detected": true,
        "root_causes": [{
            "component": "load-balancer", "fault_mechanism": "wrong-weights",
            "occurrence_datetime": "2026-01-01T00:00:00Z", "evidence": [evidence],
        }],
    });
    let grade = exam_json(&endpoints, &["submit", "-"], &answer.to_string());
    // 15 for the detection, and 30 for the localization.
    assert_eq!(grade["total"], 45.0 + points, "{evidence} {grade}");
    let again = exam_json(&endpoints, &["submit", "-"], &answer.to_string());
    assert_eq!(grade, again);
    let result = exam_json(&endpoints, &["stop"], "");
    assert_eq!(result["grade"], grade);
}

#[tokio::test]
async fn a_log_query_and_a_changed_rule_are_evidence() {
    let rule = "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/mysfits/0000000000000000/0000000000000000/0000000000000001";
    let of_status = |status: u16| {
        let query =
            format!(r#"{{ $.target = "access" && $.method = "POST" && $.status = {status} }}"#);
        json!({ "kind": "log", "query": query })
    };
    tokio::join!(
        assert_evidence(of_status(404), 10.0),
        assert_evidence(of_status(418), 0.0),
        assert_evidence(json!({ "kind": "event", "id": rule }), 10.0),
    );
}

/// Takes the exam in which likes are lost, without a task of the Like service, so that the fault touches no like.
async fn start_without_tasks(endpoints: &Endpoints) {
    start(endpoints, "moose").await;
    let no_tasks = json!({
        "cluster": "Cluster-mysfits", "service": "Mythical-Like-Service-mysfits", "desiredCount": 0,
    });
    let target = "AmazonEC2ContainerServiceV20141113.UpdateService";
    let request = client().post(&endpoints.aws).json(&no_tasks);
    let updated = request.header("x-amz-target", target).send().await.unwrap();
    assert_eq!(updated.status(), 200);
    wait_for_answers(endpoints).await;
}

#[tokio::test]
async fn a_report_of_a_fault_that_touched_nothing_is_the_last_answer() {
    let (fault, no_fault) = (
        r#"{"detected": true, "root_causes": []}"#,
        r#"{"detected": false, "root_causes": []}"#,
    );
    let lab = Lab::start(QUICK);
    let endpoints = lab.endpoints();
    start_without_tasks(&endpoints).await;
    // The first refusal tells that there is a fault.
    for answer in [fault, no_fault] {
        let refusal = refusal(&endpoints, &["submit", "-"], answer);
        assert!(
            refusal.contains("neither a pass nor a failure"),
            "{refusal}"
        );
    }
    exam_json(&endpoints, &["stop"], "");
    start_without_tasks(&endpoints).await;
    let grade = exam_json(&endpoints, &["submit", "-"], no_fault);
    assert_eq!(grade["total"], 0.0);
}

/// Stops an exam whose fault nobody has ended, and waits for the state of before.
async fn assert_nothing_is_left(id: &str) {
    let lab = Lab::start(QUICK);
    let endpoints = lab.endpoints();
    let before = state(&endpoints).await;
    start(&endpoints, id).await;
    wait_for_answers(&endpoints).await;
    let stopped = exam_json(&endpoints, &["stop"], "");
    assert_eq!(stopped["accepted_answers"], true);
    found("the state of before", async || {
        (state(&endpoints).await == before).then_some(())
    })
    .await;
    // The records of the exam stay, and a reset removes them.
    let ledger = get(&format!("{}/lab/ledger", endpoints.site)).await;
    assert!(ledger.contains(r#""kind":"change""#), "{ledger}");
    assert!(ledger.contains(r#""kind":"request""#), "{ledger}");
}

#[tokio::test]
async fn nothing_is_left_of_an_exam_whose_fault_nobody_has_ended() {
    tokio::join!(
        assert_nothing_is_left("puffin"),
        assert_nothing_is_left("lynx"),
        assert_nothing_is_left("moose"),
    );
}

#[tokio::test]
async fn nothing_is_left_of_50_exams_that_start_and_stop_in_a_row() {
    let lab = Lab::start(QUICK);
    let endpoints = lab.endpoints();
    let before = state(&endpoints).await;
    let listing = exam_json(&endpoints, &["list"], "");
    let exams = listing["exams"].as_array().unwrap().iter();
    let ids: Vec<_> = exams.map(|exam| exam["id"].as_str().unwrap()).collect();
    for id in ids.iter().cycle().take(50) {
        start(&endpoints, id).await;
        exam_json(&endpoints, &["stop"], "");
    }
    found("the state of before", async || {
        (state(&endpoints).await == before).then_some(())
    })
    .await;
}
