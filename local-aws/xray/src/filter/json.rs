//! Patterns of `rootcause.json`. A pattern is a JSON object in the format of a root cause in a trace summary.
//! A pattern can omit members of the root cause.
//!
//! Each pattern must match a root cause of the trace. Each member of a pattern must have the same value in
//! the root cause. Members that are not in the pattern can have any value. An array in a pattern matches an
//! array of the same length whose elements match one by one.

use serde_json::Value;

/// Whether the JSON is a non-empty array of objects.
pub fn is_pattern_array(json: &Value) -> bool {
    let patterns = json.as_array();
    patterns.is_some_and(|patterns| !patterns.is_empty() && patterns.iter().all(Value::is_object))
}

/// Whether each pattern matches one of the root causes.
pub fn all_patterns_match(patterns: &Value, causes: &[Value]) -> bool {
    let mut patterns = patterns.as_array().into_iter().flatten();
    patterns.all(|pattern| causes.iter().any(|cause| matches_pattern(pattern, cause)))
}

fn matches_pattern(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Object(pattern), Value::Object(value)) => pattern
            .iter()
            .all(|(key, pattern)| matches_pattern(pattern, value.get(key).unwrap_or(&Value::Null))),
        (Value::Array(pattern), Value::Array(value)) => {
            pattern.len() == value.len()
                && pattern
                    .iter()
                    .zip(value)
                    .all(|(pattern, value)| matches_pattern(pattern, value))
        }
        (Value::Number(pattern), Value::Number(value)) => pattern.as_f64() == value.as_f64(),
        _ => pattern == value,
    }
}
