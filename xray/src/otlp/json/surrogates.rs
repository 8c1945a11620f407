//! Halves of surrogate pairs in JSON's escapes.

use std::borrow::Cow;

const LENGTH: usize = r"\u0000".len();

/// Replaces each `\ud800` to `\udfff` that is not part of a pair by the replacement character. JavaScript writes such
/// escapes for a text that was cut within a pair, and serde_json refuses them.
pub fn repair(json: &[u8]) -> Cow<'_, [u8]> {
    let mut repaired = Cow::Borrowed(json);
    let mut at = 0;
    while let Some(skipped) = json.get(at..).and_then(next_escape) {
        at += skipped;
        at += match (code_unit(json, at), code_unit(json, at + LENGTH)) {
            (None, _) => 2,
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * LENGTH,
            (Some(0xd800..=0xdfff), _) => {
                repaired.to_mut()[at..at + LENGTH].copy_from_slice(br"\ufffd");
                LENGTH
            }
            _ => LENGTH,
        };
    }
    repaired
}

fn next_escape(json: &[u8]) -> Option<usize> {
    json.iter().position(|byte| *byte == b'\\')
}

/// The code unit of the escape at this place.
fn code_unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + LENGTH)?.strip_prefix(br"\u")?;
    let digits = str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}
