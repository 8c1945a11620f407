//! Tests of paths and methods that the proxy rejects.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use crate::endpoint::{BASE_PATH, CREDENTIALS_SECRET, Endpoint, container_id};
use crate::{error_code, get, send_request, start_proxy};

#[test]
fn a_path_of_the_credentials_is_a_404_in_every_spelling_and_is_not_requested() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    for path in [
        "/v2/credentials",
        "/v2/credentials/",
        "/v2/credentials/9f2a-41",
        "/v2/credentials?id=9f2a-41",
        "//v2/credentials/9f2a-41",
        "/v2//credentials/9f2a-41",
        "/%76%32/credentials/9f2a-41",
        "/v2/%63redentials/9f2a-41",
        "/v2/%2563redentials/9f2a-41",
        "/v2%2Fcredentials%2F9f2a-41",
        "/V2/Credentials/9f2a-41",
        "/v2/metadata/../credentials/9f2a-41",
        "/v2/metadata/..%2Fcredentials%2F9f2a-41",
        "/v2/metadata/%2e%2e/credentials/9f2a-41",
        "/v2/metadata/%2E%2E%2Fcredentials",
        "/v2/metadata/%252e%252e%252fcredentials",
        "/v2/metadata/..\\credentials",
        "/v2/metadata/..;/credentials/9f2a-41",
        "/v2/metadata/.%00./credentials",
        "/v2/stats/../credentials/9f2a-41",
        "/v4/../v2/credentials/9f2a-41",
        "/v4/task/../../../v2/credentials",
        "/v4/%2e%2e/%2e%2e/v2/credentials",
        "/./v2/credentials/9f2a-41",
        "/v2/./credentials/9f2a-41",
        "http://169.254.170.2/v2/credentials/9f2a-41",
        "http://169.254.170.2/v2/metadata/../credentials/9f2a-41",
    ] {
        let (status, body) = get(&proxy, path);
        assert_eq!((status, &*error_code(&body)), (404, "not_found"), "{path}");
        assert!(endpoint.take_request_heads().is_empty(), "{path}");
    }
}

#[test]
fn unlisted_paths_of_the_endpoint_are_a_404_and_are_not_requested() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    let like_id = container_id("like-service");
    for path in [
        "/v1/credentials",
        "/v2",
        "/v2/metadata/",
        "/v2/metadataWithTags",
        "/v2/stats/",
        "/v3",
        "/v3/task",
        "/v4/",
        "/v4/taskWithTags",
        "/v4/task/",
        "/v4/tasks",
        "/api/task-protection/v1/state",
        "/latest/meta-data/",
        BASE_PATH,
        &format!("/v2/metadata/{like_id}/"),
        &format!("/v2/metadata/{like_id}/stats"),
        &format!(
            "/v2/metadata/%{:02x}{}",
            like_id.as_bytes()[0],
            &like_id[1..]
        ),
        &format!("/v2/stats/{like_id}%2F"),
    ] {
        let (status, body) = get(&proxy, path);
        assert_eq!((status, &*error_code(&body)), (404, "not_found"), "{path}");
        assert!(endpoint.take_request_heads().is_empty(), "{path}");
    }
}

#[test]
fn methods_other_than_get_and_head_are_a_405_with_the_allowed_methods() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    for path in ["/", "/v2/metadata", "/v2/stats/a", "/v4", "/v4/task/stats"] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            let (head, body) = send_request(&proxy, &format!("{method} {path} HTTP/1.1"));
            assert!(head.starts_with("HTTP/1.1 405"), "{method} {path}: {head}");
            assert!(head.contains("allow: GET, HEAD"), "{head}");
            assert_eq!(error_code(&body), "method_not_allowed");
        }
    }
    // The crate `http-shell` answers preflight requests.
    assert!(
        send_request(&proxy, "OPTIONS /v4 HTTP/1.1")
            .0
            .starts_with("HTTP/1.1 204")
    );
    assert!(endpoint.take_request_heads().is_empty());
}

/// Whether the proxy's documentation lists the path `path`. `is_listed` does not use the proxy's parser.
fn is_listed(path: &str) -> bool {
    let is_plain_id =
        |id: &str| !id.is_empty() && !id.contains(|c: char| c != '-' && !c.is_alphanumeric());
    match *path.split('/').collect::<Vec<_>>() {
        ["", "v2", "metadata" | "stats"] | ["", "v4"] => true,
        ["", "v4", "stats" | "task"] | ["", "v4", "task", "stats"] => true,
        ["", "v2", "metadata" | "stats", id] => is_plain_id(id),
        _ => false,
    }
}

/// Generates random paths, listed paths, and listed paths with one changed character. The random paths consist
/// of pieces that routers often parse incorrectly.
fn arbitrary_paths() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "/",
        "/",
        "/",
        "//",
        "v2",
        "v4",
        "%762",
        "metadata",
        "stats",
        "task",
        "credentials",
        "..",
        ".",
        "%2e",
        "%2E%2e",
        "%2f",
        "%2F",
        "%5c",
        "\\",
        ";",
        ":",
        "@",
        "%00",
        "%",
        "%25",
        "*",
        "~",
        "Tags",
        "169.254.170.2",
        "a",
        "1-2",
        "é",
        "http:",
    ];
    const LISTED_PATHS: &[&str] = &[
        "/v2/metadata",
        "/v2/metadata/1-2",
        "/v2/stats",
        "/v2/stats/1-2",
        "/v4",
        "/v4/stats",
        "/v4/task",
        "/v4/task/stats",
    ];
    let pieces = proptest::collection::vec(select(PIECES), 0..10);
    let path_and_index = (
        select(LISTED_PATHS),
        any::<prop::sample::Index>(),
        "[!-~]{0,2}",
    );
    prop_oneof![
        pieces.prop_map(|pieces| format!("/{}", pieces.concat())),
        path_and_index.clone().prop_map(|(path, index, other)| {
            let index = index.index(path.len());
            format!("{}{other}{}", &path[..index], &path[index + 1..])
        }),
        path_and_index.prop_map(|(path, index, _)| {
            let index = index.index(path.len());
            let byte = path.as_bytes()[index];
            format!("{}%{byte:02x}{}", &path[..index], &path[index + 1..])
        }),
        "(/v2/metadata/|/v2/stats/|/v4/|/)[!-~]{0,24}",
        select(LISTED_PATHS).prop_map(str::to_owned),
    ]
    // The filter rejects generated texts that are not a path: a path begins with a slash and has no query.
    .prop_filter("a path without a query", |path| {
        path.starts_with('/') && !path.contains(['?', '#'])
    })
}

#[test]
fn a_listed_path_requests_one_of_the_four_documents_and_any_other_path_requests_nothing() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    let document_heads =
        ["", "/stats", "/task", "/task/stats"].map(|path| endpoint.expected_head(path));
    TestRunner::default()
        .run(&arbitrary_paths(), |path| {
            let (status, body) = get(&proxy, &path);
            let heads = endpoint.take_request_heads();
            prop_assert!(!body.contains(CREDENTIALS_SECRET));
            prop_assert_eq!(heads.len(), usize::from(is_listed(&path)), "{:?}", heads);
            prop_assert!(
                heads.iter().all(|head| document_heads.contains(head)),
                "{:?}",
                heads
            );
            if is_listed(&path) {
                prop_assert!([200, 404].contains(&status), "{}", status);
            } else if path != "/" {
                // actix responds to an invalid request target with status 400.
                prop_assert!([400, 404].contains(&status), "{}", status);
            }
            Ok(())
        })
        .unwrap();
}
