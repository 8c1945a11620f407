//! The number types of instruments.

use serde_json::Value;

/// A recorded number.
pub(super) trait Number: Copy {
    /// Converts the number to JSON. Returns `None` for NaN and infinity, because JSON numbers are finite.
    fn to_json(self) -> Option<Value>;

    /// Converts the number to the nearest `f64`.
    fn to_f64(self) -> f64;
}

impl Number for f64 {
    fn to_json(self) -> Option<Value> {
        serde_json::Number::from_f64(self).map(Value::Number)
    }

    fn to_f64(self) -> f64 {
        self
    }
}

impl Number for u64 {
    fn to_json(self) -> Option<Value> {
        Some(self.into())
    }

    fn to_f64(self) -> f64 {
        self as f64
    }
}

impl Number for i64 {
    fn to_json(self) -> Option<Value> {
        Some(self.into())
    }

    fn to_f64(self) -> f64 {
        self as f64
    }
}
