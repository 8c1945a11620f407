//! Ids of traces and segments.

use std::fmt;
use std::str::FromStr;

use crate::time::Time;

/// A trace id such as `1-5759e988-bd862e3fe1be46a994272793`: the version 1, the start time in seconds since 1970 as
/// 8 hexadecimal digits, and 96 random bits as 24 digits. `FromStr` accepts digits in upper and lower
/// case, and `Display` writes lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(u128);

impl TraceId {
    /// The smallest id.
    pub const MIN: Self = Self(0);

    /// Converts the id of an OpenTelemetry trace. Returns `None` if the length of `bytes` is not 16, or if
    /// all bytes are zero.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let number = u128::from_be_bytes(bytes.try_into().ok()?);
        (number != 0).then_some(Self(number))
    }

    /// Returns the start time that the trace id contains.
    pub fn start_time(self) -> Time {
        Time::from_seconds((self.0 >> 96) as u32)
    }

    /// Returns a number in [0, 1) that depends only on the trace id. The numbers of different trace ids are
    /// uniformly distributed.
    pub fn sampling_fraction(self) -> f64 {
        f64::from(mix_bits(self.0 as u64) as u32) / (f64::from(u32::MAX) + 1.0)
    }
}

impl FromStr for TraceId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = text.as_bytes();
        if bytes.len() != 35 || &bytes[..2] != b"1-" || bytes[10] != b'-' {
            return Err(());
        }
        let seconds = parse_hex_digits(&bytes[2..10]).ok_or(())?;
        let random_bits = parse_hex_digits(&bytes[11..]).ok_or(())?;
        Ok(Self(seconds << 96 | random_bits))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let random_bits = self.0 & (u128::MAX >> 32);
        write!(f, "1-{:08x}-{random_bits:024x}", (self.0 >> 96) as u32)
    }
}

/// The id of a segment or subsegment: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(u64);

impl SegmentId {
    /// Converts the id of an OpenTelemetry span. Returns `None` if the length of `bytes` is not 8, or if all
    /// bytes are zero.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let number = u64::from_be_bytes(bytes.try_into().ok()?);
        (number != 0).then_some(Self(number))
    }

    /// Derives a new id from `self`. For example, the store uses the derived id of a subsegment for the
    /// segment that is inferred from the subsegment. Equal ids result in equal derived ids, and different ids
    /// result in different derived ids.
    pub fn derived_id(self) -> Self {
        Self(mix_bits(self.0))
    }
}

impl FromStr for SegmentId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.len() {
            16 => parse_hex_digits(text.as_bytes())
                .map(|id| Self(id as u64))
                .ok_or(()),
            _ => Err(()),
        }
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Parses at most 32 hexadecimal digits. The function does not call `u128::from_str_radix`, because
/// `u128::from_str_radix` also accepts a sign.
fn parse_hex_digits(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(number << 4 | u128::from(digit))
    })
}

/// Applies the finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators).
/// The function maps different inputs to different outputs.
fn mix_bits(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parsed_trace_id_is_displayed_as_the_same_text() {
        let text = "1-5759e988-bd862e3fe1be46a994272793";
        let id: TraceId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(id.start_time(), Time::from_seconds(0x5759_e988));
        assert_eq!(text.to_uppercase().parse(), Ok(id));
    }

    #[test]
    fn a_trace_id_with_a_wrong_length_version_separator_or_digit_is_refused() {
        for text in [
            "",
            "1-5759e988-bd862e3fe1be46a99427279",
            "1-5759e988-bd862e3fe1be46a9942727933",
            "2-5759e988-bd862e3fe1be46a994272793",
            "1-5759e98g-bd862e3fe1be46a994272793",
            "1-+759e988-bd862e3fe1be46a994272793",
            "1-5759e988bbd862e3fe1be46a994272793",
            "1-5759e988-bd862e3fe1be46a99427279é",
        ] {
            assert!(text.parse::<TraceId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_segment_id_has_exactly_sixteen_hexadecimal_digits() {
        let id: SegmentId = "00f067aa0ba902b7".parse().unwrap();
        assert_eq!(id.to_string(), "00f067aa0ba902b7");
        for text in [
            "",
            "f067aa0ba902b7",
            "00f067aa0ba902b70",
            "00f067aa0ba902bg",
        ] {
            assert!(text.parse::<SegmentId>().is_err(), "{text}");
        }
    }
}
