//! The site's origin.

use reqwest::Response;
use serde_json::json;

use crate::MYSFIT;
use crate::client::{CLUSTER, client, ecs_request, raw};
use crate::process::Lab;

async fn answer(url: &str) -> Response {
    client().get(url).send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn the_page_and_its_parts_are_served_with_their_types() {
    let lab = Lab::start(&[]);
    let site = lab.endpoints().site;
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/images/yeti.svg", "image/svg+xml"),
    ] {
        let answer = answer(&format!("{site}{path}")).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header(&answer, "content-type"), content_type);
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert!(!answer.text().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_file_that_the_client_has_is_answered_304_without_a_body() {
    let lab = Lab::start(&[]);
    let site = lab.endpoints().site;
    for path in [
        "/",
        "/app.js",
        "/images/yeti.svg",
        "/traces",
        "/pages/lab.css",
    ] {
        let url = format!("{site}{path}");
        let first = answer(&url).await;
        assert_eq!(header(&first, "cache-control"), "no-cache");
        let etag = header(&first, "etag").to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
        for (known, status) in [
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"other\", {etag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
            (etag.replace('"', ""), 200),
        ] {
            let asked = client().get(&url).header("If-None-Match", &known);
            let again = asked.send().await.unwrap();
            assert_eq!(again.status(), status, "{path}: {known}");
            assert_eq!(header(&again, "etag"), etag);
            assert_eq!(header(&again, "cache-control"), "no-cache");
            assert!(again.headers().contains_key("content-security-policy"));
            assert_eq!(again.text().await.unwrap().is_empty(), status == 304);
        }
    }
    let one = answer(&format!("{site}/app.js")).await;
    let other = answer(&format!("{site}/style.css")).await;
    assert_ne!(header(&one, "etag"), header(&other, "etag"));
    // What the lab makes up for each start is never kept.
    let config = answer(&format!("{site}/config.js")).await;
    assert!(!config.headers().contains_key("etag"));
}

#[tokio::test]
async fn the_page_may_talk_to_the_site_and_to_the_load_balancer_alone() {
    let lab = Lab::start(&[]);
    let endpoints = lab.endpoints();
    for path in ["/", "/config.js", "/nothing", "/logs/monolith"] {
        let answer = answer(&format!("{}{path}", endpoints.site)).await;
        assert_eq!(
            header(&answer, "content-security-policy"),
            format!(
                "default-src 'self'; connect-src 'self' {}; img-src 'self'; style-src 'self'; \
                 script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
                endpoints.alb
            )
        );
    }
}

#[tokio::test]
async fn the_page_is_told_where_the_load_balancer_and_traces_really_are() {
    let lab = Lab::start(&[]);
    let endpoints = lab.endpoints();
    let answer = answer(&format!("{}/config.js", endpoints.site)).await;
    assert_eq!(header(&answer, "cache-control"), "no-store");
    assert_eq!(
        header(&answer, "content-type"),
        "text/javascript; charset=utf-8"
    );
    let script = answer.text().await.unwrap();
    assert_eq!(
        script,
        format!(
            "export const api = \"{}\";\nexport const traces = \"/traces/\";\nexport const labConsole = \"/console\";\n",
            endpoints.alb
        )
    );
}

#[tokio::test]
async fn the_console_has_the_pages_of_the_guide_at_the_address_of_the_endpoints_file() {
    let lab = Lab::start(&[]);
    let console = lab.endpoints().console;
    let page = answer(&console).await;
    assert_eq!(page.status(), 200);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let list: serde_json::Value = answer(&format!("{console}/guide-pages"))
        .await
        .json()
        .await
        .unwrap();
    for entry in list.as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let page = answer(&format!("{console}/guide-pages/{name}")).await;
        assert_eq!(page.status(), 200);
        let page: serde_json::Value = page.json().await.unwrap();
        assert_eq!(page["title"], entry["title"]);
    }
    for name in ["none", "..%2F..%2FREADME", "README.md"] {
        let page = answer(&format!("{console}/guide-pages/{name}")).await;
        assert_eq!(page.status(), 404, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_the_site_is_a_404() {
    let lab = Lab::start(&[]);
    let site = lab.endpoints().site;
    let address = site.strip_prefix("http://").unwrap();
    for path in [
        "/nothing",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "//etc/passwd",
    ] {
        let get = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let answer = raw(address.parse().unwrap(), get.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    let post = client().post(&site).send().await.unwrap();
    assert_eq!(post.status(), 405);
    assert_eq!(header(&post, "allow"), "GET, HEAD");
}

#[tokio::test]
async fn the_page_may_read_the_api_of_the_other_origin_faults_included() {
    let all_lost = [
        ("CHAOS_STRESS_PERCENT", "0"),
        ("CHAOS_NOT_FOUND_PERCENT", "100"),
    ];
    let lab = Lab::start_with(&all_lost, &[]);
    let endpoints = lab.endpoints();
    assert_ne!(endpoints.site, endpoints.alb);
    let list = client().get(format!("{}/mysfits", endpoints.alb));
    let like = client().post(format!("{}/mysfits/{MYSFIT}/like", endpoints.alb));
    for (request, status) in [(list, 200), (like, 404)] {
        let answer = request
            .header("Origin", &endpoints.site)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    }
}

#[tokio::test]
async fn other_websites_may_neither_read_logs_nor_stop_tasks() {
    let mut lab = Lab::start(&[]);
    let endpoints = lab.endpoints();
    let stop = json!({ "cluster": CLUSTER, "task": endpoints.tasks[0].id });
    let logs = format!("{}/logs/monolith", endpoints.site);
    let port = |url: &str| url.rsplit(':').next().unwrap().to_owned();
    let (site_port, aws_port) = (port(&endpoints.site), port(&endpoints.aws));
    for (name, value) in [
        ("Origin", "https://evil.example".to_owned()),
        ("Origin", "null".to_owned()),
        ("Origin", endpoints.alb.clone()),
        ("Host", format!("evil.example:{site_port}")),
        ("Host", format!("127.0.0.1.evil.example:{aws_port}")),
    ] {
        let stop = ecs_request(&endpoints.aws, "StopTask", &stop);
        for request in [stop, client().get(&logs)] {
            let answer = request.header(name, &value).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{name}: {value}");
        }
    }
    assert!(!lab.has_ended());
    assert!(!lab.printed().contains("is stopping"));
    assert_eq!(lab.endpoints().tasks.len(), 3);
}
