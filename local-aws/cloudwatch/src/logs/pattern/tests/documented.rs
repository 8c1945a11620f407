//! Every example of the page "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live
//! Tail" of the CloudWatch Logs User Guide (text of 2026), and those of its first revision in
//! awsdocs/amazon-cloudwatch-logs-user-guide (e9343db, 2018) that the text of 2026 does not contradict.

use super::{assert_matches, parse};

const MESSAGES: [&str; 8] = [
    "[ERROR 400] BAD REQUEST",
    "[ERROR 401] UNAUTHORIZED REQUEST",
    "[ERROR 419] MISSING ARGUMENTS",
    "[ERROR 420] INVALID ARGUMENTS",
    "[ERROR 500] INTERNAL SERVER ERROR",
    "[SUCCESS 200] AUTHORIZED REQUEST",
    "[INFO] REQUEST FAILED",
    "[WARN] UNAUTHORIZED REQUEST",
];

#[test]
fn terms() {
    for (pattern, expected) in [
        ("ERROR", &[0, 1, 2, 3, 4][..]),
        ("ERROR ARGUMENTS", &[2, 3]),
        ("?ERROR ?ARGUMENTS", &[0, 1, 2, 3, 4]),
        // In a pattern with other terms, the optional terms are ignored.
        ("?ERROR ?ARGUMENTS REQUEST", &[0, 1, 5, 6, 7]),
        ("\"INTERNAL SERVER ERROR\"", &[4]),
        ("ERROR -ARGUMENTS", &[0, 1, 4]),
        ("\" \"", &[0, 1, 2, 3, 4, 5, 6, 7]),
        ("%AUTHORIZED%", &[1, 5, 7]),
        ("-ERROR", &[5, 6, 7]),
    ] {
        for (number, message) in MESSAGES.iter().enumerate() {
            assert_matches(pattern, message, expected.contains(&number));
        }
    }
}

#[test]
fn terms_of_2018() {
    let [fatal, exiting] = [
        "[ERROR] A fatal exception has occurred",
        "Exiting with ERRORCODE: -1",
    ];
    assert_matches("ERROR", fatal, true);
    assert_matches("ERROR", exiting, true);
    assert_matches("\"ERROR\" -\"Exiting\"", fatal, true);
    assert_matches("\"ERROR\" -\"Exiting\"", exiting, false);
    for message in [
        "[ERROR] Caught IllegalArgumentException",
        "[ERROR] Unhandled Exception",
    ] {
        assert_matches("ERROR Exception", message, true);
    }
    for message in [
        "[WARN] Failed to process the request",
        "[ERROR] Unable to continue: Failed to process the request",
    ] {
        assert_matches("\"Failed to process the request\"", message, true);
    }
    for (message, expected) in [
        ("[Error] Unhandled Exception", true),
        (fatal, true),
        ("[ERROR] Caught IllegalArgumentException", false),
        (exiting, false),
    ] {
        assert_matches("?Error ?fatal", message, expected);
    }
}

