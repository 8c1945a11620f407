//! The id of a container, as Docker and Fargate give them.

/// Longest id in characters; Docker's have 64, Fargate's some 43.
const MAX_LENGTH: usize = 128;

/// An id that a container may have: letters, digits and hyphens, so that it has one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerId(String);

impl ContainerId {
    /// Reads a segment of a path.
    pub fn parse(segment: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let fits = (1..=MAX_LENGTH).contains(&segment.len());
        (fits && segment.bytes().all(plain)).then(|| Self(segment.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_docker_and_of_fargate_are_ids() {
        let docker = "0123456789abcdef".repeat(4);
        for id in [&docker, "cd189a933e5849daa93386466019ab50-2495160603"] {
            assert_eq!(ContainerId::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn what_has_two_spellings_or_no_end_is_no_id() {
        let long = "a".repeat(MAX_LENGTH + 1);
        for text in [
            "", ".", "..", "a/b", "a%2fb", "%61", "a b", "a?b", "é", &long,
        ] {
            assert_eq!(ContainerId::parse(text), None, "{text}");
        }
        assert!(ContainerId::parse(&long[1..]).is_some());
    }
}
