//! Names of segments and subsegments.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Longest name in characters of a segment.
const MAX_SEGMENT_NAME: usize = 200;

/// Longest name in characters of a subsegment.
const MAX_SUBSEGMENT_NAME: usize = 250;

/// Whether the real service accepts this name.
pub fn is_valid(name: &str, is_subsegment: bool) -> bool {
    let most = match is_subsegment {
        true => MAX_SUBSEGMENT_NAME,
        false => MAX_SEGMENT_NAME,
    };
    (1..=most).contains(&name.chars().count()) && name.chars().all(is_permitted)
}

/// Letters, numbers and separators as Unicode's general categories have them, and the guide's symbols. Tabs and line
/// breaks are none.
pub fn is_permitted(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || " _.:/%&#=+\\-@".contains(c);
    }
    use GeneralCategory::{
        DecimalNumber, LetterNumber, LineSeparator, LowercaseLetter, ModifierLetter, OtherLetter,
        OtherNumber, ParagraphSeparator, SpaceSeparator, TitlecaseLetter, UppercaseLetter,
    };
    matches!(
        get_general_category(c),
        UppercaseLetter
            | LowercaseLetter
            | TitlecaseLetter
            | ModifierLetter
            | OtherLetter
            | DecimalNumber
            | LetterNumber
            | OtherNumber
            | SpaceSeparator
            | LineSeparator
            | ParagraphSeparator
    )
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn letters_numbers_and_spaces_of_all_scripts_are_permitted() {
        for name in [
            "caf\u{e9}",
            "\u{4e16}\u{754c}",
            "\u{0967}",
            "a\u{a0}b",
            "\u{3000}",
            "\u{2167}",
            "x\u{b2}",
        ] {
            assert!(is_valid(name, false), "{name:?}");
        }
        // A combining accent, an emoji, a dash, quotation marks, a control character.
        for name in [
            "e\u{301}",
            "\u{1f600}",
            "\u{2013}",
            "\u{201c}x\u{201d}",
            "a\u{85}b",
            "a\nb",
            "a\0",
        ] {
            assert!(!is_valid(name, false), "{name:?}");
        }
    }
}
