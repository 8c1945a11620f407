//! The requests of health checks, and their effects on the state of a target.

use std::time::Duration;

use elb::{TargetGroup, TargetGroupConfig, TargetState};

use crate::target::{Act, BROKEN, OK, Target, quick_group};
use crate::{eventually, found};

#[tokio::test]
async fn a_check_is_a_get_of_the_root_straight_to_the_target() {
    let target = Target::start(Act::Answer(OK)).await;
    let group = quick_group();
    let registration = group.register(target.address);
    registration.healthy().await;
    let check = target.health_checks().remove(0);
    assert!(check.starts_with("GET / HTTP/1.1\r\n"), "{check}");
    let check = check.to_lowercase();
    assert!(
        check.contains(&format!("host: {}\r\n", target.address)),
        "{check}"
    );
    assert!(
        check.contains("user-agent: elb-healthchecker/2.0\r\n"),
        "{check}"
    );
}

#[tokio::test]
async fn the_first_check_is_immediate_and_can_make_the_target_healthy() {
    let target = Target::start(Act::Answer(OK)).await;
    let group = TargetGroup::new(TargetGroupConfig::with_interval(
        "targets",
        Duration::from_secs(300),
    ));
    let registration = group.register(target.address);
    assert_eq!(registration.state(), TargetState::Initial);
    registration.healthy().await;
    assert_eq!(target.health_checks().len(), 1);
}

#[tokio::test]
async fn a_new_target_is_checked_often_whatever_the_interval() {
    let target = Target::start(Act::Answer(OK)).await;
    target.set_health(Act::Answer(BROKEN));
    let group = TargetGroup::new(TargetGroupConfig::with_interval(
        "targets",
        Duration::from_secs(300),
    ));
    let registration = group.register(target.address);
    found("three checks", async || {
        target.health_checks().get(2).cloned()
    })
    .await;
    target.set_health(Act::Answer(OK));
    registration.healthy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_target_that_never_passes_a_check_becomes_unhealthy() {
    let target = Target::start(Act::Answer(OK)).await;
    target.set_health(Act::Answer(BROKEN));
    let registration = quick_group().register(target.address);
    eventually("unhealthy", || {
        registration.state() == TargetState::Unhealthy
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_200_is_healthy() {
    for answer in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    ] {
        let target = Target::start(Act::Answer(OK)).await;
        let registration = quick_group().register(target.address);
        registration.healthy().await;
        target.set_health(Act::Answer(answer));
        eventually(answer, || registration.state() == TargetState::Unhealthy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_end_with_the_registration() {
    let target = Target::start(Act::Answer(OK)).await;
    let group = quick_group();
    let registration = group.register(target.address);
    registration.healthy().await;
    drop(registration);
    // The new target is checked many times. The old target is checked at most once more, if a check was running.
    let before = target.health_checks().len();
    let other = Target::start(Act::Answer(OK)).await;
    let _registration = group.register(other.address);
    eventually("ten checks", || other.health_checks().len() >= 10);
    assert!(target.health_checks().len() <= before + 1);
}

#[tokio::test]
async fn the_changes_of_a_target_have_the_description_of_an_unhealthy_one_and_end_with_the_registration()
 {
    let target = Target::start(Act::Answer(OK)).await;
    target.set_health(Act::Answer(BROKEN));
    let registration = quick_group().register(target.address);
    let mut changes = registration.changes();
    let first = changes.next().await.unwrap();
    assert_eq!(first, (TargetState::Initial, None));
    let unhealthy = changes.next().await.unwrap();
    // The description is in AWS's guide: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/check-target-health.html
    let description = "Health checks failed with these codes: [500]".to_owned();
    assert_eq!(unhealthy, (TargetState::Unhealthy, Some(description)));
    target.set_health(Act::Answer(OK));
    let healthy = changes.next().await.unwrap();
    assert_eq!(healthy, (TargetState::Healthy, None));
    registration.deregister().await;
    let draining = changes.next().await.unwrap();
    assert_eq!(draining, (TargetState::Draining, None));
    drop(registration);
    assert_eq!(changes.next().await, None);
}
