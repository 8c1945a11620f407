//! Container ids in the formats of Docker and Fargate.

/// Maximum length of a container id in bytes. Ids of Docker have 64 bytes, and ids of Fargate about 43 bytes.
const MAX_ID_BYTES: usize = 128;

/// A valid container id. A valid container id contains only letters, digits and hyphens, so no character
/// needs percent-encoding in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerId(String);

impl ContainerId {
    /// Parses a path segment as a container id.
    pub fn parse(segment: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let has_valid_length = (1..=MAX_ID_BYTES).contains(&segment.len());
        (has_valid_length && segment.bytes().all(is_allowed)).then(|| Self(segment.to_owned()))
    }

    /// The container id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_docker_and_of_fargate_are_accepted() {
        let docker_id = "0123456789abcdef".repeat(4);
        for id in [&docker_id, "cd189a933e5849daa93386466019ab50-2495160603"] {
            assert_eq!(ContainerId::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn an_id_with_an_invalid_character_or_an_invalid_length_is_rejected() {
        let too_long_id = "a".repeat(MAX_ID_BYTES + 1);
        for text in [
            "",
            ".",
            "..",
            "a/b",
            "a%2fb",
            "%61",
            "a b",
            "a?b",
            "é",
            &too_long_id,
        ] {
            assert_eq!(ContainerId::parse(text), None, "{text}");
        }
        assert!(ContainerId::parse(&too_long_id[1..]).is_some());
    }
}
