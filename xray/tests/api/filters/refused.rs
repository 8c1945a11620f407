//! What is no filter: where it says so, and why.

use serde_json::json;

use super::population::population;
use crate::world::always;

#[test]
fn what_cannot_be_read_says_where_and_why_and_finds_nothing() {
    let world = population();
    for (filter, message, position) in [
        ("", "a keyword is expected, not the end", 1),
        ("  ", "a keyword is expected, not the end", 3),
        ("foo", "'foo' is no keyword", 1),
        ("ok and", "a keyword is expected, not the end", 7),
        ("ok or or error", "a keyword is expected, not 'or'", 7),
        ("ok)", "AND, OR or the end is expected, not ')'", 3),
        ("(ok", "')' is expected, not the end", 4),
        ("ok = 1", "ok is true or false", 4),
        (
            "ok > true",
            "ok is true or false, and compares by = and != alone",
            4,
        ),
        (
            "duration > \"x\"",
            "duration compares with a number by = != < <= > >=",
            10,
        ),
        (
            "duration CONTAINS 1",
            "duration compares with a number by = != < <= > >=",
            10,
        ),
        ("http.status = 4o4", "'4o4' is not a number", 15),
        (
            "http.url > \"a\"",
            "http.url compares with a text by = != CONTAINS BEGINSWITH ENDSWITH",
            10,
        ),
        (
            "http.url = 7",
            "http.url compares with a text by = != CONTAINS BEGINSWITH ENDSWITH",
            10,
        ),
        (
            "annotation.a > true",
            "this operator does not compare values of this type",
            14,
        ),
        ("annotation. = 1", "the annotation's key is missing", 1),
        ("annotation[] = 1", "the annotation's key is missing", 11),
        ("annotation[a = 1", "this bracket is not closed", 11),
        ("user = \"x", "this text has no closing quotation mark", 8),
        ("user ~ \"ü\"", "'~' has no meaning here", 6),
        ("user = \"ü\" ?", "'?' has no meaning here", 12),
        ("user = ", "a value is expected, not the end", 8),
        ("user = and", "a value is expected, not 'and'", 8),
        (
            "service(web)",
            "a name in quotation marks or id() is expected, not 'web'",
            9,
        ),
        ("service(\"a\", \"b\")", "')' is expected, not ','", 12),
        ("service(\"a\") {", "a keyword is expected, not the end", 15),
        ("service(\"a\") {}", "a keyword is expected, not '}'", 15),
        ("service(\"a\") { ok", "'}' is expected, not the end", 18),
        (
            "service(\"a\") { service(\"b\") }",
            "service() cannot stand in braces",
            16,
        ),
        (
            "service(\"a\") { group.name = \"g\" }",
            "'group.name' cannot be asked here",
            16,
        ),
        (
            "service(id(colour: \"red\"))",
            "name:, type: or account.id: is expected, not 'colour'",
            12,
        ),
        (
            "service(id(name: \"a\", name: \"b\"))",
            "this is said already",
            23,
        ),
        (
            "service(id(name: \"a\" type: \"b\"))",
            "',' or ')' is expected, not 'type'",
            22,
        ),
        ("edge(\"a\")", "',' is expected, not ')'", 9),
        (
            "edge()",
            "a name in quotation marks or id() is expected, not ')'",
            6,
        ),
        ("first", "'first' cannot be asked here", 1),
        (
            "rootcause.fault.service { coverage > 1 }",
            "'coverage' cannot be asked here",
            27,
        ),
        (
            "rootcause.fault.entity { coverage > 1 }",
            "'coverage' cannot be asked here",
            26,
        ),
        (
            "rootcause.fault.service { annotation.a }",
            "root causes have no annotations",
            27,
        ),
        (
            "rootcause.responsetime.exception",
            "'rootcause.responsetime.exception' is no root cause",
            1,
        ),
        ("rootcause.fault", "'rootcause.fault' is no root cause", 1),
        ("rootcause.json", "'=' is expected, not the end", 15),
        (
            "rootcause.json = \"x\"",
            "'#' and JSON is expected, not a text",
            18,
        ),
        (
            "rootcause.json = #{}",
            "after '#', an array of objects is expected",
            18,
        ),
        (
            "rootcause.json = #[{]",
            "after '#', key must be a string",
            21,
        ),
        ("rootcause.json = #", "after '#', JSON is expected", 18),
        (
            "rootcause.fault.exception { last and message = \"Access Denied\" ",
            "'}' is expected, not the end",
            64,
        ),
    ] {
        let mut request = always();
        request["FilterExpression"] = json!(filter);
        let error = world.error("/TraceSummaries", request);
        let wanted = format!("Invalid filter expression: {message}");
        assert!(error.starts_with(&wanted), "{filter}: {error}");
        assert!(
            error.ends_with(&format!("at position {position}")),
            "{filter}: {error}"
        );
    }
}

#[test]
fn brackets_without_end_are_refused_and_kill_nobody() {
    let world = population();
    for (filter, position) in [
        ("(".repeat(20_000), 101),
        ("!".repeat(20_000), 101),
        ("service(){".repeat(2_000), 11),
        (format!("rootcause.json = #{}", "[".repeat(20_000)), 146),
    ] {
        let mut request = always();
        request["FilterExpression"] = json!(filter);
        let error = world.error("/TraceSummaries", request);
        assert!(
            error.ends_with(&format!("at position {position}")),
            "{error}"
        );
    }
    let many = vec!["ok"; 15_000].join(" OR ");
    assert!(
        !world
            .summaries(&many[..many.len().min(65_000) / 6 * 6 + 2])
            .is_empty()
    );
    let mut request = always();
    request["FilterExpression"] = json!("ok ".repeat(30_000));
    assert!(
        world
            .error("/TraceSummaries", request)
            .contains("longer than")
    );
}
