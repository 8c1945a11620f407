//! What a task definition may not contain: images that are no programs of the lab, and names of environment variables that
//! change how programs load, where their requests go, or how they sign in.

use ecs::{Container, TaskDefinition};

use super::Image;

/// Names of variables that are refused.
const NAMES: &[&str] = &[
    // The C library, and what it loads.
    "GCONV_PATH",
    "GETCONF_DIR",
    "GLIBC_TUNABLES",
    "HOSTALIASES",
    "LOCALDOMAIN",
    "LOCPATH",
    "NLSPATH",
    "RES_OPTIONS",
    "RESOLV_HOST_CONF",
    "TZDIR",
    // Where programs look for files of the reader.
    "HOME",
    "PATH",
    // Certificates and proxies.
    "ALL_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    // ECS sets these itself.
    "ECS_AGENT_URI",
    "ECS_CONTAINER_METADATA_URI",
    "ECS_CONTAINER_METADATA_URI_V4",
];

/// Prefixes of names that are refused.
const PREFIXES: &[&str] = &["DYLD_", "LD_", "MALLOC_"];

/// The names with the prefix `AWS_` that are not refused. The others change how programs sign in, and where they send
/// requests.
const AWS_NAMES: &[&str] = &[
    "AWS_DEFAULT_REGION",
    "AWS_MAX_ATTEMPTS",
    "AWS_REGION",
    "AWS_RETRY_MODE",
    "AWS_XRAY_DAEMON_ADDRESS",
];

/// Checks whether the lab can run tasks of this definition.
///
/// # Errors
///
/// The message names what cannot run.
pub fn check(definition: &TaskDefinition, images: &[Image]) -> Result<(), String> {
    definition
        .containers
        .iter()
        .try_for_each(|container| check_container(container, images))
}

fn check_container(container: &Container, images: &[Image]) -> Result<(), String> {
    let Container { name, image, .. } = container;
    let Some(image) = images.iter().find(|known| known.name == image) else {
        let known: Vec<_> = images.iter().map(|image| image.name).collect();
        let known = known.join(", ");
        return Err(format!(
            "The image '{}' of the container '{name}' is not a program of the lab. Images: {known}",
            wire::shorten(image)
        ));
    };
    if let Some(check) = &container.health_check {
        let command = image.health_check();
        if check.command != command {
            return Err(format!(
                "The health check command of the container '{name}' is not implemented. The command of the image '{}' is \
                 {}",
                image.name,
                command.join(", ")
            ));
        }
    }
    for (variable, value) in &container.environment {
        if is_refused(variable) {
            return Err(format!(
                "The environment variable '{}' of the container '{name}' is not permitted: it changes how programs load \
                 or sign in, or where they send requests",
                wire::shorten(variable)
            ));
        }
        if variable.is_empty() || variable.contains(['=', '\0']) || value.contains('\0') {
            return Err(format!(
                "The environment variable '{}' of the container '{name}' has characters that no variable can have",
                wire::shorten(variable)
            ));
        }
    }
    Ok(())
}

/// Libraries read some names also in lower case, for example `http_proxy`.
fn is_refused(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let has_prefix = |prefix: &&str| name.starts_with(*prefix);
    NAMES.contains(&name.as_str())
        || PREFIXES.iter().any(has_prefix)
        || (name.starts_with("AWS_") && !AWS_NAMES.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tests::{IMAGES, definition};

    fn refusal(change: impl FnOnce(&mut Container)) -> Option<String> {
        let mut definition = definition("server", &[("LOGLEVEL", "DEBUG")]);
        change(&mut definition.containers[0]);
        check(&definition, IMAGES).err()
    }

    #[test]
    fn only_the_images_of_the_lab_run() {
        assert_eq!(refusal(|_| {}), None);
        for image in [
            "nginx",
            "server:latest",
            "example.com/server",
            "/bin/sh",
            "",
        ] {
            let refusal = refusal(|container| container.image = image.to_owned()).unwrap();
            assert!(refusal.contains("not a program of the lab"), "{refusal}");
        }
    }

    #[test]
    fn variables_that_change_how_programs_load_or_sign_in_are_refused_by_name() {
        for name in [
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "AWS_ENDPOINT_URL_DYNAMODB",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_A_NAME_OF_THE_FUTURE",
            "MALLOC_CHECK_",
            "GLIBC_TUNABLES",
            "https_proxy",
        ] {
            let variable = (name.to_owned(), "x".to_owned());
            let refusal = refusal(|container| container.environment.push(variable)).unwrap();
            assert!(refusal.contains(name), "{refusal}");
        }
        for name in ["AWS_REGION", "AWS_XRAY_DAEMON_ADDRESS", "OTEL_SERVICE_NAME"] {
            let variable = (name.to_owned(), "x".to_owned());
            assert_eq!(
                refusal(|container| container.environment.push(variable)),
                None
            );
        }
    }

    #[test]
    fn variables_that_no_process_can_have_are_refused() {
        for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "\0")] {
            let variable = (name.to_owned(), value.to_owned());
            let refusal = refusal(|container| container.environment.push(variable)).unwrap();
            assert!(refusal.contains("characters"), "{refusal}");
        }
    }

    #[test]
    fn an_image_with_a_tag_has_the_health_check_command_of_its_name() {
        for (image, is_refused) in [("server:worktree", false), ("server:other", true)] {
            let refusal = refusal(|container| image.clone_into(&mut container.image));
            assert_eq!(refusal.is_some(), is_refused, "{refusal:?}");
        }
    }

    #[test]
    fn the_only_health_check_command_is_that_of_the_image() {
        for (command, is_refused) in [
            (vec!["CMD", "/server", "--health-check"], false),
            (vec!["CMD", "/other", "--health-check"], true),
            (
                vec!["CMD-SHELL", "curl -f http://localhost/ || exit 1"],
                true,
            ),
        ] {
            let refusal = refusal(|container| {
                container.health_check.as_mut().unwrap().command =
                    command.into_iter().map(str::to_owned).collect();
            });
            assert_eq!(refusal.is_some(), is_refused, "{refusal:?}");
        }
    }
}
