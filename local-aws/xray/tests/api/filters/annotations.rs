//! Tests of conditions on annotations.

use super::ten_traces::assert_finds;

#[test]
fn an_annotation_matches_values_of_its_type_in_any_segment_or_subsegment() {
    assert_finds(&[
        ("annotation.order = 2", "missing"),
        ("annotation.order > 5", "unfinished handled cron"),
        (
            "annotation.order != 2",
            "fine slow broken throttled unfinished handled cron",
        ),
        (r#"annotation.order = "eight""#, "cron"),
        (r#"annotation.order = "2""#, ""),
        ("annotation.order", "-guest minimal"),
        ("!annotation.order", "guest minimal"),
        ("annotation.express", "slow broken handled cron"),
        (
            "!annotation.express",
            "fine missing throttled guest unfinished minimal",
        ),
        (
            "annotation.express = false",
            "fine missing throttled unfinished",
        ),
        (
            "annotation.express != true",
            "fine missing throttled unfinished",
        ),
        (
            r#"annotation.country BEGINSWITH "c""#,
            "-guest cron minimal",
        ),
        (
            r#"annotation.country != "c1""#,
            "fine missing broken throttled unfinished handled",
        ),
        ("annotation[order] = 88", "cron"),
        ("annotation[a.b_c]", "cron"),
        (r#"Annotation["a.b_c"] = true"#, "cron"),
        ("annotation.deep", ""),
        ("annotation.deep = false", "cron"),
        ("annotation.Order", ""),
    ]);
}

/// The trace `cron` has two values of each annotation: two numbers as `load`, true and false as `done`, and a
/// text and a number as `order`.
#[test]
fn one_matching_annotation_value_is_enough_but_not_equal_requires_all_values_to_differ() {
    assert_finds(&[
        ("annotation.load = 88", "cron"),
        ("annotation.load < 9", "cron"),
        ("annotation.load > 80", "cron"),
        ("annotation.load != 88", ""),
        ("annotation.load != 8.5", ""),
        ("annotation.load != 7", "cron"),
        ("!annotation.load = 88", "-cron"),
        ("annotation.done", "cron"),
        ("annotation.done = true", "cron"),
        ("annotation.done = false", "cron"),
        ("annotation.done != true", ""),
        ("annotation.done != false", ""),
        ("annotation.deep != true", "cron"),
        ("annotation.deep != false", ""),
        (r#"annotation.tag != "a""#, ""),
        (r#"annotation.tag != "c""#, "cron"),
        (r#"service("cron") { annotation.load != 88 }"#, ""),
        (r#"service("cron") { annotation.load != 7 }"#, "cron"),
        (r#"service("cron") { annotation.done != false }"#, ""),
        // A comparison ignores annotation values of another type.
        ("annotation.order != 88 AND annotation.done", ""),
        ("annotation.order != 7 AND annotation.done", "cron"),
        ("annotation.load != true", ""),
        ("annotation.done != 1", ""),
    ]);
}
