//! Which service a path leads to, told by the services' own access lines.

use serde_json::Value;

use crate::client::{client, get};
use crate::found;
use crate::process::Lab;

async fn paths_seen_by(site: &str, service: &str) -> Vec<String> {
    let lines = get(&format!("{site}/logs/{service}")).await;
    let path = |line: &str| {
        let (_, message) = line.split_once(" | ").unwrap();
        let message: Value = serde_json::from_str(message).unwrap();
        message["path"].as_str().map(str::to_owned)
    };
    lines.lines().filter_map(path).collect()
}

#[tokio::test]
async fn the_path_rule_alone_decides_between_the_services() {
    let lab = Lab::start(&["--chaos", "off", "--like-tasks", "1"]);
    let endpoints = lab.endpoints();
    let cases = [
        ("/mysfits/unknown-1/like", "like-service"),
        ("/mysfits/a/b/like", "like-service"),
        ("/mysfits/a%2Fb/like", "like-service"),
        ("/mysfits//like", "like-service"),
        ("/mysfits/unknown-2/Like", "monolith"),
        ("/mysfits/unknown-3/like/", "monolith"),
        ("/mysfits/unknown-4/likes", "monolith"),
        ("/mysfits/like", "monolith"),
        ("/MYSFITS/unknown-5/like", "monolith"),
        ("/mysfits/unknown-6/%6cike", "monolith"),
    ];
    let client = client();
    for (path, _) in cases {
        // The query is no part of what a path rule sees.
        let url = format!("{}{path}?x=/mysfits/x/like", endpoints.alb);
        client.post(url).send().await.unwrap();
    }
    // The last lines are on their way through a pipe.
    let (likes, monolith) = found("a line for each request", async || {
        let likes = paths_seen_by(&endpoints.site, "like-service").await;
        let monolith = paths_seen_by(&endpoints.site, "monolith").await;
        let seen = |path: &str| likes.iter().chain(&monolith).any(|seen| seen == path);
        let all = cases.iter().all(|(path, _)| seen(path));
        all.then_some((likes, monolith))
    })
    .await;
    for (path, service) in cases {
        let (wanted, other) = match service {
            "monolith" => (&monolith, &likes),
            _ => (&likes, &monolith),
        };
        assert!(wanted.iter().any(|seen| seen == path), "{path}");
        assert!(!other.iter().any(|seen| seen == path), "{path}");
    }
}
