//! Path patterns of listener rules.

use std::fmt;

/// A pattern over the path of a request, as an ALB has it: `*` is any number of any characters, a
/// slash too; `?` is one character; everything else is itself, case included.
///
/// It looks at the path as it was sent, encoded, and never at the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(String);

impl PathPattern {
    /// A pattern; every text is one.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Whether `path` is one of its paths.
    pub fn matches(&self, path: &str) -> bool {
        matches(self.0.as_bytes(), path.as_bytes())
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Greedy with one point of return, the last star: at worst pattern times path steps, so that no
/// path can hold up the load balancer.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last_star = None;
    while t < path.len() {
        match pattern.get(p) {
            Some(b'*') => {
                last_star = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(byte) if *byte == path[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((after_star, from)) = last_star else {
                    return false;
                };
                // Let the star have one character more and try again behind it.
                last_star = Some((after_star, from + 1));
                (p, t) = (after_star, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, as slow as it is plain.
    fn by_definition(pattern: &[u8], path: &[u8]) -> bool {
        match pattern.split_first() {
            None => path.is_empty(),
            Some((b'*', rest)) => (0..=path.len()).any(|skip| by_definition(rest, &path[skip..])),
            Some((b'?', rest)) => !path.is_empty() && by_definition(rest, &path[1..]),
            Some((byte, rest)) => path.first() == Some(byte) && by_definition(rest, &path[1..]),
        }
    }

    #[test]
    fn the_workshops_rule_is_read_as_an_alb_reads_it() {
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
    fn a_question_mark_is_exactly_one_character() {
        let pattern = PathPattern::new("/a?c");
        assert!(pattern.matches("/abc") && pattern.matches("/a/c"));
        assert!(!pattern.matches("/ac") && !pattern.matches("/abbc"));
    }

    #[test]
    fn many_stars_on_a_long_path_are_no_burden() {
        let pattern = PathPattern::new("*a*a*a*a*a*a*a*a*b");
        assert!(!pattern.matches(&"a".repeat(60_000)));
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(
            pattern in "[ab/*?]{0,8}", path in "[ab/]{0,10}"
        ) {
            let wanted = by_definition(pattern.as_bytes(), path.as_bytes());
            prop_assert_eq!(PathPattern::new(pattern).matches(&path), wanted);
        }

        #[test]
        fn no_text_makes_it_panic(pattern in "\\PC{0,30}", path in "\\PC{0,60}") {
            let _ = PathPattern::new(pattern).matches(&path);
        }
    }
}
