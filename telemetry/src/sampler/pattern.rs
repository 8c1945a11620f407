//! The `*` and `?` patterns of sampling rules.

use wildmatch::WildMatch;

/// Longest pattern in characters: the maximum of X-Ray's service model for any field of a rule.
const MAX_PATTERN_CHARS: usize = 500;

/// Parses a pattern in which `*` matches any number of characters, including none, and `?` matches one
/// character. An empty pattern matches only an empty text. Letter case is ignored, as in X-Ray's own SDKs.
///
/// Returns `None` if the pattern is longer than X-Ray allows. Matching takes at most as many steps as the
/// product of the lengths of pattern and text.
pub(super) fn parse_pattern(pattern: &str) -> Option<WildMatch> {
    let is_too_long = pattern.chars().nth(MAX_PATTERN_CHARS).is_some();
    (!is_too_long).then(|| WildMatch::new_case_insensitive(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        WildMatch::new_case_insensitive(pattern).matches(text)
    }

    #[test]
    fn a_star_matches_any_text_and_a_question_mark_matches_one_character() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything", true),
            ("", "", true),
            ("", "a", false),
            ("?", "a", true),
            ("?", "", false),
            ("?", "é", true),
            ("/mysfits/*/like", "/mysfits/4e53/like", true),
            ("/mysfits/*/like", "/mysfits/4e53/adopt", false),
            ("/mysfits/*/like", "/mysfits//like", true),
            ("*.example.com", "shop.EXAMPLE.com", true),
            ("POST", "post", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("**", "ab", true),
            ("a?c*", "abc", true),
            ("like service", "like service", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_with_many_stars_is_matched_in_bounded_time() {
        assert!(!matches(&"*a".repeat(500), &"a".repeat(499)));
        let pattern = format!("{}b", "a*".repeat(500));
        assert!(!matches(&pattern, &"a".repeat(5000)));
    }

    #[test]
    fn a_pattern_of_more_than_500_characters_is_rejected() {
        assert!(parse_pattern(&"é".repeat(500)).is_some());
        assert!(parse_pattern(&"é".repeat(501)).is_none());
    }

    /// Implements the definition of pattern matching without optimization, in exponential time.
    fn matches_by_definition(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, _) => text.is_empty(),
            (Some(('*', rest)), _) => {
                (0..=text.len()).any(|skipped| matches_by_definition(rest, &text[skipped..]))
            }
            (Some((expected, pattern)), Some((actual, text))) => {
                (*expected == '?' || expected.eq_ignore_ascii_case(actual))
                    && matches_by_definition(pattern, text)
            }
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn each_pattern_matches_exactly_the_texts_that_match_by_definition(
            pattern in "[abAB?*]{0,8}", text in "[abAB]{0,10}"
        ) {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = matches_by_definition(&chars(&pattern), &chars(&text));
            prop_assert_eq!(matches(&pattern, &text), expected);
        }

        #[test]
        fn every_text_matches_itself_in_upper_case(text in "[a-zA-Z0-9/ .-]{0,40}") {
            prop_assert!(matches(&text.to_ascii_uppercase(), &text));
        }

        #[test]
        fn matching_any_text_with_any_pattern_never_panics(pattern in "\\PC{0,40}", text in "\\PC{0,80}") {
            let _ = matches(&pattern, &text);
        }
    }
}
