//! Tests of expressions that cannot be parsed. The error message contains the position and the reason of the
//! error.

use serde_json::json;

use super::ten_traces::xray_with_ten_traces;
use crate::local_xray::{Merge, longest_range};

#[test]
fn the_error_of_an_invalid_expression_contains_the_position_and_the_reason() {
    let xray = xray_with_ten_traces();
    for (filter, message, position) in [
        ("", "expected a keyword, not the end", 1),
        ("  ", "expected a keyword, not the end", 3),
        ("foo", "'foo' is not a keyword", 1),
        ("ok and", "expected a keyword, not the end", 7),
        ("ok or or error", "expected a keyword, not 'or'", 7),
        ("ok)", "expected AND, OR or the end, not ')'", 3),
        ("(ok", "expected ')', not the end", 4),
        ("ok = 1", "ok must be compared with true or false", 4),
        ("ok > true", "ok can be compared only by = and !=", 4),
        (
            "duration > \"x\"",
            "duration must be compared with a number by = != < <= > >=",
            10,
        ),
        (
            "duration CONTAINS 1",
            "duration must be compared with a number by = != < <= > >=",
            10,
        ),
        ("http.status = 4o4", "'4o4' is not a number", 15),
        (
            "http.url > \"a\"",
            "http.url must be compared with a text by = != CONTAINS BEGINSWITH ENDSWITH",
            10,
        ),
        (
            "http.url = 7",
            "http.url must be compared with a text by = != CONTAINS BEGINSWITH ENDSWITH",
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
        ("user = ", "expected a value, not the end", 8),
        ("user = and", "expected a value, not 'and'", 8),
        (
            "service(web)",
            "expected a name in quotation marks or id(), not 'web'",
            9,
        ),
        ("service(\"a\", \"b\")", "expected ')', not ','", 12),
        ("service(\"a\") {", "expected a keyword, not the end", 15),
        ("service(\"a\") {}", "expected a keyword, not '}'", 15),
        ("service(\"a\") { ok", "expected '}', not the end", 18),
        (
            "service(\"a\") { service(\"b\") }",
            "service() is not permitted in braces",
            16,
        ),
        (
            "service(\"a\") { group.name = \"g\" }",
            "'group.name' is not permitted here",
            16,
        ),
        (
            "service(id(colour: \"red\"))",
            "expected name:, type: or account.id:, not 'colour'",
            12,
        ),
        (
            "service(id(name: \"a\", name: \"b\"))",
            "this property occurs twice",
            23,
        ),
        (
            "service(id(name: \"a\" type: \"b\"))",
            "expected ',' or ')', not 'type'",
            22,
        ),
        ("edge(\"a\")", "expected ',', not ')'", 9),
        (
            "edge()",
            "expected a name in quotation marks or id(), not ')'",
            6,
        ),
        ("first", "'first' is not permitted here", 1),
        (
            "rootcause.fault.service { coverage > 1 }",
            "'coverage' is not permitted here",
            27,
        ),
        (
            "rootcause.fault.entity { coverage > 1 }",
            "'coverage' is not permitted here",
            26,
        ),
        (
            "rootcause.fault.service { annotation.a }",
            "root causes have no annotations",
            27,
        ),
        (
            "rootcause.responsetime.exception",
            "'rootcause.responsetime.exception' is not a root cause",
            1,
        ),
        (
            "rootcause.fault",
            "'rootcause.fault' is not a root cause",
            1,
        ),
        ("rootcause.json", "expected '=', not the end", 15),
        (
            "rootcause.json = \"x\"",
            "expected '#' and JSON, not a text",
            18,
        ),
        (
            "rootcause.json = #{}",
            "expected an array of objects after '#'",
            18,
        ),
        (
            "rootcause.json = #[{]",
            "after '#', key must be a string",
            21,
        ),
        ("rootcause.json = #", "expected JSON after '#'", 18),
        (
            "rootcause.fault.exception { last and message = \"Access Denied\" ",
            "expected '}', not the end",
            64,
        ),
    ] {
        let mut request = longest_range();
        request["FilterExpression"] = json!(filter);
        let error = xray.call_error("/TraceSummaries", request);
        let expected = format!("Invalid filter expression: {message}");
        assert!(error.starts_with(&expected), "{filter}: {error}");
        assert!(
            error.ends_with(&format!("at position {position}")),
            "{filter}: {error}"
        );
    }
}

#[test]
fn deep_nesting_and_long_expressions_are_refused_without_a_stack_overflow() {
    let xray = xray_with_ten_traces();
    for (filter, position) in [
        ("(".repeat(20_000), 101),
        ("!".repeat(20_000), 101),
        ("service(){".repeat(2_000), 11),
        (format!("rootcause.json = #{}", "[".repeat(20_000)), 146),
    ] {
        let mut request = longest_range();
        request["FilterExpression"] = json!(filter);
        let error = xray.call_error("/TraceSummaries", request);
        assert!(
            error.ends_with(&format!("at position {position}")),
            "{error}"
        );
    }
    let long_expression = vec!["ok"; 10_000].join(" OR ");
    assert!(!xray.summaries(&long_expression).is_empty());
    let too_long_request =
        longest_range().merge(json!({ "FilterExpression": "ok ".repeat(30_000) }));
    let error = xray.call_error("/TraceSummaries", too_long_request);
    assert!(error.contains("longer than"), "{error}");
}
