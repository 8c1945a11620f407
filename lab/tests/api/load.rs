//! The verb `load`: the load that a service gets, and the summary.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use test_support::service::reserve_port;

use crate::client::get;
use crate::eventually;
use crate::process::{Directory, Endpoints, Lab, PATIENT};

mod service;

use service::{Response, Service};

/// The verb with these options, not started.
fn command(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.arg("load").args(options).env_clear();
    command
}

fn load(options: &[&str]) -> Output {
    command(options).output().unwrap()
}

/// Runs the verb with `--json`. Returns the exit code and the summary.
fn summary(options: &[&str]) -> (Option<i32>, Value) {
    parse(&command(options).arg("--json").output().unwrap())
}

fn parse(output: &Output) -> (Option<i32>, Value) {
    let summary = serde_json::from_slice(&output.stdout);
    (
        output.status.code(),
        summary.unwrap_or_else(|error| panic!("{error}: {output:?}")),
    )
}

/// The option that names the running lab.
fn aws_port(endpoints: &Endpoints) -> [&str; 2] {
    ["--aws-port", endpoints.aws.rsplit(':').next().unwrap()]
}

/// The service answers none of the 20 requests before it has received all of them. A client that waits for the end of a request
/// before it starts the next one would send one.
#[test]
fn the_open_model_keeps_the_rate_if_the_service_is_slow() {
    let service = Service::start(|_| Response::AfterRequests(20));
    let url = service.url();
    let (code, summary) = summary(&["--path", &url, "--rate", "20", "--duration", "1s"]);
    assert_eq!(code, Some(0), "{summary}");
    assert_eq!(summary["statuses"], json!({ "200": 20 }), "{summary}");
    // The first request starts 950 ms before the last one.
    let latency = &summary["latency_ms"];
    assert!(latency["maximum"].as_f64().unwrap() >= 940.0, "{summary}");
    assert!(
        latency["median"].as_f64() < latency["maximum"].as_f64(),
        "{summary}"
    );
}

#[test]
fn in_the_closed_model_each_user_has_one_open_request() {
    let service = Service::start(|index| match index {
        0..3 => Response::AfterRequests(3),
        _ => Response::Status(200),
    });
    let url = service.url();
    let run = Run::start(&["--path", &url, "--users", "3", "--duration", "1h"]);
    eventually("ten requests", || service.requests() >= 10);
    let (code, summary) = run.interrupt();
    assert_eq!(code, Some(130), "{summary}");
    assert!(summary["requests"].as_u64() >= Some(7), "{summary}");
    assert_eq!(service.max_open(), 3);
}

#[test]
fn a_threshold_that_fails_sets_the_exit_code_99() {
    let service = Service::start(|index| Response::Status(if index % 2 == 0 { 200 } else { 500 }));
    let url = service.url();
    let run = ["--path", &url, "--rate", "50", "--duration", "200ms"];
    for (thresholds, expected) in [
        (["--fail-above", "50%"], 0),
        (["--fail-above", "49%"], 99),
        (["--p95-below", "1h"], 0),
        (["--p95-below", "0s"], 99),
    ] {
        let (code, summary) = summary(&[&run[..], &thresholds].concat());
        assert_eq!(code, Some(expected), "{thresholds:?} {summary}");
        assert_eq!(
            summary["thresholds"][0]["passed"],
            expected == 0,
            "{summary}"
        );
        let expected = json!([{ "reason": "status 500", "status": 500, "count": 5 }]);
        assert_eq!(summary["failures"], expected);
        assert_eq!(summary["failed_share"], 0.5);
    }
}

#[test]
fn each_failure_is_counted_with_its_reason() {
    for (response, reason) in [
        (Response::Status(404), "status 404"),
        (Response::Close, "connection closed before the response"),
        (Response::HalfABody, "response incomplete"),
        (Response::Text, "response is not HTTP"),
    ] {
        let service = Service::start(move |_| response);
        assert_failures(&service.url(), reason);
    }
    let (port, _reservation) = reserve_port();
    assert_failures(&format!("http://127.0.0.1:{port}"), "connection refused");
}

