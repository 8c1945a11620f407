//! `rootcause.json`: root causes that look like a pattern, a trace summary's own JSON with parts left out.
//!
//! Each object of the array must be found among the root causes of the trace. What a pattern says must be
//! exactly so; what it leaves out may be anything. Lists are of the same length, element by element.

use serde_json::Value;

/// Whether it can be compared with root causes.
pub fn is_pattern(json: &Value) -> bool {
    let causes = json.as_array();
    causes.is_some_and(|causes| !causes.is_empty() && causes.iter().all(Value::is_object))
}

/// Whether each pattern is found among `causes`.
pub fn finds(patterns: &Value, causes: &[Value]) -> bool {
    let mut patterns = patterns.as_array().into_iter().flatten();
    patterns.all(|pattern| causes.iter().any(|cause| fits(pattern, cause)))
}

fn fits(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Object(pattern), Value::Object(value)) => pattern
            .iter()
            .all(|(key, pattern)| fits(pattern, value.get(key).unwrap_or(&Value::Null))),
        (Value::Array(pattern), Value::Array(value)) => {
            pattern.len() == value.len()
                && pattern
                    .iter()
                    .zip(value)
                    .all(|(pattern, value)| fits(pattern, value))
        }
        (Value::Number(pattern), Value::Number(value)) => pattern.as_f64() == value.as_f64(),
        _ => pattern == value,
    }
}
