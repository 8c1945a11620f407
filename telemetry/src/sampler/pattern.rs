//! The patterns of sampling rules: `*` stands for any text, `?` for one character. Upper and lower case
//! are the same, as in X-Ray's own SDKs.

/// A pattern, ready to be matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<char>);

impl Pattern {
    pub fn new(text: &str) -> Self {
        Self(text.chars().map(folded).collect())
    }

    /// Whether the pattern matches the whole of `text`. Takes at most as many steps as the product of
    /// both lengths.
    pub fn matches(&self, text: &str) -> bool {
        let pattern = &self.0;
        if *pattern == ['*'] {
            return true;
        }
        let mut rest = text.chars();
        let mut at = 0;
        // The last `*`, and the text from where it ends. If what follows does not match, the `*` takes
        // one more character.
        let mut star = None;
        loop {
            let before = rest.clone();
            let next = rest.next();
            match (pattern.get(at), next) {
                (Some('*'), _) => {
                    star = Some((at, before.clone()));
                    rest = before;
                    at += 1;
                }
                (Some('?'), Some(_)) => at += 1,
                (Some(wanted), Some(got)) if *wanted == folded(got) => at += 1,
                (None, None) => return true,
                _ => {
                    let Some((place, mut taken)) = star else {
                        return false;
                    };
                    if taken.next().is_none() {
                        return false;
                    }
                    star = Some((place, taken.clone()));
                    rest = taken;
                    at = place + 1;
                }
            }
        }
    }
}

/// The character in lower case, where that is one character.
fn folded(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_matches_any_text_and_a_question_mark_one_character() {
        for (pattern, text, fits) in [
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
            assert_eq!(
                Pattern::new(pattern).matches(text),
                fits,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_pattern_with_many_stars_is_matched_in_bounded_time() {
        let pattern = Pattern::new(&"*a".repeat(500));
        assert!(!pattern.matches(&"a".repeat(499)));
        assert!(!Pattern::new(&format!("{}b", "a*".repeat(500))).matches(&"a".repeat(5000)));
    }

    /// The definition, as slow as it is plain.
    fn fits(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, _) => text.is_empty(),
            (Some('*'), _) => (0..=text.len()).any(|taken| fits(&pattern[1..], &text[taken..])),
            (Some('?'), Some(_)) => fits(&pattern[1..], &text[1..]),
            (Some(wanted), Some(got)) => wanted == got && fits(&pattern[1..], &text[1..]),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_they_are_defined(pattern in "[ab?*]{0,8}", text in "[ab]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = fits(&chars(&pattern), &chars(&text));
            prop_assert_eq!(Pattern::new(&pattern).matches(&text), expected);
        }

        #[test]
        fn every_text_matches_itself_in_any_case_of_ascii(text in "[a-zA-Z0-9/ .-]{0,40}") {
            prop_assert!(Pattern::new(&text.to_ascii_uppercase()).matches(&text));
        }

        #[test]
        fn no_pattern_and_text_make_it_panic(pattern in "\\PC{0,40}", text in "\\PC{0,80}") {
            let _ = Pattern::new(&pattern).matches(&text);
        }
    }
}
