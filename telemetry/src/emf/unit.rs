//! Converts OpenTelemetry's units to CloudWatch's units.

/// Returns the CloudWatch unit for an OpenTelemetry unit. OpenTelemetry writes units in UCUM notation.
///
/// A UCUM annotation such as `{request}` names the counted items and becomes `Count`. Every unit without a
/// CloudWatch counterpart becomes `None`. Measured values are not converted.
pub(super) fn to_cloudwatch_unit(unit: &str) -> &'static str {
    match unit {
        "s" => "Seconds",
        "ms" => "Milliseconds",
        "us" => "Microseconds",
        "By" => "Bytes",
        "bit" => "Bits",
        "%" => "Percent",
        "By/s" => "Bytes/Second",
        _ if unit.starts_with('{') && unit.ends_with('}') => "Count",
        _ => "None",
    }
}

/// Returns the CloudWatch unit of a counter. A counter without a unit has the unit `Count`.
pub(super) fn to_cloudwatch_counter_unit(unit: &str) -> &'static str {
    match unit {
        "" | "1" => "Count",
        unit => to_cloudwatch_unit(unit),
    }
}

#[cfg(test)]
mod tests {
    use super::{to_cloudwatch_counter_unit, to_cloudwatch_unit};

    #[test]
    fn ucum_units_become_cloudwatch_units() {
        for (unit, expected) in [
            ("s", "Seconds"),
            ("ms", "Milliseconds"),
            ("us", "Microseconds"),
            ("By", "Bytes"),
            ("bit", "Bits"),
            ("%", "Percent"),
            ("By/s", "Bytes/Second"),
            ("{request}", "Count"),
            ("{request", "None"),
            ("1", "None"),
            ("", "None"),
        ] {
            assert_eq!(to_cloudwatch_unit(unit), expected, "{unit}");
        }
    }

    #[test]
    fn a_counter_without_a_unit_has_the_unit_count() {
        for (unit, expected) in [("", "Count"), ("1", "Count"), ("By", "Bytes")] {
            assert_eq!(to_cloudwatch_counter_unit(unit), expected, "{unit}");
        }
    }
}
