//! The system's random numbers.

use super::CryptoFailed;
use ring::rand::{SecureRandom, SystemRandom};

/// Fills `bytes` with random numbers from the system: one system call, so ask for all that is needed at once.
pub fn fill(bytes: &mut [u8]) -> Result<(), CryptoFailed> {
    SystemRandom::new().fill(bytes).map_err(|_| CryptoFailed)
}
