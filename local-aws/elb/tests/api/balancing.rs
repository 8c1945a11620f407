//! Which target a request goes to.

use std::time::Duration;

use elb::TargetState;

use crate::client::{client, get};
use crate::target::{Act, BROKEN, OK, Target, balancer, impatient_group, quick_group, registered};
use crate::{eventually, found};

#[tokio::test]
async fn requests_go_round() {
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
    let (well, ill) = (
        Target::start(Act::Answer(OK)).await,
        Target::start(Act::Answer(OK)).await,
    );
    let registrations = registered(&group, &[&well, &ill]).await;
    let alb = balancer(Vec::new(), group).await;
    ill.set_health(Act::Answer(BROKEN));
    let becomes = |state| eventually("the state changes", || registrations[1].state() == state);
    becomes(TargetState::Unhealthy);
    for _ in 0..6 {
        get(&format!("http://{alb}/")).await;
    }
    assert_eq!((well.requests().len(), ill.requests().len()), (6, 0));
    ill.set_health(Act::Answer(OK));
    becomes(TargetState::Healthy);
    for _ in 0..6 {
        get(&format!("http://{alb}/")).await;
    }
    assert_eq!((well.requests().len(), ill.requests().len()), (9, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn if_all_are_unhealthy_all_get_requests() {
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
async fn a_target_that_never_was_healthy_gets_requests_where_no_other_is() {
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
    // Returns once the request is done, here by the group's short timeout, long before the delay of 300 seconds.
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