fn assert_failures(url: &str, reason: &str) {
    let (code, summary) = summary(&["--path", url, "--rate", "50", "--duration", "100ms"]);
    // Without a threshold, failed requests do not change the exit code.
    assert_eq!(code, Some(0), "{summary}");
    assert_eq!(
        (&summary["requests"], &summary["failed"]),
        (&json!(5), &json!(5))
    );
    let failures = summary["failures"].as_array().unwrap();
    let [failure] = failures.as_slice() else {
        panic!("{summary}");
    };
    assert_eq!(
        (&failure["reason"], &failure["count"]),
        (&json!(reason), &json!(5))
    );
}

/// A run that has not ended. Dropping it kills the process.
struct Run(Child);

impl Run {
    fn start(options: &[&str]) -> Self {
        let mut command = command(options);
        let child = command.arg("--json").stdout(Stdio::piped()).spawn();
        Self(child.unwrap())
    }

    /// Sends the signal of Ctrl-C. Returns the exit code and the summary.
    fn interrupt(mut self) -> (Option<i32>, Value) {
        kill_process(Pid::from_child(&self.0), Signal::INT).unwrap();
        let summary = serde_json::from_reader(self.0.stdout.take().unwrap()).unwrap();
        (self.0.wait().unwrap().code(), summary)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A user sends the next request when the program has counted the end of the one before.
#[test]
fn ctrl_c_prints_the_summary_of_the_requests_so_far() {
    let service = Service::start(|index| match index {
        0..2 => Response::Status(200),
        _ => Response::AfterRequests(usize::MAX),
    });
    let url = service.url();
    let run = Run::start(&["--path", &url, "--users", "3", "--duration", "1h"]);
    eventually("three requests are open", || service.requests() == 5);
    let (code, summary) = run.interrupt();
    assert_eq!(code, Some(130), "{summary}");
    assert_eq!(summary["statuses"], json!({ "200": 2 }), "{summary}");
    assert_eq!(summary["unfinished"], 3, "{summary}");
}

#[test]
fn another_machine_gets_no_load_unless_the_reader_permits_it() {
    // An address for documentation, which no machine has.
    let url = "http://192.0.2.1/";
    for option in ["--path", "--alb"] {
        let output = load(&[option, url, "--duration", "1s"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains(url) && error.contains("--allow-remote"),
            "{error}"
        );
    }
}

/// On a machine of many people, another program can listen on the port of the AWS endpoint.
#[test]
fn a_lab_whose_load_balancer_is_on_another_machine_gets_no_load() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        service::read_head(&mut connection).unwrap();
        let body = json!([{ "name": "ALB", "value": "http://192.0.2.1" }]).to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        connection.write_all((head + &body).as_bytes()).unwrap();
    });
    let output = load(&["--path", "site", "--aws-port", &port]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("--allow-remote"), "{error}");
}

