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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_type_is_converted_to_the_same_number() {
        assert_eq!(
            (2.5_f64.to_f64(), 2.5_f64.to_json()),
            (2.5, Some(2.5.into()))
        );
        assert_eq!((7_u64.to_f64(), 7_u64.to_json()), (7.0, Some(7.into())));
        assert_eq!((-7_i64).to_f64(), -7.0);
        assert_eq!((-7_i64).to_json(), Some((-7).into()));
        assert_eq!(f64::NAN.to_json(), None);
    }
}