#[test]
fn operators_of_regular_expressions() {
    for (pattern, matching, other) in [
        ("%^[hc]at%", &["hat", "cat"][..], &["that", "bat"][..]),
        ("%[hc]at$%", &["hat", "a cat"], &["hats", "bat"]),
        ("%colou?r%", &["color", "colour"], &["colouur"]),
        ("%[abc]%", &["a", "b", "c"], &["d"]),
        ("%[a-z]%", &["a", "z"], &["A", "1"]),
        ("%[abcx-z]%", &["a", "b", "c", "x", "y", "z"], &["d", "w"]),
        ("%^a{3,5}$%", &["aaa", "aaaa", "aaaaa"], &["aa", "aaaaaa"]),
        ("%^a{3,}$%", &["aaa", "aaaaaaaa"], &["aa"]),
        ("%^a{,2}$%", &["", "a", "aa"], &["aaa"]),
        ("%gra|ey%", &["gray", "grey"], &["gry"]),
        (
            "%^starting|^initializing|^shutting down%",
            &["starting ...", "initializing ...", "shutting down"],
            &["skipping initializing ..."],
        ),
        ("%abcc|ab[^c]$%", &["abcc ...", "aba"], &["aac ..."]),
        (
            r"%\[.\]%",
            &["[a]", "[b]", "[7]", "[@]", "[]]", "[ ]"],
            &["[]", "a"],
        ),
        (r"%10\.10\.0\.1%", &["10.10.0.1"], &["10010,051"]),
        ("%10.10.0.1%", &["10.10.0.1", "10010,051"], &["10.10.1"]),
        ("%ab*c%", &["ac", "abc", "abbbc"], &["ab"]),
        ("%^ab[0-9]*$%", &["ab", "ab0", "ab129"], &["a0"]),
        ("%ab+c%", &["abc", "abbc", "abbbc"], &["ac"]),
        (
            "%.at%",
            &["hat", "cat", "bat", "4at", "#at", " at"],
            &["at"],
        ),
        (r"%\d%", &["1"], &["a", "٣"]),
        (r"%\D%", &["a"], &["1"]),
        (r"%\s%", &["a b", "a\tb", "a\nb"], &["ab"]),
        (r"%\S%", &["a"], &[" \t"]),
        (r"%\w%", &["a", "_", "0"], &["-", "é"]),
        (r"%\W%", &["-"], &["a"]),
        (r"%\x3A%", &["a:b"], &["a;b"]),
        (r"%\x28%", &["f(x)"], &["fx"]),
        (r"%[\d_]\x2d%", &["1-", "_-"], &["a-"]),
    ] {
        for message in matching {
            assert_matches(pattern, message, true);
        }
        for message in other {
            assert_matches(pattern, message, false);
        }
    }
}

const JSON: &str = r#"{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"], "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": null, "cluster.name": "c", "ThisFlag": true}"#;

