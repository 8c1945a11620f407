//! Pages of results: `Marker`, `PageSize` and `NextMarker`.

use std::hash::Hash;

use serde_json::{Map, Value};
use wire::{Error, PageTokens};

use super::{invalid, option_in_range};

/// Results on a page if a request has no `PageSize`.
const MAX_PAGE_SIZE: u32 = 400;

/// Returns the page of `items` that begins after `marker`. `items` are sorted by their keys; `query` is what selects them.
pub fn page(
    list: &str,
    items: impl IntoIterator<Item = (String, Value)>,
    query: impl Hash,
    marker: Option<&str>,
    page_size: Option<i64>,
) -> Result<Value, Error> {
    let page_size = option_in_range("pageSize", page_size, 1, MAX_PAGE_SIZE)?;
    let tokens = PageTokens::new((list, query));
    let start = match marker {
        None => None,
        Some(marker) => {
            let position = tokens.position(marker);
            Some(position.ok_or_else(|| invalid("The specified marker is not valid"))?)
        }
    };
    let is_new = |key: &str| start.is_none_or(|start| key > start);
    let mut items = items.into_iter().filter(|(key, _)| is_new(key)).peekable();
    let mut page = Vec::new();
    let mut last = String::new();
    for _ in 0..page_size.unwrap_or(MAX_PAGE_SIZE) {
        let Some((key, item)) = items.next() else {
            break;
        };
        page.push(item);
        last = key;
    }
    let mut result = Map::new();
    result.insert(list.to_owned(), page.into());
    if items.peek().is_some() {
        result.insert("NextMarker".to_owned(), tokens.token_after(&last).into());
    }
    Ok(result.into())
}