#[test]
fn without_a_lab_the_message_names_the_option_of_the_port() {
    let (port, _reservation) = reserve_port();
    let output = load(&["--aws-port", &port.to_string()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("no lab answers") && error.contains("--aws-port"),
        "{error}"
    );
}

#[test]
fn a_load_without_requests_is_refused_as_other_invalid_options_are() {
    for options in [["--stages", "0:10s"], ["--rate", "-1"]] {
        assert_eq!(load(&options).status.code(), Some(2), "{options:?}");
    }
}

/// The likes of each mysfit.
async fn likes_by_mysfit(alb: &str) -> BTreeMap<String, u64> {
    let list: Value = serde_json::from_str(&get(&format!("{alb}/mysfits")).await).unwrap();
    let mut likes = BTreeMap::new();
    for mysfit in list["mysfits"].as_array().unwrap() {
        let id = mysfit["mysfitId"].as_str().unwrap();
        let profile = get(&format!("{alb}/mysfits/{id}")).await;
        let profile: Value = serde_json::from_str(&profile).unwrap();
        let count = profile["likes"].as_str().unwrap().parse().unwrap();
        likes.insert(id.to_owned(), count);
    }
    likes
}

#[tokio::test]
async fn likes_go_to_all_mysfits_of_the_running_lab_in_turn() {
    let lab = Lab::start_with(PATIENT, &["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let port = aws_port(&endpoints);
    let (code, summary) = summary(&[&port[..], &["--rate", "50", "--duration", "1s"]].concat());
    assert_eq!(code, Some(0), "{summary}");
    assert_eq!(summary["statuses"], json!({ "200": 50 }), "{summary}");
    assert_eq!(summary["failed"], 0, "{summary}");
    let mut likes: Vec<_> = likes_by_mysfit(&endpoints.alb)
        .await
        .into_values()
        .collect();
    likes.sort_unstable();
    assert_eq!(likes, [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5]);
}

#[tokio::test]
async fn the_load_of_the_site_reads_the_list_and_the_profiles() {
    let lab = Lab::start_with(PATIENT, &["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let run = [
        "--path",
        "site",
        "--rate",
        "26",
        "--duration",
        "1s",
        "--alb",
        &endpoints.alb,
    ];
    let (code, summary) = summary(&run);
    assert_eq!(code, Some(0), "{summary}");
    assert_eq!(summary["statuses"], json!({ "200": 26 }), "{summary}");
    assert!(
        likes_by_mysfit(&endpoints.alb)
            .await
            .into_values()
            .all(|likes| likes == 0)
    );
    let log = get(&format!("{}/logs/load-balancer", endpoints.site)).await;
    assert!(log.contains("\"lab-load\""), "{log}");
}

/// Runs only if siege is installed. `./script/test` installs it on Debian.
#[tokio::test]
async fn each_user_of_siege_likes_the_mysfits_of_the_target_file_in_turn() {
    let lab = Lab::start_with(PATIENT, &["--chaos", "off"]);
    let alb = lab.endpoints().alb;
    let home = Directory::new();
    let mut siege = Command::new("siege");
    // On its first run, siege writes its configuration to the home directory.
    siege.arg("--version").env("HOME", home.path(""));
    if siege.output().is_err() {
        eprintln!("skipped: siege is not installed");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../loadtest/siege.sh");
    let output = Command::new(script)
        .args(["--concurrent=2", "--reps=12", "--benchmark", "--quiet"])
        .envs([("ALB", &alb)])
        .env("HOME", home.path(""))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let likes: Vec<_> = likes_by_mysfit(&alb).await.into_values().collect();
    assert_eq!(likes, [2; 12], "{output:?}");
}

/// Runs `load` against a lab with faults, and checks whether it warns. The run has one request, because faults burn CPU time.
fn assert_warns_of_faults(lab: &Lab, path: &str, warns: bool) {
    let endpoints = lab.endpoints();
    let run = ["--rate", "10000", "--duration", "0.1ms", "--path", path];
    let output = load(&[&aws_port(&endpoints)[..], &run, &["--json"]].concat());
    let (code, summary) = parse(&output);
    assert_eq!(
        (code, &summary["requests"]),
        (Some(0), &json!(1)),
        "{summary}"
    );
    let printed = String::from_utf8(output.stderr).unwrap();
    let warnings = summary["warnings"].as_array().unwrap();
    for text in ["--chaos off", "10000 likes per second"] {
        assert_eq!(printed.contains(text), warns, "{path}: {printed}");
        let contains = |warning: &Value| warning.as_str().unwrap().contains(text);
        assert_eq!(warnings.iter().any(contains), warns, "{path}: {summary}");
    }
}

fn start_with_faults(like_in: &str) -> Lab {
    let variables = [("CHAOS_STRESS_CPU_MS", "10-20")];
    Lab::start_with(&variables, &["--chaos", "on", "--like-in", like_in])
}

#[test]
fn likes_with_faults_that_need_more_processors_than_the_machine_has_cause_a_warning() {
    let lab = start_with_faults("service");
    assert_warns_of_faults(&lab, "likes", true);
    assert_warns_of_faults(&lab, "site", false);
    // A warning that cannot be printed does not prevent the summary.
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let run = ["--json", "--rate", "10000", "--duration", "0.1ms"];
    let mut command = command(&[&aws_port(&lab.endpoints())[..], &run].concat());
    let (code, summary) = parse(&command.stderr(closed).output().unwrap());
    assert_eq!(code, Some(0), "{summary}");
}

#[test]
fn likes_that_go_to_the_monolith_cause_no_warning_about_faults() {
    assert_warns_of_faults(&start_with_faults("monolith"), "likes", false);
}
