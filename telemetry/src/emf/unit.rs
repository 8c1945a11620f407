//! CloudWatch's names for OpenTelemetry's units.

/// The CloudWatch unit for `unit`, which is written as UCUM has it.
///
/// An annotation such as `{request}` names what is counted, hence `Count`. `None` is CloudWatch's
/// own word for anything it has no name for; a value is never converted.
pub(super) fn of(unit: &str) -> &'static str {
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

/// As [`of`], for a counter: one without a unit counts.
pub(super) fn of_counter(unit: &str) -> &'static str {
    match unit {
        "" | "1" => "Count",
        unit => of(unit),
    }
}

#[cfg(test)]
mod tests {
    use super::{of, of_counter};

    #[test]
    fn units_get_cloudwatchs_names() {
        for (unit, name) in [
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
            assert_eq!(of(unit), name, "{unit}");
        }
    }

    #[test]
    fn a_counter_without_a_unit_counts() {
        for (unit, name) in [("", "Count"), ("1", "Count"), ("By", "Bytes")] {
            assert_eq!(of_counter(unit), name, "{unit}");
        }
    }
}
