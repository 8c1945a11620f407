use serde_json::{Value, json};

use crate::database::Database;
use crate::start_over;

/// What a monolith logs at this level for a list with one odd item in it.
async fn lines_at(level: &str, more: &[(&str, &str)]) -> Vec<String> {
    let database = Database::start().await;
    database.put(json!({"MysfitId": {"S": "half"}}));
    let mut variables = vec![("LOGLEVEL", level)];
    variables.extend(more);
    let monolith = start_over(database.address, &variables);
    reqwest::get(monolith.url("/mysfits")).await.unwrap();
    let (status, lines) = monolith.stop();
    assert!(status.success());
    lines
}

fn has(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

#[tokio::test]
async fn access_lines_are_seen_at_every_level_and_others_at_theirs() {
    for (level, info, warn) in [
        ("DEBUG", true, true),
        ("info", true, true),
        ("WARN", false, true),
        ("Warning", false, true),
        ("ERROR", false, false),
        ("CRITICAL", false, false),
    ] {
        let lines = lines_at(level, &[]).await;
        assert!(has(&lines, r#""target":"access""#), "{level}");
        assert_eq!(has(&lines, "is listening"), info, "{level}");
        assert_eq!(has(&lines, "not a mysfit"), warn, "{level}");
    }
}

#[tokio::test]
async fn access_lines_can_be_switched_off() {
    let lines = lines_at("INFO", &[("ACCESS_LOG", "off")]).await;
    assert!(!has(&lines, r#""target":"access""#));
    assert!(has(&lines, "is listening"));
}

#[tokio::test]
async fn every_line_is_a_json_object_by_default() {
    for line in lines_at("DEBUG", &[]).await {
        let line: Value = serde_json::from_str(&line).unwrap();
        for key in ["timestamp", "level", "target", "message"] {
            assert!(line[key].is_string(), "{line}");
        }
    }
}

#[tokio::test]
async fn lines_are_text_for_people_on_demand() {
    let lines = lines_at("INFO", &[("LOG_FORMAT", "text")]).await;
    assert!(has(&lines, "access"));
    assert!(lines.iter().all(|line| !line.starts_with('{')));
}
