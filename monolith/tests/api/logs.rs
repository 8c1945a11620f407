use serde_json::{Value, json};

use crate::database::Database;
use crate::start_with_dynamodb_at;

/// Starts a monolith with the log level `level`, and requests a list that contains one invalid item.
/// Returns the log lines.
async fn log_lines_at(level: &str, more: &[(&str, &str)]) -> Vec<String> {
    let database = Database::start().await;
    database.put_item(json!({"MysfitId": {"S": "invalid"}}));
    let mut variables = vec![("LOGLEVEL", level)];
    variables.extend(more);
    let monolith = start_with_dynamodb_at(database.address, &variables);
    reqwest::get(monolith.url("/mysfits")).await.unwrap();
    let (status, lines) = monolith.stop();
    assert!(status.success());
    lines
}

fn contains_line(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

#[tokio::test]
async fn access_lines_are_logged_at_every_level_and_other_lines_by_their_level() {
    for (level, info, warn) in [
        ("DEBUG", true, true),
        ("info", true, true),
        ("WARN", false, true),
        ("Warning", false, true),
        ("ERROR", false, false),
        ("CRITICAL", false, false),
    ] {
        let lines = log_lines_at(level, &[]).await;
        assert!(contains_line(&lines, r#""target":"access""#), "{level}");
        assert_eq!(contains_line(&lines, "is listening"), info, "{level}");
        assert_eq!(contains_line(&lines, "not a mysfit"), warn, "{level}");
    }
}

#[tokio::test]
async fn access_log_off_disables_access_lines() {
    let lines = log_lines_at("INFO", &[("ACCESS_LOG", "off")]).await;
    assert!(!contains_line(&lines, r#""target":"access""#));
    assert!(contains_line(&lines, "is listening"));
}

#[tokio::test]
async fn every_line_is_a_json_object_by_default() {
    for line in log_lines_at("DEBUG", &[]).await {
        let line: Value = serde_json::from_str(&line).unwrap();
        for key in ["timestamp", "level", "target", "message"] {
            assert!(line[key].is_string(), "{line}");
        }
    }
}

#[tokio::test]
async fn log_format_text_logs_plain_text() {
    let lines = log_lines_at("INFO", &[("LOG_FORMAT", "text")]).await;
    assert!(contains_line(&lines, "access"));
    assert!(lines.iter().all(|line| !line.starts_with('{')));
}
