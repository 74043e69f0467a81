//! The randomness of a hello, as an argument: the state machine draws none by itself.

/// The random values of one connection: `random` (32 bytes) and, for clients, `legacy_session_id` (32 bytes). Both go
/// over the wire in the clear; they must be unpredictable and used once.
#[derive(Debug)]
pub struct Seed {
    pub(crate) random: [u8; 32],
    pub(crate) session_id: [u8; 32],
    /// What names the connection, if it was drawn together with the rest: no other seed has it.
    stamp: Option<[u8; 8]>,
}

/// A clone makes another connection, with a name of its own.
impl Clone for Seed {
    fn clone(&self) -> Seed {
        Seed { stamp: None, ..*self }
    }
}

impl Seed {
    /// From the system's generator, in one call.
    ///
    /// # Errors
    /// When the system has no randomness to give.
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

    /// Names a connection inside this process: stamps its memory and its questions, so that another one's cannot be
    /// mistaken for it. A seed of the caller's may be given to two connections, so for that it is drawn here. (Without
    /// randomness there will be no key share either, and no connection.)
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
