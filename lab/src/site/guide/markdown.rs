//! Markdown of the guide as HTML.
//!
//! The HTML has the folded parts (`<details>`) of the Markdown. Comments are dropped: they are for the program that tests the guide.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use serde::Serialize;

use super::{INDEX, page_name};

/// A rendered page.
#[derive(Debug)]
pub struct Page {
    /// The text of the first heading, which is not in the HTML.
    pub title: String,
    pub html: String,
    pub steps: Vec<Step>,
}

/// A heading with the number of a step, for example `1.2 Roll the revision out`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub id: String,
    pub title: String,
    /// The id of the heading in the HTML.
    pub anchor: String,
}

/// Renders a page. Links to pages for which `has_page` is true lead to the console; other relative links become text.
pub fn render(markdown: &str, has_page: impl Fn(&str) -> bool) -> Page {
    let mut page = Page {
        title: String::new(),
        html: String::new(),
        steps: Vec::new(),
    };
    let mut shown = Vec::new();
    let mut events = parse(markdown);
    let mut is_link = true;
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let inner: Vec<_> = events
                    .by_ref()
                    .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
                    .collect();
                let text = text_of(&inner);
                if page.title.is_empty() {
                    page.title = text;
                    continue;
                }
                let anchor = anchor(&text);
                page.steps.extend(step(&text, &anchor));
                shown.push(Event::Start(Tag::Heading {
                    level,
                    id: Some(anchor.into()),
                    classes: Vec::new(),
                    attrs: Vec::new(),
                }));
                shown.extend(inner);
                shown.push(Event::End(TagEnd::Heading(level)));
            }
            Event::Start(Tag::HtmlBlock) => {
                let inner: Vec<_> = events
                    .by_ref()
                    .take_while(|event| !matches!(event, Event::End(TagEnd::HtmlBlock)))
                    .collect();
                let is_comment =
                    matches!(inner.first(), Some(Event::Html(text)) if text.starts_with("<!--"));
                if !is_comment {
                    shown.extend(inner);
                }
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                let target = link(&dest_url, &has_page);
                is_link = target.is_some();
                shown.extend(target.map(|target| {
                    Event::Start(Tag::Link {
                        link_type,
                        dest_url: target.into(),
                        title,
                        id,
                    })
                }));
            }
            Event::End(TagEnd::Link) if !is_link => {}
            Event::InlineHtml(text) if text.starts_with("<!--") => {}
            event => shown.push(event),
        }
    }
    html::push_html(&mut page.html, shown.into_iter());
    page
}

/// The targets of all links, in their order.
pub fn link_targets(markdown: &str) -> Vec<String> {
    let targets = parse(markdown).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    });
    targets.collect()
}

fn parse(markdown: &str) -> Parser<'_> {
    Parser::new_ext(markdown, Options::ENABLE_TABLES)
}

/// The address of a link in the console, or `None` if it leads to a file outside of the guide.
fn link(target: &str, has_page: impl Fn(&str) -> bool) -> Option<String> {
    if target.starts_with('#') || target.contains("://") {
        return Some(target.to_owned());
    }
    let name = page_name(target).filter(|name| has_page(name))?;
    let anchor = target.find('#').map_or("", |start| &target[start..]);
    Some(match name {
        INDEX => format!("/console/guide{anchor}"),
        _ => format!("/console/guide/{name}{anchor}"),
    })
}

fn text_of(events: &[Event<'_>]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(CowStr::as_ref(text)),
        _ => None,
    });
    texts.collect()
}

/// The id of a heading, as GitHub makes it: lower case, without punctuation, with hyphens for blanks.
fn anchor(text: &str) -> String {
    let characters = text.chars().filter_map(|character| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        _ => character.is_alphanumeric().then_some(character),
    });
    characters.flat_map(char::to_lowercase).collect()
}

/// The step of a heading that begins with two numbers.
fn step(text: &str, anchor: &str) -> Option<Step> {
    let (id, title) = text.split_once(' ')?;
    let (lab, number) = id.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(lab) && is_number(number)).then(|| Step {
        id: id.to_owned(),
        title: title.to_owned(),
        anchor: anchor.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(markdown: &str) -> String {
        render(markdown, |name| ["README", "2-logs"].contains(&name)).html
    }

    #[test]
    fn the_first_heading_is_the_title_and_others_have_the_ids_of_github() {
        let page = render(
            "# Lab 2: logs\n\n## 2.1 Read `this`, twice\n\n## More",
            |_| true,
        );
        assert_eq!(page.title, "Lab 2: logs");
        let headings = "<h2 id=\"21-read-this-twice\">2.1 Read <code>this</code>, twice</h2>\n<h2 id=\"more\">More</h2>\n";
        assert_eq!(page.html, headings);
        let step = Step {
            id: "2.1".to_owned(),
            title: "Read this, twice".to_owned(),
            anchor: "21-read-this-twice".to_owned(),
        };
        assert_eq!(page.steps, [step]);
    }

    #[test]
    fn links_between_pages_lead_to_the_console_and_links_to_other_files_are_text() {
        for (markdown, rendered) in [
            (
                "[a](2-logs.md#22-x)",
                "<a href=\"/console/guide/2-logs#22-x\">a</a>",
            ),
            ("[a](README.md)", "<a href=\"/console/guide\">a</a>"),
            ("[a](#22-x)", "<a href=\"#22-x\">a</a>"),
            (
                "<http://127.0.0.1/x>",
                "<a href=\"http://127.0.0.1/x\">http://127.0.0.1/x</a>",
            ),
            ("[a `b`](../logs.md), [c](none.md)", "a <code>b</code>, c"),
        ] {
            assert_eq!(html(markdown), format!("<p>{rendered}</p>\n"));
        }
    }

    #[test]
    fn comments_are_dropped_and_folded_parts_are_kept() {
        let markdown = "<!-- guide: a\nb -->\n```sh\nx <!-- y -->\n```\n\n<details><summary>Hint</summary>\n\n*t*<!-- z -->\n</details>\n";
        let expected = "<pre><code class=\"language-sh\">x &lt;!-- y --&gt;\n</code></pre>\n\
                        <details><summary>Hint</summary>\n<p><em>t</em></p>\n</details>\n";
        assert_eq!(html(markdown), expected);
    }
}
