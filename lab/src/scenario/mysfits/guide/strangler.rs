//! Lab 6: the function like moves from the monolith to the Like service.

use serde_json::Value;

use super::super::MONOLITH_CONTAINER;
use super::load::no_errors;
use super::services::{definition_of, revision, service, stable, variable};
use super::traces::{LIKES, traces};
use crate::guide::{Aws, Failure, Finding, Looked, count, list, number};

/// Traces of likes that only the monolith served.
const IN_MONOLITH: &str = r#"service("monolith") AND !service("like service") AND http.method = "POST" AND http.url CONTAINS "/like""#;

const WANTED_LIKES: usize = 10;

/// The variable that makes the monolith serve likes.
const LIKE_IN_MONOLITH: &str = "LIKE_IN_MONOLITH";

/// The weights of the two target groups in the rule for likes.
#[derive(Clone, Copy, Debug)]
struct Weights {
    like_service: f64,
    monolith: f64,
}

/// The monolith serves likes.
pub fn monolith(aws: &Aws) -> Looked {
    let likes = traces(aws, IN_MONOLITH)?.len();
    let saw = format!(
        "X-Ray has {} that the monolith alone answered in the last 30 minutes",
        count(likes, "like")
    );
    let wanted = WANTED_LIKES.to_string();
    Ok(vec![
        crate::guide::expect(likes >= WANTED_LIKES, saw, &wanted),
        // Step 6.3 would find these errors, too.
        no_errors(aws)?,
    ])
}

/// The rule sends a part of the likes to the Like service.
pub fn tenth(aws: &Aws) -> Looked {
    let share = weights(aws)?.share();
    let saw = format!("The rule sends {share:.0} of 100 likes to the Like service");
    let likes = traces(aws, LIKES)?.len();
    Ok(vec![
        crate::guide::expect((1.0..=50.0).contains(&share), saw, "1 to 50"),
        match likes {
            0 => Err("X-Ray has no trace of a like that the Like service received in the last 30 minutes.".to_owned()),
            _ => Ok(format!("X-Ray has {} of likes that the Like service received.", count(likes, "trace"))),
        },
    ])
}

/// The rule sends all likes to the Like service, and no request failed.
pub fn cut_over(aws: &Aws) -> Looked {
    Ok(vec![weights(aws)?.is_cut_over(), no_errors(aws)?])
}

/// The monolith no longer serves likes.
pub fn removal(aws: &Aws) -> Looked {
    let service = service(aws, "MONOLITH_SERVICE")?;
    let used = definition_of(aws, &service)?;
    Ok(vec![
        is_removed(&used),
        stable(&service),
        weights(aws)?.is_cut_over(),
    ])
}

fn is_removed(used: &Value) -> Finding {
    let name = revision(used);
    match variable(used, MONOLITH_CONTAINER, LIKE_IN_MONOLITH) {
        Some("on") => Err(format!(
            "The monolith uses {name}, which still has {LIKE_IN_MONOLITH}=on."
        )),
        _ => Ok(format!(
            "The monolith uses {name}, which has no {LIKE_IN_MONOLITH}=on."
        )),
    }
}

impl Weights {
    /// The share of the Like service in percent.
    fn share(self) -> f64 {
        match self.like_service + self.monolith {
            0.0 => 0.0,
            total => 100.0 * self.like_service / total,
        }
    }

    fn is_cut_over(self) -> Finding {
        let share = 100.0 - self.share();
        match self.like_service > 0.0 && self.monolith == 0.0 {
            true => Ok("The rule sends all likes to the Like service.".to_owned()),
            false => Err(format!(
                "The rule still sends {share:.0} of 100 likes to the monolith; this step wants 0."
            )),
        }
    }
}

fn weights(aws: &Aws) -> Result<Weights, Failure> {
    let rule = aws.name("LIKE_RULE");
    let response = aws.call(&["elbv2", "describe-rules", "--rule-arns", rule])?;
    let action = &response["Rules"][0]["Actions"][0];
    let groups = list(&action["ForwardConfig"]["TargetGroups"]);
    let weight = |variable| {
        let mut groups = groups.iter();
        let arn = aws.name(variable);
        let group = groups.find(|group| group["TargetGroupArn"] == arn);
        group.map_or(0.0, |group| number(&group["Weight"]))
    };
    Ok(Weights {
        like_service: weight("LIKE_TARGET_GROUP"),
        monolith: weight("MONOLITH_TARGET_GROUP"),
    })
}
