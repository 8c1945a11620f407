//! Which status codes pass a health check. Pure.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The codes that an Application Load Balancer accepts in a matcher.
const CODES: RangeInclusive<u16> = 200..=499;

/// Codes and ranges of codes, for example `200,301-302`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    text: String,
    ranges: Vec<RangeInclusive<u16>>,
}

impl Matcher {
    /// Whether a response with this status code passes.
    pub fn matches(&self, code: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&code))
    }
}

/// Only 200 passes.
impl Default for Matcher {
    fn default() -> Self {
        Self {
            text: "200".to_owned(),
            ranges: vec![200..=200],
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The text is not a list of codes and ranges from 200 to 499.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidMatcher;

impl FromStr for Matcher {
    type Err = InvalidMatcher;

    fn from_str(text: &str) -> Result<Self, InvalidMatcher> {
        let ranges = text.split(',').map(|part| {
            let (start, end) = part.split_once('-').unwrap_or((part, part));
            let range = code(start)?..=code(end)?;
            (!range.is_empty()).then_some(range)
        });
        Ok(Self {
            text: text.to_owned(),
            ranges: ranges.collect::<Option<_>>().ok_or(InvalidMatcher)?,
        })
    }
}

fn code(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|it| it.is_ascii_digit());
    let code = is_number.then(|| text.parse().ok())??;
    CODES.contains(&code).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_ranges_match() {
        let matcher: Matcher = "200,301-303,499".parse().unwrap();
        let matching: Vec<_> = (0..=u16::MAX)
            .filter(|code| matcher.matches(*code))
            .collect();
        assert_eq!(matching, [200, 301, 302, 303, 499]);
        assert_eq!(matcher.to_string(), "200,301-303,499");
        assert!(Matcher::default().matches(200) && !Matcher::default().matches(201));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "", "199", "500", "200,", "200-", "300-200", "+200", "200-500", "2xx", "200 ",
        ] {
            assert_eq!(text.parse::<Matcher>(), Err(InvalidMatcher), "{text}");
        }
    }
}
