//! Patterns that a public project ran against AWS with `TestMetricFilter` (a Python package `json_filter` with its tests,
//! which call the service and compare). Two results are left out, which the project marks as faults of AWS: a suffix that
//! overlaps itself (`*111.111.111` does not match `111.111.111.111`), and `!=` with an asterisk inside a number.

use super::{assert_matches, assert_refused};

const MESSAGE: &str = r#"{"eventType": "UpdateTrail", "someString": "111.111.111.111", "emptyString": "",
    "someInt": 123, "someFloat": 12.34, "someFloat2": 12.0, "someObject": {}, "someArray": [], "someNull": null}"#;

#[test]
fn comparisons_that_match() {
    for (selector, comparisons) in [
        (
            "$.someString",
            &[
                r#"= "111.111.111.111""#,
                "!= 111*111",
                r#"= "*""#,
                r#"= "*.111.111.111""#,
                r#"= "111*""#,
                r#"!= "222""#,
                r#"!= "222*""#,
                r#"!= "*222""#,
                "= 111.111.111.111",
                "= *",
                "= *.111.111.111",
                "= 111*",
                "!= 222",
                "!= 222*",
                "!= *222",
                "!= 111",
            ][..],
        ),
        ("$.emptyString", &[r#"= "*""#]),
        (
            "$.someInt",
            &[
                r#"= "123""#,
                r#"!= "123.0""#,
                r#"= "*""#,
                r#"= "1*""#,
                r#"= "123*""#,
                r#"= "*123""#,
                r#"= "*3""#,
                r#"!= "3*""#,
                r#"!= "*321""#,
                "= 123",
                "= 123.0",
                "= *",
                "= 1*",
                "= 123*",
                "= *123",
                "= *3",
                "!= 3*",
                "!= *1",
                "!= 111",
                "> 1",
                ">= 1",
                "< 1000",
                "<= 1000",
            ],
        ),
        (
            "$.someFloat",
            &[
                r#"= "12.34""#,
                r#"= "*""#,
                r#"= "12.*""#,
                r#"= "*.34""#,
                r#"!= "43.21""#,
                r#"!= "4*1""#,
                "= 12.34",
                "= 12.3*",
                "= *2.34",
                "!= 43.21",
                "!= 43.2*",
                "!= *.21",
                "> 1.0",
                "<= 100.0",
            ],
        ),
        ("$.someFloat2", &[r#"!= "12""#, "= 12"]),
    ] {
        for comparison in comparisons {
            assert_matches(&format!("{{ {selector} {comparison} }}"), MESSAGE, true);
        }
    }
}

#[test]
fn comparisons_that_do_not_match() {
    for comparison in ["> 123", ">= 123", "< 123", "<= 123", "= 123", r#"= "123""#] {
        assert_matches(&format!("{{ $.someString {comparison} }}"), MESSAGE, false);
    }
    for comparison in [
        "= 123",
        "!= 123",
        "> 123",
        r#"= "123""#,
        r#"!= "123""#,
        r#"= "text""#,
        r#"!= "text""#,
    ] {
        assert_matches(&format!("{{ $.someObject {comparison} }}"), MESSAGE, false);
    }
    for pattern in [
        "{ $.someNull[0] = \"value\" }",
        "{ $.someInt != 123 }",
        "{ $.someInt != \"123\" }",
    ] {
        assert_matches(pattern, MESSAGE, false);
    }
}

#[test]
fn an_order_of_texts_is_refused() {
    // AWS: "Invalid character(s) in term '"someString"'", with and without quotation marks in the pattern.
    for operator in ["<", "<=", ">", ">="] {
        for operand in ["someString", "\"someString\""] {
            let position = 17 + operator.len();
            assert_refused(
                &format!("{{ $.someString {operator} {operand} }}"),
                &format!("Invalid character(s) in term '\"someString\"' (position {position})"),
            );
        }
    }
    assert_refused(
        r#"{ $.someInt >= "123" }"#,
        r#"Invalid character(s) in term '"123"' (position 16)"#,
    );
}
