//! Pages of lists: `maxResults` and `nextToken`.

use std::hash::Hash;

use serde::Deserialize;
use serde_json::{Map, Value};
use wire::{Error, PageTokens};

use super::INVALID_PARAMETER;

/// Largest `maxResults`.
const MAX_PAGE_SIZE: i64 = 100;

/// The order of a list by the keys of its items.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub enum Order {
    /// Ascending.
    #[default]
    #[serde(rename = "ASC")]
    Ascending,
    /// Descending.
    #[serde(rename = "DESC")]
    Descending,
}

/// What a request says about its page.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    pub next_token: Option<&'a str>,
    pub max_results: Option<i64>,
    /// The number of items without `maxResults`.
    pub default_size: i64,
    pub order: Order,
}

/// Returns the page of `items`. `items` have keys and are sorted by them; `query` is what selects them.
///
/// # Errors
///
/// Fails if the token belongs to another query, or `maxResults` is out of range.
pub fn page(
    list: &str,
    items: impl IntoIterator<Item = (String, Value)>,
    query: impl Hash,
    page: Page,
) -> Result<Value, Error> {
    let size = page.max_results.unwrap_or(page.default_size);
    if !(1..=MAX_PAGE_SIZE).contains(&size) {
        let message = format!("maxResults must be between 1 and {MAX_PAGE_SIZE}");
        return Err(Error::bad_request(INVALID_PARAMETER, message));
    }
    let tokens = PageTokens::new((list, query));
    let start = match page.next_token {
        None => None,
        Some(token) => Some(
            tokens
                .position(token)
                .ok_or_else(|| Error::bad_request(INVALID_PARAMETER, "Invalid token."))?,
        ),
    };
    let is_new = |key: &str| match (start, page.order) {
        (None, _) => true,
        (Some(start), Order::Ascending) => key > start,
        (Some(start), Order::Descending) => key < start,
    };
    let mut items = items.into_iter().filter(|(key, _)| is_new(key)).peekable();
    let mut found = Vec::new();
    let mut last = String::new();
    for _ in 0..size {
        let Some((key, item)) = items.next() else {
            break;
        };
        found.push(item);
        last = key;
    }
    let mut result = Map::new();
    result.insert(list.to_owned(), found.into());
    if items.peek().is_some() {
        result.insert("nextToken".to_owned(), tokens.token_after(&last).into());
    }
    Ok(result.into())
}
