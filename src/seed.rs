//! The randomness of a hello, as an argument: the state machine draws none by itself.

/// The random values of one connection: `random` (32 bytes) and, for clients, `legacy_session_id` (32 bytes). Both go
/// over the wire in the clear; they must be unpredictable and used once.
#[derive(Clone, Debug)]
pub struct Seed {
    pub(crate) random: [u8; 32],
    pub(crate) session_id: [u8; 32],
}

impl Seed {
    /// From the system's generator, in one call.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Seed, crate::crypto::CryptoFailed> {
        let mut bytes = [0; 64];
        crate::crypto::random::fill(&mut bytes)?;
        Ok(Seed::from_bytes(&bytes))
    }

    /// From 64 bytes of the caller's generator.
    pub fn from_bytes(bytes: &[u8; 64]) -> Seed {
        let mut seed = Seed { random: [0; 32], session_id: [0; 32] };
        let (random, session_id) = bytes.split_at(32);
        seed.random.copy_from_slice(random);
        seed.session_id.copy_from_slice(session_id);
        seed
    }

    /// Names a connection inside this process: stamps its memory and its questions, so that another one's cannot be
    /// mistaken for it. Drawn anew, since two connections may be given equal seeds. (Without randomness there will be no
    /// key share either, and no connection.)
    pub(crate) fn stamp(&self) -> u64 {
        let mut stamp = [0; 8];
        match crate::crypto::random::fill(&mut stamp) {
            Ok(()) => u64::from_be_bytes(stamp),
            Err(_) => self.random.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)),
        }
    }
}
