//! What load tests send, and how much CPU time the likes of a load test need.

use std::ops::RangeInclusive;

use axum::http::Method;
use http_shell::env::{ConfigError, Environment};
use like_service::chaos;
use serde::Deserialize;

use super::{IMAGES, LIKE};
use crate::runtime::Added;

/// The path with the list of the mysfits.
pub const LIST: &str = "/mysfits";

/// A kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Likes of all mysfits in turn.
    Likes,
    /// What the site reads: the list, and then the profile of each mysfit.
    Site,
}

#[derive(Deserialize)]
struct List {
    mysfits: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "mysfitId")]
    id: String,
}

/// The requests of a load, as methods and paths. `list` is the body of the response of [`LIST`].
///
/// # Errors
///
/// Fails if `list` is not a list of mysfits.
pub fn requests(kind: Kind, list: &[u8]) -> Result<Vec<(Method, String)>, serde_json::Error> {
    let List { mysfits } = serde_json::from_slice(list)?;
    let ids = mysfits.into_iter().map(|mysfit| mysfit.id);
    Ok(match kind {
        Kind::Likes => ids
            .map(|id| (Method::POST, format!("{LIST}/{id}/like")))
            .collect(),
        Kind::Site => [LIST.to_owned()]
            .into_iter()
            .chain(ids.map(|id| format!("{LIST}/{id}")))
            .map(|path| (Method::GET, path))
            .collect(),
    })
}

/// The CPU time that faults burn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuCost {
    /// The share of likes that burn CPU time, in percent.
    pub percent: u32,
    /// The CPU time of such a like, in milliseconds. All values are equally likely.
    pub milliseconds: RangeInclusive<u64>,
}

/// The CPU time that a like needs in a task of the Like service with the environment of a task definition. Returns `None` if no
/// like burns CPU time.
///
/// # Errors
///
/// Fails if the environment is invalid.
pub fn cpu_cost(mut environment: Environment) -> Result<Option<CpuCost>, ConfigError> {
    let images = IMAGES.iter().filter(|image| image.name == LIKE);
    for (name, added) in images.flat_map(|image| image.added) {
        if let Added::Default(value) = added {
            environment = environment.with_default(name, value);
        }
    }
    let chaos = chaos::Config::read(&environment)?;
    let burns = chaos.is_on && chaos.stress_percent > 0;
    Ok(burns.then_some(CpuCost {
        percent: chaos.stress_percent,
        milliseconds: chaos.burn_cpu_ms,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn likes_go_to_each_mysfit_of_the_list() {
        let list = br#"{"mysfits": [{"mysfitId": "a", "name": "A"}, {"mysfitId": "b"}]}"#;
        let request = |method, path: &str| (method, path.to_owned());
        assert_eq!(
            requests(Kind::Likes, list).unwrap(),
            ["/mysfits/a/like", "/mysfits/b/like"].map(|path| request(Method::POST, path))
        );
        assert_eq!(
            requests(Kind::Site, list).unwrap(),
            ["/mysfits", "/mysfits/a", "/mysfits/b"].map(|path| request(Method::GET, path))
        );
        assert!(requests(Kind::Likes, b"{}").is_err());
    }

    #[test]
    fn the_target_file_for_vegeta_has_the_mysfits_of_the_seed() {
        let items = (super::super::table::TABLE.items)().unwrap();
        let ids = items
            .iter()
            .map(|item| json!({ "mysfitId": item["MysfitId"]["S"] }));
        let list = json!({ "mysfits": ids.collect::<Vec<_>>() }).to_string();
        let targets = requests(Kind::Likes, list.as_bytes()).unwrap().into_iter();
        let lines = targets.map(|(method, path)| format!("{method} http://127.0.0.1:8080{path}\n"));
        let file = include_str!("../../../../loadtest/likes.targets");
        assert_eq!(file, lines.collect::<String>());
    }

    fn cost(variables: &[(&str, &str)]) -> Option<CpuCost> {
        let variables = variables.iter();
        let owned = variables.map(|&(name, value)| (name.to_owned(), value.to_owned()));
        cpu_cost(owned.collect()).unwrap()
    }

    #[test]
    fn the_cpu_time_of_likes_is_the_labs_unless_the_task_definition_sets_it() {
        assert_eq!(cost(&[("CHAOSMODE", "off")]), None);
        assert_eq!(
            cost(&[("CHAOSMODE", "on"), ("CHAOS_STRESS_PERCENT", "0")]),
            None
        );
        let default = cost(&[("CHAOSMODE", "on")]).unwrap();
        assert_eq!((default.percent, default.milliseconds), (64, 1100..=2200));
        let variables = [
            ("CHAOSMODE", "on"),
            ("CHAOS_STRESS_PERCENT", "10"),
            ("CHAOS_STRESS_CPU_MS", "100-200"),
        ];
        let set = cost(&variables).unwrap();
        assert_eq!((set.percent, set.milliseconds), (10, 100..=200));
    }
}
