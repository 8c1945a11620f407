//! Pages of lists.

use wire::{Error, PageTokens};

use super::invalid_token;

/// A page: the items from the position of the request's token, and the token of the next page.
///
/// `tokens` are those of the request. A position is the number of items before the page.
///
/// # Errors
///
/// Fails if the token does not belong to the request.
pub fn page<T>(
    items: Vec<T>,
    size: usize,
    tokens: &PageTokens,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Error> {
    let start = match token {
        None => 0,
        Some(token) => position(tokens, token)?,
    };
    let next =
        (start + size < items.len()).then(|| tokens.token_after(&(start + size).to_string()));
    let page = items.into_iter().skip(start).take(size);
    Ok((page.collect(), next))
}

/// The position in a token.
///
/// # Errors
///
/// Fails if the token does not belong to the request.
pub fn position(tokens: &PageTokens, token: &str) -> Result<usize, Error> {
    let position = tokens
        .position(token)
        .and_then(|position| position.parse().ok());
    position.ok_or_else(invalid_token)
}
