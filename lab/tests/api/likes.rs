//! Likes through the load balancer: none is lost, none is invented.

use crate::MYSFIT;
use crate::client::{client, get, like, likes};
use crate::process::{Directory, Lab, PATIENT};

#[tokio::test]
async fn concurrent_likes_are_counted_exactly() {
    let lab = Lab::start_with(PATIENT, &["--chaos", "off"]);
    let alb = lab.endpoints().alb;
    let client = client();
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let (client, alb) = (client.clone(), alb.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    assert_eq!(like(&client, &alb).await, 200);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(likes(&alb).await, 1000);
}

#[tokio::test]
async fn a_like_of_nobody_is_a_404_with_cors() {
    let lab = Lab::start(&["--chaos", "off"]);
    let url = format!("{}/mysfits/nobody/like", lab.endpoints().alb);
    let answer = client().post(url).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn with_like_in_monolith_the_monolith_receives_all_likes_beside_a_running_like_service() {
    let lab = Lab::start(&["--like-in", "monolith"]);
    let endpoints = lab.endpoints();
    assert_eq!(endpoints.of("like-service").len(), 2);
    lab.wait_for("/mysfits/*/like -> monolith; like-service (2 tasks) has the weight 0");
    for _ in 0..20 {
        assert_eq!(like(&client(), &endpoints.alb).await, 200);
    }
    assert_eq!(likes(&endpoints.alb).await, 20);
    let url = format!("{}/logs/like-service", endpoints.site);
    assert!(!get(&url).await.contains("/mysfits/"));
}

#[tokio::test]
async fn the_monolith_takes_none_while_the_like_service_does() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let url = format!("{}/mysfits/{MYSFIT}/like", endpoints.of("monolith")[0].url);
    assert_eq!(client().post(url).send().await.unwrap().status(), 404);
    assert_eq!(likes(&endpoints.alb).await, 0);
}

#[tokio::test]
async fn a_data_directory_keeps_likes_over_a_restart() {
    let directory = Directory::new();
    let data = directory.path("new/data");
    let arguments = ["--chaos", "off", "--data-dir", data.to_str().unwrap()];
    for before in 0..2 {
        let mut lab = Lab::start(&arguments);
        let alb = lab.endpoints().alb;
        assert_eq!(likes(&alb).await, before);
        assert_eq!(like(&client(), &alb).await, 200);
        lab.signal(rustix::process::Signal::TERM);
        assert!(lab.wait().success());
    }
}
