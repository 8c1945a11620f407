//! Times and numbers for people and programs.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time in UTC, from Unix seconds. Parts of a second are cut off.
pub fn rfc3339(unix_seconds: f64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(unix_seconds.floor() as i64);
    let text = time.ok().and_then(|time| time.format(&Rfc3339).ok());
    text.unwrap_or_else(|| format!("{unix_seconds} s after 1970"))
}

/// A number and a noun in the singular or plural.
pub fn counted(count: u64, one: &str, more: &str) -> String {
    let noun = if count == 1 { one } else { more };
    format!("{count} {noun}")
}
