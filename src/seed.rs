//! The randomness of a hello. It is an argument: the state machine draws none by itself.

/// The random values of one connection: `random` (32 bytes) and, for clients, `legacy_session_id` (32 bytes). Both are
/// sent in plaintext. They must be unpredictable and used once.
#[derive(Debug)]
pub struct Seed {
    pub(crate) random: [u8; 32],
    pub(crate) session_id: [u8; 32],
    /// The identifier of the connection, if it was drawn with the rest. No other seed has the same.
    stamp: Option<[u8; 8]>,
}

/// A clone is for another connection, with another identifier.
impl Clone for Seed {
    fn clone(&self) -> Seed {
        Seed { stamp: None, ..*self }
    }
}

impl Seed {
    /// Draws it from the system's generator, in one call.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn random() -> Result<Seed, crate::crypto::CryptoFailed> {
        let mut bytes = [0; 72];
        crate::crypto::random::fill(&mut bytes)?;
        let (seed, stamp) = bytes.split_first_chunk().ok_or(crate::crypto::CryptoFailed)?;
        Ok(Seed { stamp: stamp.first_chunk().copied(), ..Seed::from_bytes(seed) })
    }

    /// From 64 bytes of the caller's generator.
    pub fn from_bytes(bytes: &[u8; 64]) -> Seed {
        let mut seed = Seed { random: [0; 32], session_id: [0; 32], stamp: None };
        let (random, session_id) = bytes.split_at(32);
        seed.random.copy_from_slice(random);
        seed.session_id.copy_from_slice(session_id);
        seed
    }

    /// Identifies the connection inside this process. Its memory and its questions get this number, to distinguish them
    /// from those of other connections. The caller may use the same bytes for two connections, so the number is not
    /// derived from them. (Without randomness there will be no key share either, and no connection.)
    pub(crate) fn stamp(&self) -> u64 {
        let draw = || {
            let mut drawn = [0; 8];
            crate::crypto::random::fill(&mut drawn).ok().map(|()| drawn)
        };
        let stamp = self.stamp.or_else(draw).or(self.random.first_chunk().copied());
        stamp.map_or(0, u64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connection_has_a_name_of_its_own_though_seeds_are_equal() {
        let random = Seed::random().unwrap();
        assert_eq!(random.stamp(), random.stamp(), "drawn with the seed");
        assert_ne!(random.stamp(), random.clone().stamp(), "a clone makes another connection");
        assert_ne!(random.stamp(), Seed::random().unwrap().stamp());
        let given = || Seed::from_bytes(&[7; 64]);
        assert_ne!(given().stamp(), given().stamp(), "a seed of the caller's may come twice");
        assert_eq!(random.clone().random, random.random);
    }
}
