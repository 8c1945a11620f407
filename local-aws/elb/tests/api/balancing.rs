//! The choice of the target for a request.

use std::time::Duration;

use elb::TargetState;

use crate::client::{client, get};
use crate::target::{Act, BROKEN, OK, Target, balancer, impatient_group, quick_group, registered};
use crate::{eventually, found};

#[tokio::test]
async fn targets_receive_requests_in_turn() {
    let group = quick_group();
    let (one, two) = (
        Target::start(Act::Answer(OK)).await,
        Target::start(Act::Answer(OK)).await,
    );
    let _registered = registered(&group, &[&one, &two]).await;
    let alb = balancer(Vec::new(), group).await;
    for _ in 0..10 {
        get(&format!("http://{alb}/")).await;
    }
    assert_eq!((one.requests().len(), two.requests().len()), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unhealthy_target_gets_no_requests_until_it_is_healthy_again() {
    let group = quick_group();
    let (healthy, changing) = (
        Target::start(Act::Answer(OK)).await,
        Target::start(Act::Answer(OK)).await,
    );
    let registrations = registered(&group, &[&healthy, &changing]).await;
    let alb = balancer(Vec::new(), group).await;
    changing.set_health(Act::Answer(BROKEN));
    let becomes = |state| eventually("the state changes", || registrations[1].state() == state);
    becomes(TargetState::Unhealthy);
    for _ in 0..6 {
        get(&format!("http://{alb}/")).await;
    }
    assert_eq!(
        (healthy.requests().len(), changing.requests().len()),
        (6, 0)
    );
    changing.set_health(Act::Answer(OK));
    becomes(TargetState::Healthy);
    for _ in 0..6 {
        get(&format!("http://{alb}/")).await;
    }
    assert_eq!(
        (healthy.requests().len(), changing.requests().len()),
        (9, 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn if_all_targets_are_unhealthy_all_receive_requests() {
    let group = quick_group();
    let (one, two) = (
        Target::start(Act::Answer(OK)).await,
        Target::start(Act::Answer(OK)).await,
    );
    let registrations = registered(&group, &[&one, &two]).await;
    for target in [&one, &two] {
        target.set_health(Act::Answer(BROKEN));
    }
    eventually("both are unhealthy", || {
        let mut states = registrations.iter().map(elb::Registration::state);
        states.all(|state| state == TargetState::Unhealthy)
    });
    let alb = balancer(Vec::new(), group).await;
    for _ in 0..6 {
        get(&format!("http://{alb}/")).await;
    }
    assert_eq!((one.requests().len(), two.requests().len()), (3, 3));
}

#[tokio::test]
async fn an_initial_target_receives_requests_if_no_target_is_healthy() {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    target.set_health(Act::Answer(BROKEN));
    let _registration = group.register(target.address);
    let alb = balancer(Vec::new(), group).await;
    get(&format!("http://{alb}/")).await;
    assert_eq!(target.requests().len(), 1);
}

#[tokio::test]
async fn a_deregistered_target_finishes_its_request_and_gets_no_other() {
    let group = impatient_group();
    let target = Target::start(Act::Hang).await;
    let mut registrations = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    let url = format!("http://{alb}/");
    let running = tokio::spawn(client().get(&url).send());
    found("the request", async || target.requests().pop()).await;
    let registration = registrations.remove(0);
    // Returns when the request has ended. It ends after the group's short timeout, long before the delay of 300 seconds.
    registration.deregister().await;
    assert_eq!(registration.state(), TargetState::Draining);
    assert_eq!(running.await.unwrap().unwrap().status(), 504);
    assert_eq!(client().get(&url).send().await.unwrap().status(), 503);
    assert_eq!(target.requests().len(), 1);
}

#[tokio::test]
async fn the_deregistration_delay_ends_the_wait_for_requests() {
    let group = elb::TargetGroup::new(elb::TargetGroupConfig {
        deregistration_delay: Duration::from_millis(50),
        ..elb::TargetGroupConfig::with_interval("targets", Duration::from_secs(10))
    });
    let target = Target::start(Act::Hang).await;
    let registrations = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    let running = tokio::spawn(client().get(format!("http://{alb}/")).send());
    found("the request", async || target.requests().pop()).await;
    registrations[0].deregister().await;
    assert!(!running.is_finished());
}
