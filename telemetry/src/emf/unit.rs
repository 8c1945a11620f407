//! Converts OpenTelemetry's units to CloudWatch's units.

/// The CloudWatch unit for a unit of OpenTelemetry, which is written in UCUM.
///
/// An annotation such as `{request}` names the counted items, so its unit is `Count`. `None` is CloudWatch's unit for
/// everything else. Values are not converted.
pub(super) fn cloudwatch_unit(unit: &str) -> &'static str {
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

/// The CloudWatch unit of a counter. A counter without a unit has `Count`.
pub(super) fn cloudwatch_counter_unit(unit: &str) -> &'static str {
    match unit {
        "" | "1" => "Count",
        unit => cloudwatch_unit(unit),
    }
}

#[cfg(test)]
mod tests {
    use super::{cloudwatch_counter_unit, cloudwatch_unit};

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
            assert_eq!(cloudwatch_unit(unit), expected, "{unit}");
        }
    }

    #[test]
    fn a_counter_without_a_unit_has_the_unit_count() {
        for (unit, expected) in [("", "Count"), ("1", "Count"), ("By", "Bytes")] {
            assert_eq!(cloudwatch_counter_unit(unit), expected, "{unit}");
        }
    }
}
