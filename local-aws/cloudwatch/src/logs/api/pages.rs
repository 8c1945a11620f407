//! Pages of lists: `limit` and `nextToken`.

use std::hash::Hash;

use serde_json::{Map, Value};
use wire::{Error, PageTokens};

use super::{check, invalid};

/// Maximum number of items on a page, also if a request has no `limit`.
const MAX_PAGE_SIZE: i64 = 50;

/// Returns the page of `items` that begins behind `token`. `items` are in the order of their keys, in descending order if
/// `is_descending`. `query` is what selects and sorts them.
pub fn page(
    list: &str,
    items: impl IntoIterator<Item = (String, Value)>,
    is_descending: bool,
    query: impl Hash,
    token: Option<&str>,
    limit: Option<i64>,
) -> Result<Value, Error> {
    let limit = check::range("limit", limit, 1, MAX_PAGE_SIZE)?.unwrap_or(MAX_PAGE_SIZE);
    let tokens = PageTokens::new((list, is_descending, query));
    let start = match token {
        None => None,
        Some(token) => Some(tokens.position(token).ok_or_else(invalid_token)?),
    };
    let is_new = |key: &str| {
        start.is_none_or(|start| match is_descending {
            true => key < start,
            false => key > start,
        })
    };
    let mut items = items.into_iter().filter(|(key, _)| is_new(key)).peekable();
    let mut page = Vec::new();
    let mut last = String::new();
    for _ in 0..limit {
        let Some((key, item)) = items.next() else {
            break;
        };
        page.push(item);
        last = key;
    }
    let mut result = Map::new();
    result.insert(list.to_owned(), page.into());
    if items.peek().is_some() {
        result.insert("nextToken".to_owned(), tokens.token_after(&last).into());
    }
    Ok(result.into())
}

pub fn invalid_token() -> Error {
    invalid("The specified nextToken is invalid.")
}
