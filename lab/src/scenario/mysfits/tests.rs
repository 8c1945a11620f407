use std::collections::HashMap;
use std::fs;
use std::path::Path;

use clap::Parser;

use super::super::Service;
use super::*;
use crate::endpoints::{Addresses, XrayAddresses};
use crate::options::Cli;
use crate::tracing::Tracing;

/// The scenario with these options, and these variables of the reader.
fn scenario_with(arguments: &[&str], reader: &[(&str, &str)]) -> Scenario {
    let options = Cli::parse_from(["lab"].iter().chain(arguments)).options;
    let addresses = Addresses {
        site: "http://127.0.0.1:3000".to_owned(),
        alb: "http://127.0.0.1:8080".to_owned(),
        console: "http://127.0.0.1:3000/console".to_owned(),
        dynamodb: "http://127.0.0.1:8000".to_owned(),
        aws: "http://127.0.0.1:4566".to_owned(),
        xray: XrayAddresses {
            udp: "127.0.0.1:2000".to_owned(),
            api: "http://127.0.0.1:2000".to_owned(),
        },
        otlp: "http://127.0.0.1:4318".to_owned(),
    };
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let reader: HashMap<_, _> = reader.iter().map(owned).collect();
    let context = Context {
        addresses: &addresses,
        tracing: &Tracing::new(options.tracing, ([127, 0, 0, 1], 4318).into(), |name| {
            reader.get(name).cloned()
        }),
        log_level: &options.loglevel,
        seed: 7,
        reader: &reader,
    };
    scenario(&options.scenario, &context)
}

fn variable(scenario: &Scenario, short_name: &str, name: &str) -> Option<String> {
    let mut services = scenario.services.iter();
    let is_wanted = |service: &&Service| service.short_name == short_name;
    let definition = &services.find(is_wanted).unwrap().task_definition;
    let environment = &definition["containerDefinitions"][0]["environment"];
    let environment = environment.as_array().unwrap();
    let mut found = environment.iter().filter(|it| it["name"] == name);
    let value = found
        .next()
        .map(|it| it["value"].as_str().unwrap().to_owned());
    assert_eq!(found.next(), None, "{name} twice");
    value
}

#[test]
fn all_names_of_the_scenario_refer_to_its_parts() {
    let scenario = scenario_with(&[], &[]);
    let groups: Vec<_> = scenario.target_groups.iter().map(|it| it.name).collect();
    let of_rules = scenario.rules.iter().flat_map(|rule| &rule.weights);
    let of_rules = of_rules.map(|(group, _)| *group);
    let of_services = scenario.services.iter().map(|it| it.target_group);
    let of_exports = scenario.exports.iter().filter_map(|(_, it)| match it {
        Exported::TargetGroup(name) => Some(*name),
        _ => None,
    });
    let used = of_rules
        .chain(of_services)
        .chain(of_exports)
        .chain([scenario.default_target_group]);
    for group in used {
        assert!(groups.contains(&group), "{group}");
    }
    for (index, service) in scenario.services.iter().enumerate() {
        let earlier: Vec<_> = scenario.services[..index]
            .iter()
            .map(|it| it.short_name)
            .collect();
        assert!(service.depends_on.iter().all(|it| earlier.contains(it)));
        let container = &service.task_definition["containerDefinitions"][0];
        assert_eq!(container["name"], service.container);
        let mapping = &container["portMappings"][0];
        assert_eq!(mapping["containerPort"], service.container_port);
        let image = container["image"].as_str().unwrap();
        assert!(IMAGES.iter().any(|known| known.name == image), "{image}");
    }
}

#[test]
fn all_names_of_the_start_states_refer_to_parts_of_the_scenario() {
    let scenario = scenario_with(&[], &[]);
    for start in STARTS {
        let groups = start.weights.iter().map(|(group, _)| *group);
        for name in groups.chain([start.rule]) {
            let mut exports = scenario.exports.iter();
            assert!(exports.any(|(known, _)| *known == name), "{name}");
        }
        for state in start.services {
            let mut services = scenario.services.iter();
            let service = services.find(|it| it.name == state.service).unwrap();
            assert_eq!(service.container, state.container);
            let image = state.image.into_iter();
            for image in image {
                assert!(IMAGES.iter().any(|known| known.name == image), "{image}");
            }
            for (name, _) in state.variables {
                let value = variable(&scenario, service.short_name, name);
                assert!(value.is_some(), "{name}");
            }
        }
    }
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for patch in EXERCISE.patches {
        assert!(checkout.join(patch).is_file(), "{patch}");
    }
}

