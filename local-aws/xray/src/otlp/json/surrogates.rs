//! Replaces lone surrogates in JSON's `\u` escapes.

use std::borrow::Cow;

/// Length of an escape such as `\ud83d` in bytes.
const ESCAPE_LENGTH: usize = r"\u0000".len();

/// A lone surrogate is a surrogate that is not part of a pair. The function replaces the escape of each lone
/// surrogate by the escape of the replacement character U+FFFD, because serde_json refuses lone surrogates.
/// JavaScript programs send lone surrogates, because attribute length limits count UTF-16 code units and may
/// cut a pair in two.
pub fn replace_lone_surrogates(json: &[u8]) -> Cow<'_, [u8]> {
    let mut replaced_json = Cow::Borrowed(json);
    let mut index = 0;
    while let Some(distance) = json.get(index..).and_then(find_backslash) {
        index += distance;
        let next_index = index + ESCAPE_LENGTH;
        index += match (
            parse_code_unit(json, index),
            parse_code_unit(json, next_index),
        ) {
            (None, _) => 2,
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * ESCAPE_LENGTH,
            (Some(0xd800..=0xdfff), _) => {
                replaced_json.to_mut()[index..next_index].copy_from_slice(br"\ufffd");
                ESCAPE_LENGTH
            }
            _ => ESCAPE_LENGTH,
        };
    }
    replaced_json
}

fn find_backslash(json: &[u8]) -> Option<usize> {
    json.iter().position(|byte| *byte == b'\\')
}

/// Parses the UTF-16 code unit of the `\u` escape at `index`. Returns `None` if no complete `\u` escape
/// begins at `index`.
fn parse_code_unit(json: &[u8], index: usize) -> Option<u16> {
    let digits = json
        .get(index..index + ESCAPE_LENGTH)?
        .strip_prefix(br"\u")?;
    let digits = str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}
