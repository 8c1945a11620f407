//! The patterns of AWS's documentation with its log events, patterns that others ran against AWS, and properties.

use super::Pattern;

mod documented;
mod measured;
mod properties;

fn parse(pattern: &str) -> Pattern {
    Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

#[track_caller]
fn assert_matches(pattern: &str, message: &str, expected: bool) {
    let parsed = parse(pattern);
    assert_eq!(parsed.matches(message), expected, "{pattern} on {message}");
    let extracted = parsed.extract(message);
    assert_eq!(extracted.is_some(), expected, "{pattern} on {message}");
}

#[track_caller]
fn assert_refused(pattern: &str, message: &str) {
    let error = Pattern::parse(pattern).expect_err(pattern);
    assert_eq!(error.to_string(), message, "{pattern}");
}

#[test]
fn the_pattern_of_a_request_that_is_blank_matches_everything() {
    for pattern in ["", " ", "  \n"] {
        assert_matches(pattern, "", true);
        assert_matches(pattern, "ERROR", true);
    }
}

#[test]
fn a_term_with_other_characters_than_letters_digits_and_underscores_is_refused() {
    // The first four characters are in messages of AWS: `Invalid character(s) in term ':'` and so on (public reports of 2024 to
    // 2026 about `filter-log-events`; for `""` DefangLabs/defang issue 1008).
    for (pattern, message) in [
        (
            "?Status: timeout",
            "Invalid character(s) in term ':' (position 8)",
        ),
        ("(failed)", "Invalid character(s) in term '(' (position 1)"),
        (
            r#"level\":\"error"#,
            r#"Invalid character(s) in term '\":\"' (position 6)"#,
        ),
        (r#""""#, r#"Invalid character(s) in term '""' (position 1)"#),
        (
            " { $.a IS TRUE }",
            "Invalid character(s) in term '{' (position 2)",
        ),
        ("ERROR -", "A term must follow the ? or - (position 8)"),
        (
            "ERROR - Exiting",
            "A term must follow the ? or - (position 8)",
        ),
        ("größe", "Invalid character(s) in term 'öß' (position 3)"),
        (r#"a "b c"#, r#"The closing " is missing (position 3)"#),
        (
            "50%",
            "The closing % of the regular expression is missing (position 3)",
        ),
    ] {
        assert_refused(pattern, message);
    }
}

#[test]
fn more_than_50_nested_parentheses_are_refused() {
    let nested = |depth| format!("{{{}$.a = 1{}}}", "(".repeat(depth), ")".repeat(depth));
    assert_matches(&nested(50), r#"{"a": 1}"#, true);
    let message = "A filter pattern cannot have more than 50 nested parentheses (position 52)";
    assert_refused(&nested(51), message);
    assert_refused(&format!("{{{}}}", "(".repeat(1000)), message);
    // Parentheses that are closed again do not count.
    let in_a_row = vec!["($.a = 1)"; 100].join("||");
    assert_matches(&format!("{{{in_a_row}}}"), r#"{"a": 1}"#, true);
}

#[test]
fn a_json_pattern_that_cannot_be_parsed_is_refused_with_a_position() {
    for (pattern, message) in [
        // AWS's message: jorgebastida/awslogs issue 210.
        (
            "{ $.a = 1",
            "If a filter pattern starts with '{' it must end with '}' (position 10)",
        ),
        // AWS's message for `{ $."sc-status" = 5* }` names the same characters after `$.` (public report of 2026-08-03).
        (
            r#"{ $."sc-status" = 5* }"#,
            r#"Invalid character(s) in term '"' (position 5)"#,
        ),
        ("{}", "Invalid character(s) in term '}' (position 2)"),
        ("{ $ = 1 }", "Invalid character(s) in term '=' (position 5)"),
        ("{ $.a }", "Invalid character(s) in term '}' (position 7)"),
        (
            "{ $.a == 1 }",
            "Invalid character(s) in term '=' (position 8)",
        ),
        ("{ $.a = }", "Invalid character(s) in term '}' (position 9)"),
        (
            "{ $.a = 1 $.b = 2 }",
            "Invalid character(s) in term '$.' (position 11)",
        ),
        (
            "{ $.a = 1 & $.b = 2 }",
            "Invalid character(s) in term '&' (position 11)",
        ),
        (
            "{ ($.a = 1 }",
            "Invalid character(s) in term '}' (position 12)",
        ),
        (
            "{ $.a = 1 } }",
            "Invalid character(s) in term '}' (position 13)",
        ),
        (
            "{ $.a[x] = 1 }",
            "Invalid character(s) in term 'x' (position 7)",
        ),
        (
            "{ $.a[99999999999999999999] = 1 }",
            "Invalid character(s) in term ']' (position 27)",
        ),
        (
            "{ $.['a = 1 }",
            "The pattern ends where '] must follow (position 14)",
        ),
        ("{ a = 1 }", "Invalid character(s) in term 'a' (position 3)"),
        (
            "{ $.a = %x }",
            "The closing % of the regular expression is missing (position 9)",
        ),
        (
            "{ $.a > %x% }",
            "Invalid character(s) in term '%' (position 9)",
        ),
    ] {
        assert_refused(pattern, message);
    }
}

#[test]
fn a_pattern_of_fields_that_cannot_be_parsed_is_refused_with_a_position() {
    for (pattern, message) in [
        (
            "[a, b",
            "If a filter pattern starts with '[' it must end with ']' (position 6)",
        ),
        ("[]", "The filter pattern has no fields (position 2)"),
        ("[a b]", "Invalid character(s) in term 'b' (position 4)"),
        ("[= 1]", "Invalid character(s) in term '=' (position 2)"),
        (
            "[..., a, ...]",
            "A filter pattern cannot have more than one ellipsis (position 10)",
        ),
        // The user guide of 2018 had this example. AWS answers "Invalid filter pattern": issue 21 of
        // awsdocs/amazon-cloudwatch-logs-user-guide.
        (
            "[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]",
            "Invalid character(s) in term 'bytes' (position 62)",
        ),
    ] {
        assert_refused(pattern, message);
    }
}

#[test]
fn regular_expressions_have_the_restrictions_of_aws() {
    for (pattern, message) in [
        (
            "%something!%",
            "Invalid character(s) in term '!' (position 11)",
        ),
        ("%(a|b)%", "Invalid character(s) in term '(' (position 2)"),
        ("%größe%", "Invalid character(s) in term 'ö' (position 4)"),
        (r"%\b%", r"Invalid character(s) in term '\' (position 2)"),
        (r"%\x2%", r"Invalid character(s) in term '\' (position 2)"),
        ("%%", "Invalid character(s) in term '%%' (position 1)"),
        (
            "%[a%",
            "Invalid or too large regular expression '%[a%' (position 1)",
        ),
        (
            "%a**{9,1}%",
            "Invalid or too large regular expression '%a**{9,1}%' (position 1)",
        ),
        (
            "%a{999}{999}%",
            "Invalid or too large regular expression '%a{999}{999}%' (position 1)",
        ),
        // The documentation has this example without its last percent sign.
        (
            "%abcc|ab[^c]$",
            "The closing % of the regular expression is missing (position 1)",
        ),
        (
            "{ $.a = %a% && $.b = %b% && $.c = %c% }",
            "A filter pattern cannot have more than 2 regular expressions (position 35)",
        ),
    ] {
        assert_refused(pattern, message);
    }
}

#[test]
fn a_pattern_has_at_most_three_wildcards_and_a_selector_one() {
    assert_matches(
        r#"{ $.a[*] = 1 && $.* = 2 && $.b.* = 3 }"#,
        r#"{"a": [0, 1], "b": {"x": 3}, "c": 2}"#,
        true,
    );
    assert_refused(
        "{ $.a[*] = 1 && $.* = 2 && $.b.* = 3 && $.c.* = 4 }",
        "A filter pattern cannot have more than 3 wildcards (position 41)",
    );
    assert_refused(
        "{ $.*[*] = 1 }",
        "A property selector cannot have more than 1 wildcard (position 3)",
    );
}

#[test]
fn quoted_texts_have_escaped_quotation_marks_and_backslashes() {
    assert_matches(r#""say \"yes\"""#, r#"they say "yes" and no"#, true);
    assert_matches(r#""C:\\dir""#, r"in C:\dir", true);
    assert_matches(r#""a\nb""#, r"a\nb", true);
    assert_matches(
        r#"{ $.a = "say \"yes\"" }"#,
        r#"{"a": "say \"yes\""}"#,
        true,
    );
}

#[test]
fn texts_and_numbers_are_compared_and_nothing_else() {
    let message = r#"{"text": "x", "true": true, "null": null, "list": [1], "object": {}}"#;
    for selector in [
        "$.true",
        "$.null",
        "$.list",
        "$.object",
        "$.missing",
        "$.text.x",
    ] {
        for comparison in ["= *", "!= 1", "= 1", "< 1", "= %.%"] {
            assert_matches(&format!("{{ {selector} {comparison} }}"), message, false);
        }
    }
    for pattern in [
        "{ $.text IS NULL }",
        "{ $.null IS FALSE }",
        "{ $.null NOT EXISTS }",
    ] {
        assert_matches(pattern, message, false);
    }
    assert_matches("{ $.true IS TRUE && $.missing NOT EXISTS }", message, true);
}

#[test]
fn an_event_that_is_not_a_json_object_matches_no_json_pattern() {
    for message in [
        "",
        "text",
        "[1]",
        "1",
        "{",
        r#"{"a": 1} x"#,
        r#"x {"a": 1}"#,
    ] {
        assert_matches("{ $.a NOT EXISTS || $.a = 1 }", message, false);
    }
}

#[test]
fn an_event_with_fewer_fields_than_the_pattern_does_not_match() {
    assert_matches("[w1=ERROR, w2]", "ERROR", false);
    assert_matches("[w1=ERROR]", "ERROR", true);
    assert_matches("[w1=ERROR]", "ERROR text", false);
    assert_matches("[a, ..., b]", "one", false);
    assert_matches("[a, ..., b]", "one two", true);
    assert_matches("[a, ...]", "one two three", true);
}

#[test]
fn brackets_and_quotation_marks_without_their_ends_are_parts_of_words() {
    let extracted = parse("[a, b, c]").extract(r#"[x "y z"w u"#).unwrap();
    let values: Vec<_> = extracted.values().map(String::as_str).collect();
    assert_eq!(values, ["[x", "\"y", "z\"w u"]);
}
