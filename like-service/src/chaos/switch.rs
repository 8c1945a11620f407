//! The switch that someone left on: decision, log lines and effect of one like's fault.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_shell::annotate;

use super::burn::Burner;
use super::config::Config;
use super::dice::{Dice, Fault};
use crate::error::Error;
use crate::metrics::Metrics;

/// The chaos of one process. Clones share the dice and the bounds.
#[derive(Clone, Debug)]
pub struct Chaos {
    dice: Option<Arc<Mutex<Dice>>>,
    burner: Burner,
    reveal: bool,
    metrics: Metrics,
}

impl Chaos {
    /// The chaos that `config` asks for: none, if it is off.
    pub fn new(config: &Config, metrics: Metrics) -> Self {
        Self {
            dice: config.on.then(|| Arc::new(Mutex::new(Dice::new(config)))),
            burner: Burner::new(config.max_burns),
            reveal: config.reveal,
            metrics,
        }
    }

    /// Draws the fault of the like that just arrived, and lets it happen.
    ///
    /// # Errors
    ///
    /// A 404 if that was drawn; a 503 if too many likes are burning.
    pub async fn strike(&self) -> Result<(), Error> {
        let Some(fault) = self.draw() else {
            return Ok(());
        };
        if self.reveal {
            announce(fault);
            self.metrics.fault(fault);
        }
        match fault {
            Fault::NotFound => return Err(Error::SimulatedNotFound),
            Fault::Stress { cpu_ms } => self.burner.burn(Duration::from_millis(cpu_ms)).await?,
            Fault::None => {}
        }
        tracing::warn!("WARN: This thing should NOT be left on..");
        Ok(())
    }

    fn draw(&self) -> Option<Fault> {
        let dice = self.dice.as_ref()?;
        // A thread that panicked with the lock held has left whole dice behind.
        let mut dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
        Some(dice.draw())
    }
}

/// Says what chaos is about to do, in the log and on the request's span. The texts are the
/// workshop's: people search for `WARN:`.
fn announce(fault: Fault) {
    match fault {
        Fault::Stress { cpu_ms } => tracing::warn!(
            chaos.fault = fault.name(),
            chaos.cpu_ms = cpu_ms,
            "WARN: stress function activated"
        ),
        Fault::NotFound => {
            tracing::warn!(chaos.fault = fault.name(), "WARN: simulated 404 activated");
        }
        Fault::None => {}
    }
    annotate("chaos.fault", || fault.name());
    if let Fault::Stress { cpu_ms } = fault {
        annotate("chaos.cpu_ms", || cpu_ms.cast_signed());
    }
}
