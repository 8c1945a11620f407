//! `/console/guide-pages`: the pages of `docs/labs` as JSON, for the console.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rust_embed::Embed;
use serde::Serialize;
use serde_json::{Value, json};

use super::control::error;

mod markdown;

use markdown::{Page, link_targets, render};

/// The path of the pages.
const PATH: &str = "/console/guide-pages";

/// The page that lists the others. Its links have their order.
const INDEX: &str = "README";

#[derive(Embed)]
#[folder = "../docs/labs/"]
struct Files;

/// A page in the list of pages.
#[derive(Serialize)]
struct Entry {
    name: String,
    title: String,
    steps: Vec<markdown::Step>,
}

pub fn routes() -> Router {
    Router::new()
        .route(PATH, get(async || Json(entries())))
        .route(&format!("{PATH}/{{name}}"), get(page))
}

async fn page(Path(name): Path<String>) -> Result<Json<Value>, axum::response::Response> {
    let Some(text) = text(&name) else {
        let message = "the guide has no such page";
        return Err(error(StatusCode::NOT_FOUND, "not_found", message));
    };
    let Page { title, html, .. } = render(&text, has_page);
    Ok(Json(json!({ "title": title, "html": html })))
}

/// The pages in the order of the links of the index, which comes first.
fn entries() -> Vec<Entry> {
    let mut names = vec![INDEX.to_owned()];
    for target in link_targets(&text(INDEX).unwrap_or_default()) {
        if let Some(name) = page_name(&target)
            && !names.iter().any(|known| known == name)
            && has_page(name)
        {
            names.push(name.to_owned());
        }
    }
    let entry = |name: String| {
        let Page { title, steps, .. } = render(&text(&name)?, has_page);
        Some(Entry { name, title, steps })
    };
    names.into_iter().filter_map(entry).collect()
}

fn text(name: &str) -> Option<String> {
    let file = Files::get(&format!("{name}.md"))?;
    String::from_utf8(file.data.into_owned()).ok()
}

fn has_page(name: &str) -> bool {
    Files::get(&format!("{name}.md")).is_some()
}

/// The name of the page to which a relative link leads.
fn page_name(target: &str) -> Option<&str> {
    let path = target.split_once('#').map_or(target, |(path, _)| path);
    path.strip_suffix(".md")
        .filter(|name| !name.contains(['/', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::find_steps;

    #[test]
    fn the_list_has_each_file_once_and_begins_with_the_index() {
        let mut names: Vec<_> = entries().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names.first().map(String::as_str), Some(INDEX));
        let mut files: Vec<_> = Files::iter()
            .filter_map(|path| path.strip_suffix(".md").map(str::to_owned))
            .collect();
        names.sort();
        files.sort();
        assert_eq!(names, files);
    }

    #[test]
    fn the_pages_have_the_steps_that_can_be_checked_in_their_order() {
        let entries = entries();
        let of_pages = entries.iter().flat_map(|entry| &entry.steps);
        let of_pages: Vec<_> = of_pages.map(|step| &*step.id).collect();
        let checked = find_steps("").unwrap().iter();
        let checked: Vec<_> = checked.map(|step| step.id).collect();
        assert_eq!(of_pages, checked);
    }

    #[test]
    fn each_link_to_a_page_leads_to_a_heading_that_exists() {
        for entry in entries() {
            let html = render(&text(&entry.name).unwrap(), has_page).html;
            for link in html.split("href=\"/console/guide").skip(1) {
                let (target, _) = link.split_once('"').unwrap();
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let name = path.strip_prefix('/').unwrap_or(INDEX);
                let page = render(&text(name).unwrap(), has_page).html;
                let id = format!(" id=\"{anchor}\"");
                assert!(anchor.is_empty() || page.contains(&id), "{target}");
            }
        }
    }
}
