//! Random numbers from the system.

use super::CryptoFailed;
use super::provider::rand::{SecureRandom, SystemRandom};

/// Fills `bytes` with random numbers. Each call is a system call, so callers ask for all that they need at once.
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
