//! Durations and shares, as the command line and the summary write them.

use std::time::Duration;

/// Units with their lengths in seconds. A longer name comes before a name with which it begins.
const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// Longest duration, in seconds: one day.
const MAX_SECONDS: f64 = 86_400.0;

/// Parses numbers with units, for example `500ms`, `30s`, `2m`, `1m30s` or `1.5h`. The duration is at most one day.
///
/// # Errors
///
/// The message names the expected form.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let seconds = parse_seconds(text).filter(|seconds| *seconds <= MAX_SECONDS);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration
        .ok_or_else(|| "expected a duration of at most a day, like 500ms, 30s or 1m30s".to_owned())
}

fn parse_seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut seconds = 0.0;
    loop {
        let end = rest.find(|char: char| char != '.' && !char.is_ascii_digit())?;
        let (number, from_unit) = rest.split_at(end);
        let number: f64 = number.parse().ok()?;
        let mut units = UNITS.into_iter();
        let (unit, length) = units.find(|(unit, _)| from_unit.starts_with(unit))?;
        seconds += number * length;
        rest = from_unit.get(unit.len()..)?;
        if rest.is_empty() {
            return Some(seconds);
        }
    }
}

/// Parses a share in percent, for example `1%` or `0.5`. Returns a share from 0 to 1.
///
/// # Errors
///
/// The message names the expected form.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    let percent: Option<f64> = number.parse().ok();
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
    percent
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "expected a share from 0% to 100%, like 1%".to_owned())
}

/// Writes milliseconds with three significant digits, for example `850 µs`, `12.3 ms` or `1.50 s`.
pub fn format_ms(ms: f64) -> String {
    let (value, unit) = match ms {
        ms if ms < 1.0 => return format!("{:.0} µs", ms * 1000.0),
        ms if ms < 1000.0 => (ms, "ms"),
        ms => (ms / 1000.0, "s"),
    };
    let decimals = match value {
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

/// Writes a share in percent with two decimals, for example `1.33 %`.
pub fn format_share(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("2m", 120_000),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("24h", 86_400_000),
            ("0s", 0),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(ms)),
                "{text}"
            );
        }
        for text in [
            "", "30", "s", "1d", "-1s", "25h", "1.2.3s", "1s2", "1 s", "1e3s", "١s",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_percentages() {
        assert_eq!(parse_share("1%"), Ok(0.01));
        assert_eq!(parse_share("0.5 %"), Ok(0.005));
        assert_eq!(parse_share("100"), Ok(1.0));
        for text in ["", "%", "-1%", "101%", "NaN", "1%%", "all"] {
            assert!(parse_share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn latencies_have_three_significant_digits() {
        for (ms, text) in [
            (0.85, "850 µs"),
            (1.0, "1.00 ms"),
            (12.34, "12.3 ms"),
            (123.4, "123 ms"),
            (1500.0, "1.50 s"),
            (12_345.0, "12.3 s"),
        ] {
            assert_eq!(format_ms(ms), text);
        }
    }

    proptest! {
        #[test]
        fn parsers_accept_any_text(text: String) {
            let _ = parse_duration(&text);
            let _ = parse_share(&text);
        }

        #[test]
        fn a_duration_in_milliseconds_is_parsed_exactly(ms in 0..=86_400_000_u64) {
            prop_assert_eq!(parse_duration(&format!("{ms}ms")), Ok(Duration::from_millis(ms)));
        }
    }
}
