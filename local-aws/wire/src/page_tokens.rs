//! Page tokens: texts such as `NextToken` and `Marker`, which say where the next page of a list begins.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The page tokens of one query. A token is valid only for the query that returned it. In another query, the token would
/// skip results, because the pages of that query begin at different results.
#[derive(Clone, Debug)]
pub struct PageTokens(DefaultHasher);

impl PageTokens {
    /// The tokens of a query. `query` contains everything in the request that selects the results or their order, but not
    /// the token.
    pub fn new(query: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        query.hash(&mut hasher);
        Self(hasher)
    }

    /// Returns the token of the page that begins after `position`, for example after the ARN of the last result.
    pub fn token_after(&self, position: &str) -> String {
        let mut hasher = self.0.clone();
        position.hash(&mut hasher);
        format!("{position}:{:016x}", hasher.finish())
    }

    /// Returns the position in a token. Returns `None` if the token does not belong to this query.
    pub fn position<'a>(&self, token: &'a str) -> Option<&'a str> {
        let (position, _) = token.rsplit_once(':')?;
        (self.token_after(position) == token).then_some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_contains_its_position() {
        let tokens = PageTokens::new(("DescribeRules", "listener"));
        for position in ["arn:aws:x:us-east-1:000000000000:y/1", "7", ":", "", "é"] {
            assert_eq!(
                tokens.position(&tokens.token_after(position)),
                Some(position)
            );
        }
    }

    #[test]
    fn a_token_of_another_query_and_a_changed_token_are_refused() {
        let tokens = PageTokens::new(["a", "b"]);
        let token = tokens.token_after("7");
        assert_eq!(PageTokens::new(["ab"]).position(&token), None);
        for changed in [
            "",
            ":",
            "7",
            "7:",
            &token[1..],
            &format!("8{}", &token[1..]),
            &format!("{token}0"),
            &token.to_uppercase().replace("7:", "7:0"),
        ] {
            assert_eq!(tokens.position(changed), None, "{changed}");
        }
    }
}
