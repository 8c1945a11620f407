//! Tests of the bytes that the proxy sends to the endpoint and returns to its clients.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::Value;

use crate::endpoint::{
    BASE_PATH, CONTAINER, CONTAINER_STATS, Endpoint, Reply, TASK, TASK_STATS, container_id,
    task_containers,
};
use crate::{error_code, get, send_request, start_proxy};

/// Each entry contains a path of the proxy, the path below the endpoint's address, and the returned document.
const WHOLE_DOCUMENTS: [(&str, &str, &str); 6] = [
    ("/v4", "", CONTAINER),
    ("/v4/stats", "/stats", CONTAINER_STATS),
    ("/v4/task", "/task", TASK),
    ("/v4/task/stats", "/task/stats", TASK_STATS),
    ("/v2/metadata", "/task", TASK),
    ("/v2/stats", "/task/stats", TASK_STATS),
];

#[test]
fn each_path_is_answered_with_the_document_of_the_endpoint_byte_for_byte() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    for (path, endpoint_path, document) in WHOLE_DOCUMENTS {
        let (head, body) = send_request(&proxy, &format!("GET {path} HTTP/1.1"));
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert_eq!(body, document, "{path}");
        assert_eq!(
            endpoint.take_request_heads(),
            [endpoint.expected_head(endpoint_path)],
            "{path}"
        );
    }
}

#[test]
fn each_container_of_the_task_is_returned_by_its_id() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    for container in task_containers() {
        let id = container["DockerId"].as_str().unwrap();
        let (status, body) = get(&proxy, &format!("/v2/metadata/{id}"));
        assert_eq!(status, 200, "{body}");
        assert!(TASK.contains(&body), "{body}");
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), container);
        assert_eq!(
            endpoint.take_request_heads(),
            [endpoint.expected_head("/task")]
        );
    }
}

#[test]
fn the_stats_of_the_like_service_show_more_cpu_time_than_the_stats_of_the_other_containers() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    let used_cpu_time = |name| {
        let path = format!("/v2/stats/{}", container_id(name));
        let (status, body) = get(&proxy, &path);
        assert_eq!(status, 200, "{body}");
        assert!(TASK_STATS.contains(&body), "{body}");
        let stats: Value = serde_json::from_str(&body).unwrap();
        let total = |key: &str| stats[key]["cpu_usage"]["total_usage"].as_u64().unwrap();
        total("cpu_stats") - total("precpu_stats")
    };
    let other_cpu_times = ["~internal~ecs~pause", "x-ray-daemon"].map(used_cpu_time);
    assert_eq!(
        endpoint.take_request_heads(),
        vec![endpoint.expected_head("/task/stats"); 2]
    );
    assert!(other_cpu_times.into_iter().sum::<u64>() * 100 < used_cpu_time("like-service"));
}

#[test]
fn the_documents_have_all_fields_of_version_2() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    let task: Value = serde_json::from_str(&get(&proxy, "/v2/metadata").1).unwrap();
    for field in [
        "Cluster",
        "TaskARN",
        "Family",
        "Revision",
        "DesiredStatus",
        "KnownStatus",
        "Limits",
        "PullStartedAt",
        "PullStoppedAt",
        "AvailabilityZone",
    ] {
        assert!(!task[field].is_null(), "{field}");
    }
    for container in task["Containers"].as_array().unwrap() {
        let path = format!("/v2/metadata/{}", container["DockerId"].as_str().unwrap());
        let container: Value = serde_json::from_str(&get(&proxy, &path).1).unwrap();
        for field in [
            "DockerId",
            "Name",
            "DockerName",
            "Image",
            "ImageID",
            "Labels",
            "DesiredStatus",
            "KnownStatus",
            "Limits",
            "CreatedAt",
            "StartedAt",
            "Type",
            "Networks",
        ] {
            assert!(!container[field].is_null(), "{field}");
        }
    }
}

#[test]
fn an_unknown_container_or_a_container_without_stats_is_a_404() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    let like_id = container_id("like-service");
    for path in [
        "/v2/metadata/like-service".to_owned(),
        format!("/v2/metadata/{}", &like_id[1..]),
        format!("/v2/metadata/{}", like_id.to_uppercase()),
        format!("/v2/stats/{like_id}0"),
        // The document `/task/stats` contains `null` for the container `metadata-proxy`.
        format!("/v2/stats/{}", container_id("metadata-proxy")),
    ] {
        let (status, body) = get(&proxy, &path);
        assert_eq!((status, &*error_code(&body)), (404, "not_found"), "{path}");
    }
}

