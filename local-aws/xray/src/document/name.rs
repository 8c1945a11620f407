//! Names of segments and subsegments.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Maximum length of a segment's name in characters.
const MAX_SEGMENT_NAME_CHARS: usize = 200;

/// Maximum length of a subsegment's name in characters.
const MAX_SUBSEGMENT_NAME_CHARS: usize = 250;

/// Whether X-Ray accepts the name `name`.
pub fn is_valid_name(name: &str, is_subsegment: bool) -> bool {
    let max_chars = if is_subsegment {
        MAX_SUBSEGMENT_NAME_CHARS
    } else {
        MAX_SEGMENT_NAME_CHARS
    };
    (1..=max_chars).contains(&name.chars().count()) && name.chars().all(is_permitted_in_name)
}

/// Whether X-Ray permits the character in a name. X-Ray permits the letters, numbers and separators of
/// Unicode's general categories, and the symbols that the developer guide lists. Tabs and line breaks are not
/// permitted.
pub fn is_permitted_in_name(c: char) -> bool {
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
    use super::is_valid_name;

    #[test]
    fn a_name_consists_of_letters_numbers_and_spaces_of_any_script() {
        for name in [
            "caf\u{e9}",
            "\u{4e16}\u{754c}",
            "\u{0967}",
            "a\u{a0}b",
            "\u{3000}",
            "\u{2167}",
            "x\u{b2}",
        ] {
            assert!(is_valid_name(name, false), "{name:?}");
        }
        // The invalid names contain a combining accent, an emoji, a dash, quotation marks, or control
        // characters.
        for name in [
            "e\u{301}",
            "\u{1f600}",
            "\u{2013}",
            "\u{201c}x\u{201d}",
            "a\u{85}b",
            "a\nb",
            "a\0",
        ] {
            assert!(!is_valid_name(name, false), "{name:?}");
        }
    }
}