#[test]
fn the_task_definitions_have_the_variables_of_the_reader_for_their_service() {
    let reader = [
        ("CHAOS_STRESS_PERCENT", "100"),
        ("MONOLITH_TIMEOUT_MS", "300"),
        ("DDB_TIMEOUT_MS", "900"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("SHUTDOWN_GRACE_SECONDS", "5"),
        // These are the reader's own, or the lab's options decide.
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_PROFILE", "production"),
        ("CHAOS_SEED", "1"),
        ("CHAOSMODE", "off"),
        ("LOGLEVEL", "DEBUG"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret"),
        ("PATH", "/bin"),
        ("PORT", "1"),
        ("otel_lower", "x"),
    ];
    let scenario = scenario_with(&[], &reader);
    let like = |name: &str| variable(&scenario, LIKE, name);
    let monolith = |name: &str| variable(&scenario, MONOLITH, name);
    let value = |value: &str| Some(value.to_owned());
    assert_eq!(like("CHAOS_STRESS_PERCENT"), value("100"));
    assert_eq!(monolith("CHAOS_STRESS_PERCENT"), None);
    assert_eq!(like("MONOLITH_TIMEOUT_MS"), value("300"));
    assert_eq!(like("DDB_TIMEOUT_MS"), None);
    assert_eq!(monolith("DDB_TIMEOUT_MS"), value("900"));
    for short_name in [LIKE, MONOLITH] {
        let variable = |name: &str| variable(&scenario, short_name, name);
        assert_eq!(variable("OTEL_BSP_SCHEDULE_DELAY"), value("20"));
        assert_eq!(variable("SHUTDOWN_GRACE_SECONDS"), value("5"));
        assert_eq!(variable("LOGLEVEL"), value("ERROR"));
        assert_eq!(variable("PORT"), value("8080"));
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "CHAOS_SEED",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "PATH",
            "otel_lower",
        ] {
            assert_eq!(variable(name), None, "{name}");
        }
    }
    assert_eq!(like("CHAOSMODE"), value("on"));
    assert_eq!(like("MONOLITH_URL"), value("http://127.0.0.1:8080"));
    assert_eq!(monolith("DDB_TABLE_NAME"), value(TABLE));
}

#[test]
fn the_monolith_serves_likes_if_they_go_to_it_from_the_start_or_the_reader_says_so() {
    let like_in = |arguments: &[&str], reader: &[(&str, &str)]| {
        let scenario = scenario_with(arguments, reader);
        variable(&scenario, MONOLITH, "LIKE_IN_MONOLITH")
    };
    let (on, off) = (("LIKE_IN_MONOLITH", "on"), ("LIKE_IN_MONOLITH", "off"));
    assert_eq!(like_in(&[], &[]), Some("off".to_owned()));
    assert_eq!(like_in(&[], &[on]), Some("on".to_owned()));
    let in_monolith = ["--like-in", "monolith"];
    assert_eq!(like_in(&in_monolith, &[off]), Some("on".to_owned()));
}

/// A second scenario needs no change of other modules.
#[test]
fn only_the_scenario_and_its_exams_contain_names_of_the_workshop() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let with_names = ["scenario", "exam", "verbs/exam"].map(|module| sources.join(module));
    let is_exempt = |path: &Path| {
        let mut modules = with_names.iter();
        modules.any(|it| path.starts_with(it) || path == it.with_extension("rs"))
    };
    let mut unread = vec![sources];
    while let Some(path) = unread.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(path).unwrap();
            unread.extend(entries.map(|entry| entry.unwrap().path()));
        } else if !is_exempt(&path) {
            let text = fs::read_to_string(&path).unwrap().to_lowercase();
            assert!(!text.contains("mysfit"), "{}", path.display());
        }
    }
}

#[test]
fn the_options_of_the_reader_set_the_task_definitions_and_desired_counts() {
    let arguments = ["--like-tasks", "3", "--chaos", "off", "--loglevel", "INFO"];
    let scenario = scenario_with(&arguments, &[]);
    assert_eq!(
        variable(&scenario, LIKE, "CHAOSMODE"),
        Some("off".to_owned())
    );
    assert_eq!(
        variable(&scenario, MONOLITH, "LOGLEVEL"),
        Some("INFO".to_owned())
    );
    let counts: Vec<_> = scenario
        .services
        .iter()
        .map(|it| it.desired_count)
        .collect();
    assert_eq!(counts, [1, 3]);
}
