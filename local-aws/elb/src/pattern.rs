//! Path patterns of listener rules.

use std::fmt;

use wildmatch::WildMatch;

/// A pattern that matches the whole path of a request. `*` matches any text, slashes included, and `?` matches
/// one character. Letter case matters.
///
/// The pattern is compared with the encoded path, without the query. Matching takes at most as many steps as the
/// product of the lengths of pattern and path.
#[derive(Clone, Debug, PartialEq)]
pub struct PathPattern {
    text: String,
    wildcards: WildMatch,
}

impl PathPattern {
    /// Parses a pattern. Every text is a valid pattern.
    pub fn new(pattern: &str) -> Self {
        Self {
            text: pattern.to_owned(),
            wildcards: WildMatch::new(pattern),
        }
    }

    /// Whether the pattern matches the whole of `path`.
    pub fn matches(&self, path: &str) -> bool {
        self.wildcards.matches(path)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rule_of_the_like_service_matches_the_paths_that_an_alb_matches() {
        let rule = PathPattern::new("/mysfits/*/like");
        for path in [
            "/mysfits/4e53920c/like",
            "/mysfits//like",
            "/mysfits/a/b/like",
            "/mysfits/a%2Fb/like",
            "/mysfits/a/like/like",
        ] {
            assert!(rule.matches(path), "{path}");
        }
        for path in [
            "/mysfits",
            "/mysfits/like",
            "/mysfits/a/likes",
            "/mysfits/a/like/",
            "/mysfits/a/Like",
            "/Mysfits/a/like",
            "/mysfits/a/fulfill-like",
            "/mysfits/a/%6Cike",
            "/x/mysfits/a/like",
        ] {
            assert!(!rule.matches(path), "{path}");
        }
    }

    #[test]
    fn a_question_mark_matches_exactly_one_character() {
        let pattern = PathPattern::new("/a?c");
        assert!(pattern.matches("/abc") && pattern.matches("/a/c"));
        assert!(!pattern.matches("/ac") && !pattern.matches("/abbc"));
    }

    #[test]
    fn a_pattern_with_many_stars_is_matched_with_a_long_path_in_bounded_time() {
        let pattern = PathPattern::new("*a*a*a*a*a*a*a*a*b");
        assert!(!pattern.matches(&"a".repeat(60_000)));
    }

    proptest! {
        #[test]
        fn no_pattern_and_no_path_causes_a_panic(pattern in "\\PC{0,30}", path in "\\PC{0,60}") {
            let _ = PathPattern::new(&pattern).matches(&path);
        }
    }
}
