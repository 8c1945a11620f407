//! Members of responses. What is absent is empty, so that a check says what it misses.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The text, or an empty one.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The members of the list, or none.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The number, or 0.
pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// The time in seconds since the Unix epoch, or 0. Version 1 of the AWS CLI prints numbers, version 2 prints RFC 3339.
pub fn time(value: &Value) -> i64 {
    let parsed = value
        .as_str()
        .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    match parsed {
        Some(time) => time.unix_timestamp(),
        None => number(value).floor() as i64,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_versions_of_the_cli_print_times_that_are_read() {
        for printed in [
            json!(1_795_762_080.25),
            json!("2026-11-27T06:48:00Z"),
            json!("2026-11-27T06:48:00.838000+00:00"),
            json!("2026-11-27T07:48:00+01:00"),
        ] {
            assert_eq!(time(&printed), 1_795_762_080, "{printed}");
        }
        assert_eq!(time(&json!(null)), 0);
    }
}
