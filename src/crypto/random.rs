//! The system's random numbers.

use super::CryptoFailed;
use super::provider::rand::{SecureRandom, SystemRandom};

/// Fills `bytes` with random numbers from the system: one system call, so ask for all that is needed at once.
pub fn fill(bytes: &mut [u8]) -> Result<(), CryptoFailed> {
    SystemRandom::new().fill(bytes).map_err(|_| CryptoFailed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fills_differ() {
        let [mut first, mut second] = [[0; 32]; 2];
        fill(&mut first).unwrap();
        fill(&mut second).unwrap();
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }
}
