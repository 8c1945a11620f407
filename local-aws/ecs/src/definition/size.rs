//! Sizes of tasks on Fargate. Source: Amazon ECS developer guide, "Amazon ECS task definition parameters for Fargate", task
//! size.

use wire::{Error, shorten};

/// Units of one vCPU.
const UNITS_PER_VCPU: f64 = 1024.0;

/// MiB of one GB, as AWS converts it.
const MIB_PER_GB: f64 = 1024.0;

/// CPU units and MiB of a task.
///
/// # Errors
///
/// Fails if a size is absent or no number, and if Fargate does not have the combination.
pub fn task_size(cpu: Option<&str>, memory: Option<&str>) -> Result<(u32, u32), Error> {
    let cpu = number("cpu", cpu, "vcpu", UNITS_PER_VCPU)?;
    let memory = number("memory", memory, "gb", MIB_PER_GB)?;
    if is_fargate_size(cpu, memory) {
        return Ok((cpu, memory));
    }
    Err(Error::bad_request(
        "ClientException",
        format!(
            "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
        ),
    ))
}

/// Parses `256`, or with the unit `.25 vCPU`.
fn number(name: &str, text: Option<&str>, unit: &str, factor: f64) -> Result<u32, Error> {
    let Some(text) = text else {
        let message = format!("Fargate requires that '{name}' be defined at the task level.");
        return Err(Error::bad_request("ClientException", message));
    };
    let number = match text.trim().to_ascii_lowercase().strip_suffix(unit) {
        None => text.trim().parse().ok(),
        Some(amount) => amount.trim().parse::<f64>().ok().and_then(|amount| {
            let number = amount * factor;
            let is_valid = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
            is_valid.then_some(number as u32)
        }),
    };
    number.ok_or_else(|| {
        let message = format!("Invalid '{name}' setting for task: '{}'.", shorten(text));
        Error::bad_request("ClientException", message)
    })
}

fn is_fargate_size(cpu: u32, memory: u32) -> bool {
    let (range, step) = match cpu {
        256 => return [512, 1024, 2048].contains(&memory),
        512 => (1024..=4096, 1024),
        1024 => (2048..=8192, 1024),
        2048 => (4096..=16384, 1024),
        4096 => (8192..=30720, 1024),
        8192 => (16384..=61440, 4096),
        16384 => (32768..=122_880, 8192),
        _ => return false,
    };
    range.contains(&memory) && memory.is_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_units_of_the_guide() {
        for (cpu, memory, size) in [
            ("256", "512", (256, 512)),
            (".25 vCPU", "0.5 GB", (256, 512)),
            ("0.5 vcpu", "1GB", (512, 1024)),
            ("16 vCPU", "120 GB", (16384, 122_880)),
        ] {
            assert_eq!(task_size(Some(cpu), Some(memory)), Ok(size), "{cpu}");
        }
    }

    /// The text that Terraform shows for 1024 and 1024; the guide's "Invalid CPU or memory value specified" for others.
    #[test]
    fn other_combinations_are_refused() {
        let error = task_size(Some("1024"), Some("1024")).unwrap_err();
        assert_eq!(
            error.message,
            "No Fargate configuration exists for given values: 1024 CPU, 1024 memory. See the Amazon ECS documentation for the valid values."
        );
        for (cpu, memory) in [
            ("256", "513"),
            ("256", "4096"),
            ("512", "5120"),
            ("1024", "9216"),
            ("2048", "2048"),
            ("4096", "31744"),
            ("8192", "17408"),
            ("16384", "36864"),
            ("300", "512"),
            ("-1", "512"),
            ("x", "512"),
            ("0.3 vCPU", "512"),
            ("256", "1 TB"),
            ("NaN vCPU", "512"),
            ("1e99 vCPU", "512"),
        ] {
            let result = task_size(Some(cpu), Some(memory));
            assert_eq!(
                result.unwrap_err().code,
                "ClientException",
                "{cpu} {memory}"
            );
        }
    }

    #[test]
    fn both_sizes_are_required() {
        let error = task_size(None, Some("512")).unwrap_err();
        assert_eq!(
            error.message,
            "Fargate requires that 'cpu' be defined at the task level."
        );
        assert!(
            task_size(Some("256"), None)
                .unwrap_err()
                .message
                .contains("'memory'")
        );
    }
}
