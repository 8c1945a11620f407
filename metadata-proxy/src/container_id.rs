//! Container ids, as Docker and Fargate assign them.

/// Maximum length of an id in bytes. Docker's ids have 64 bytes, those of Fargate about 43.
const MAX_ID_BYTES: usize = 128;

/// A valid container id: letters, digits and hyphens, which need no encoding in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerId(String);

impl ContainerId {
    /// Parses a path segment.
    pub fn parse(segment: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let has_valid_length = (1..=MAX_ID_BYTES).contains(&segment.len());
        (has_valid_length && segment.bytes().all(is_allowed)).then(|| Self(segment.to_owned()))
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
    fn ids_of_docker_and_of_fargate_are_accepted() {
        let docker = "0123456789abcdef".repeat(4);
        for id in [&docker, "cd189a933e5849daa93386466019ab50-2495160603"] {
            assert_eq!(ContainerId::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn other_characters_and_longer_ids_are_rejected() {
        let too_long = "a".repeat(MAX_ID_BYTES + 1);
        for text in [
            "", ".", "..", "a/b", "a%2fb", "%61", "a b", "a?b", "é", &too_long,
        ] {
            assert_eq!(ContainerId::parse(text), None, "{text}");
        }
        assert!(ContainerId::parse(&too_long[1..]).is_some());
    }
}