#[test]
fn head_is_answered_like_get_but_without_the_body() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    for (path, endpoint_path, document) in WHOLE_DOCUMENTS {
        let (head, body) = send_request(&proxy, &format!("HEAD {path} HTTP/1.1"));
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        let content_length = format!("content-length: {}", document.len());
        assert!(head.contains(&content_length), "{path}: {head}");
        assert_eq!(body, "");
        assert_eq!(
            endpoint.take_request_heads(),
            [endpoint.expected_head(endpoint_path)],
            "{path}"
        );
    }
}

#[test]
fn no_part_of_a_request_is_sent_to_the_endpoint() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    let other_endpoint = Endpoint::start();
    let other_uri = other_endpoint.uri();
    let other_authority = other_uri.split('/').nth(2).unwrap();
    for line in [
        "GET /v2/metadata HTTP/1.1".to_owned(),
        "GET /v2/metadata?url=/v2/credentials HTTP/1.1".to_owned(),
        format!("GET http://{other_authority}/v2/metadata HTTP/1.1"),
        format!("GET http://{other_authority}@{other_authority}/v2/metadata HTTP/1.1"),
        "GET /v2/metadata HTTP/1.0".to_owned(),
    ] {
        let request = format!(
            "{line}\r\nHost: {other_authority}\r\nX-Forwarded-Host: {other_authority}\r\n\
             Forwarded: host={other_authority}\r\n\
             X-Original-URL: /v2/credentials\r\nX-Rewrite-URL: /v2/credentials\r\n\
             X-HTTP-Method-Override: PUT\r\nAuthorization: secret\r\nCookie: a=b\r\n\
             Traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n\
             Connection: close\r\nContent-Length: 4\r\n\r\nbody"
        );
        let response = proxy.send_raw(request.as_bytes());
        assert!(response.ends_with(TASK), "{line}: {response}");
        assert_eq!(
            endpoint.take_request_heads(),
            [endpoint.expected_head("/task")],
            "{line}"
        );
        assert!(other_endpoint.take_request_heads().is_empty(), "{line}");
    }
}

#[test]
fn the_root_lists_the_paths_without_a_request_to_the_endpoint() {
    let endpoint = Endpoint::start();
    let proxy = start_proxy(&endpoint, &[]);
    let (status, body) = get(&proxy, "/");
    assert_eq!(status, 200);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert!(endpoint.take_request_heads().is_empty());
    let id = container_id("like-service");
    for path in body["paths"].as_array().unwrap() {
        let path = path.as_str().unwrap().replace("{id}", &id);
        assert_eq!(get(&proxy, &path).0, 200, "{path}");
        let heads = endpoint.take_request_heads();
        assert!(
            heads[0].starts_with(&format!("GET {BASE_PATH}")),
            "{heads:?}"
        );
    }
}

#[test]
fn the_proxy_reads_a_limited_number_of_bytes_after_a_request_that_is_not_answered_yet() {
    // 96 MiB exceed the capacity of all buffers of the proxy and of the kernel.
    const MAX_SENT_BYTES: usize = 96 * 1024 * 1024;
    let pipelined = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2000);
    for (headers, more) in [
        ("Upgrade: websocket", "x".repeat(0x10000)),
        ("Connection: keep-alive", pipelined),
    ] {
        let endpoint = Endpoint::start();
        let proxy = start_proxy(&endpoint, &[("METADATA_TIMEOUT_MS", "60000")]);
        endpoint.set_reply(Reply::Delayed);
        let mut stream = proxy.connect();
        write!(stream, "GET /v4 HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n").unwrap();
        endpoint.wait_for_pending_requests(1);
        stream
            .set_write_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let mut sent_bytes = 0;
        while let Ok(bytes) = stream.write(more.as_bytes()) {
            sent_bytes += bytes;
            assert!(sent_bytes < MAX_SENT_BYTES, "{headers}");
        }
        endpoint.set_reply(Reply::Document);
        let mut response = [0; 12];
        stream.read_exact(&mut response).unwrap();
        assert_eq!(&response, b"HTTP/1.1 200", "{headers}");
    }
}