#[test]
fn json_values() {
    for (pattern, expected) in [
        (r#"{ $.eventType = "UpdateTrail" }"#, true),
        ("{ $.sourceIPAddress != 123.123.* }", true),
        (r#"{ $.arrayKey[0] = "value" }"#, true),
        ("{ $.eventType = %Trail% }", true),
        ("{ $.arrayKey[*] = %val.{2}% }", true),
        (r"{ $.* = %111\.111\.111\.1[0-9]{1,2}% }", true),
        (r#"{ $.['cluster.name'] = "c" }"#, true),
        // Without brackets, the period separates two properties.
        (r#"{ $.cluster.name = "c" }"#, false),
        ("{ $.objectList[1].id = 2 }", true),
        ("{ $.SomeObject IS NULL }", true),
        ("{ $.SomeOtherObject NOT EXISTS }", true),
        ("{ $.ThisFlag IS TRUE }", true),
        ("{ $.ThisFlag IS FALSE }", false),
        (
            r#"{ $.eventType = "*" && $.sourceIPAddress != 123.123.* }"#,
            true,
        ),
        ("{ $.eventType = *Trail }", true),
        ("{ $.eventType = Update* }", true),
        ("{ $.eventType = Up*ail }", false),
    ] {
        assert_matches(pattern, JSON, expected);
    }
    assert_matches("{ $.event = Ev*ent }", r#"{"event": "Ev*ent"}"#, true);
}

#[test]
fn json_numbers() {
    let message = r#"{"bandwidth": 76, "latency": 49, "refreshRate": 60, "responseTime": 5, "errorCode": 400,
        "number": [1000], "numbers": [0.009], "processes": [0, 0, 0, 0, {"averageRuntime": 55.5}]}"#;
    for (pattern, expected) in [
        ("{ $.bandwidth > 75 }", true),
        ("{ $.latency < 50 }", true),
        ("{ $.refreshRate >= 60 }", true),
        ("{ $.responseTime <= 5 }", true),
        ("{ $.errorCode = 400}", true),
        ("{ $.errorCode != 500 }", true),
        ("{ $.number[0] = 1e+3 }", true),
        ("{ $.number[0] != 1e-3 }", true),
        ("{ $.latency >= 500 }", false),
        ("{ $.numbers[0] < 10e3 }", true),
        ("{ $.numbers[0] < 10e-3 }", true),
        ("{ $.processes[4].averageRuntime <= 55.5 }", true),
        ("{ $.latency > +1000 }", false),
        ("{ $.latency > -1 }", true),
        ("{ $.errorCode = 4* }", true),
        ("{ $.latency = * }", true),
    ] {
        assert_matches(pattern, message, expected);
    }
}

#[test]
fn a_selector_of_an_array_does_not_match() {
    for pattern in ["{$.users = 1}", "{$.users != 1}"] {
        assert_matches(pattern, r#"{"users": [1, 2, 3]}"#, false);
    }
}

#[test]
fn compound_json_expressions() {
    let message = r#"{"user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
        "actions": ["GET", "PUT", "DELETE"], "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]}"#;
    for (pattern, expected) in [
        (
            r#"{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }"#,
            true,
        ),
        (
            r#"{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" }"#,
            true,
        ),
        (
            r#"{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" }"#,
            false,
        ),
        (
            r#"{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }"#,
            false,
        ),
        (
            "{ $.coordinates[0][1] = 1 && $.coordinates[2][0] = 7 }",
            true,
        ),
    ] {
        assert_matches(pattern, message, expected);
    }
}

const APACHE: &str =
    r#"127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;

#[test]
fn space_delimited_events() {
    for (pattern, expected) in [
        (
            r"[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
            true,
        ),
        ("[..., request =*.html*, status_code = 4*, bytes]", true),
        (
            "[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]",
            true,
        ),
        (
            "[ip, server, username, timestamp, request, status_code, bytes > 1000]",
            true,
        ),
        ("[..., status_code, bytes]", true),
        ("[ip, user, ..., status_code, bytes]", true),
        ("[ip, user, ...]", true),
        (
            "[ip, user, username, timestamp, request, status_code = 200, bytes]",
            false,
        ),
        (
            "[ip, user, username, timestamp, request, status_code = 4*, bytes]",
            true,
        ),
        (
            "[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]",
            true,
        ),
        (
            "[ip, user, username, timestamp, request, status_code = 4* && status_code = 5*, bytes]",
            false,
        ),
        (
            "[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]",
            true,
        ),
    ] {
        assert_matches(pattern, APACHE, expected);
    }
}

#[test]
fn words_in_order() {
    const EVENTS: [&str; 4] = [
        "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200",
        "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310",
        "WARNING 09/25/2014 12:00:02 Invalid user request",
        "ERROR 09/25/2014 12:00:02 Failed to process request",
    ];
    for (pattern, expected) in [
        // The last field stands for the rest of the event.
        ("[w1=ERROR, w2]", &[3][..]),
        ("[w1=ERROR || w1=WARNING, w2]", &[2, 3]),
        ("[w1!=ERROR && w1!=WARNING, w2]", &[0, 1]),
        ("[w1=ERROR || w1=%WARN%, w2]", &[2, 3]),
        (
            "[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]",
            &[0],
        ),
        (
            "[logLevel, date, time, method, url=%/service/resource/[0-9]+/part/[0-9]+$%, response_time]",
            &[1],
        ),
    ] {
        for (number, event) in EVENTS.iter().enumerate() {
            assert_matches(pattern, event, expected.contains(&number));
        }
    }
}

#[test]
fn extracted_values() {
    let values = |pattern: &str, message| {
        let values = parse(pattern).extract(message).unwrap();
        values.into_iter().collect::<Vec<_>>()
    };
    let named = |names: [&str; 7]| {
        let values = [
            "127.0.0.1",
            "Prod",
            "frank",
            "10/Oct/2000:13:25:15 -0700",
            "GET /index.html HTTP/1.0",
            "404",
            "1534",
        ];
        let mut pairs = names
            .map(str::to_owned)
            .into_iter()
            .zip(values.map(str::to_owned));
        let mut pairs: Vec<_> = pairs.by_ref().collect();
        pairs.sort();
        pairs
    };
    assert_eq!(
        values(
            "[ip, server, username, timestamp, request, status_code, bytes > 1000]",
            APACHE
        ),
        named([
            "$ip",
            "$server",
            "$username",
            "$timestamp",
            "$request",
            "$status_code",
            "$bytes"
        ])
    );
    // The example of 2018: a field without a name has its number as its name.
    assert_eq!(
        values("[..., request=*.html*, status_code=4*,]", APACHE),
        named(["$1", "$2", "$3", "$4", "$request", "$status_code", "$7"])
    );
    assert_eq!(
        values(
            "{ $.latency = * }",
            r#"{"latency": 50, "requestType": "GET"}"#
        ),
        [("$.latency".to_owned(), "50".to_owned())]
    );
}
