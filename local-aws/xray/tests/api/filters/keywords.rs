//! Tests of conditions on keywords, and of combinations of conditions.

use super::ten_traces::assert_finds;

#[test]
fn all_flags_except_partial_and_inferred_describe_the_root_segment() {
    assert_finds(&[
        ("ok", "-missing broken throttled"),
        ("!ok", "missing broken throttled"),
        ("ok = false", "missing broken throttled"),
        ("ok != true", "missing broken throttled"),
        (r#"ok = "false""#, "missing broken throttled"),
        ("OK = TRUE", "-missing broken throttled"),
        ("error", "missing throttled"),
        ("throttle", "throttled"),
        ("fault", "broken"),
        ("partial", "unfinished"),
        ("inferred", "fine slow missing broken throttled handled"),
        ("root", "-"),
    ]);
}

#[test]
fn a_number_keyword_is_compared_by_the_number_operators() {
    assert_finds(&[
        ("responsetime > 5", "slow"),
        ("responseTime >= 6", "slow"),
        ("RESPONSETIME > 6", ""),
        ("duration <3", "-slow"),
        ("duration >= 5 AND duration <= 8", "slow"),
        ("http.status = 404", "missing"),
        ("http.status != 200", "missing broken throttled"),
        ("http.status >= 400 http.status < 500", "missing throttled"),
        ("http.status", "-guest cron minimal"),
        ("!http.status", "guest cron minimal"),
        ("responsetime", "-unfinished"),
        ("responsetime < 1e-2", "minimal"),
        ("responsetime > -1", "-unfinished"),
    ]);
}

#[test]
fn text_keywords_compare_case_sensitively() {
    assert_finds(&[
        (r#"http.url CONTAINS "/v2/""#, "-guest cron minimal"),
        (
            r#"http.url BEGINSWITH "http://api.example.com/""#,
            "-guest cron minimal",
        ),
        (r#"http.url endswith "POST""#, "-guest cron minimal"),
        (r#"http.url BEGINSWITH "/v2/""#, ""),
        (r#"http.url ENDSWITH "/v2/""#, ""),
        (
            r#"http.url = "http://api.example.com/v2/POST""#,
            "-guest cron minimal",
        ),
        (r#"http.method != "POST""#, ""),
        (r#"http.method != "GET""#, "-guest cron minimal"),
        (r#"http.method = "post""#, ""),
        (
            r#"http.useragent CONTAINS "\"Quantum\"""#,
            "-guest cron minimal",
        ),
        (r#"http.clientip BEGINSWITH "203.""#, "-guest cron minimal"),
        (r#"user = "alice""#, "slow"),
        (r#"user CONTAINS """#, "slow guest"),
        ("user", "slow guest"),
        (r#"user != "alice""#, "guest"),
        ("user = alice", "slow"),
        (r#"availabilityzone = "eu-central-1a""#, "guest"),
        (r#"instance.id = "i-5""#, "guest"),
        (r#"resource.arn ENDSWITH "thing""#, "guest"),
        (r#"name = "cron""#, "cron"),
        (r#"type = "AWS::EC2::Instance""#, "guest"),
        (r#"message CONTAINS "denied""#, "broken"),
    ]);
}

#[test]
fn and_has_precedence_over_or_and_adjacent_conditions_are_combined_by_and() {
    assert_finds(&[
        ("error OR fault", "missing broken throttled"),
        ("error AND throttle", "throttled"),
        ("error throttle", "throttled"),
        ("fault OR error throttle", "broken throttled"),
        ("(fault OR error) throttle", "throttled"),
        ("fault or error and !throttle", "missing broken"),
        ("!(error OR fault) user", "slow guest"),
        ("!!error", "missing throttled"),
        ("ok !partial duration <3", "fine guest handled cron minimal"),
        ("((((ok))))user", "slow guest"),
        ("error!throttle", "missing"),
    ]);
}
