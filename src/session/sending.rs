//! The work of the sending half of a session. [`Session`](super::Session) and [`Sender`](super::Sender) call it.

use super::asleep::{AsleepSending, Common};
use super::counters::Traffic;
use super::event::Reply;
use super::key_update;
use crate::codec::{AlertDescription, KeyUpdateRequest};
use crate::crypto::CryptoFailed;
use crate::error::{Error, Misuse};
use crate::limits::MAX_GENERATIONS;
use crate::policy::Policy;
use crate::record::{DataProtection, OutboxView, WriteProtection};
use crate::schedule::TrafficSecret;
use core::ops::Range;

pub(super) struct Sending {
    pub(super) stamp: u64,
    write: DataProtection,
    /// application_traffic_secret_N. `None` if we send nothing more.
    secret: Option<TrafficSecret>,
    pub(super) traffic: Traffic,
    /// The number of the peer's last KeyUpdate that we know of.
    received: u64,
    /// The peer has requested a KeyUpdate that has not been sent.
    pub(super) owes: bool,
    /// We have requested a KeyUpdate that has not come.
    requested: bool,
}

/// Data.
impl Sending {
    pub(super) fn new(stamp: u64, write: DataProtection, (generation, secret): (u64, TrafficSecret)) -> Sending {
        let traffic = Traffic { generation, ..Traffic::default() };
        Sending { stamp, write, secret: Some(secret), traffic, received: 0, owes: false, requested: false }
    }

    pub(super) fn write(&mut self, data: &[u8], tx: &mut OutboxView<'_>) -> Result<usize, Misuse> {
        self.check(tx)?;
        let mut taken = 0usize;
        while let Some(rest) = data.get(taken..).filter(|rest| !rest.is_empty()) {
            match self.write_some(rest, tx) {
                Ok(0) => break,
                Ok(n) => taken = taken.saturating_add(n),
                Err(_) if taken > 0 => break, // the next call returns the error
                Err(misuse) => return Err(misuse),
            }
        }
        Ok(taken)
    }

    /// Writes as much of `data` as one key and the free memory allow.
    fn write_some(&mut self, data: &[u8], tx: &mut OutboxView<'_>) -> Result<usize, Misuse> {
        if !self.prepare(data.len(), tx)? {
            return Ok(0);
        }
        let before = self.write.sequence();
        let taken = tx.write_data(&mut self.write, data).map_err(Misuse::of_outbox)?;
        self.traffic.count(self.write.sequence().saturating_sub(before), taken);
        Ok(taken)
    }

    /// The place for the next record. `None` if pending bytes must be sent first.
    #[inline]
    pub(super) fn place(&mut self, wanted: usize, tx: &mut OutboxView<'_>) -> Result<Option<Range<usize>>, Misuse> {
        self.check(tx)?;
        if !self.prepare(wanted, tx)? {
            return Ok(None);
        }
        tx.place_data(&mut self.write, wanted).map_err(Misuse::of_outbox)
    }

    /// Seals this many bytes at [`place`](Self::place).
    #[inline]
    pub(super) fn seal(&mut self, len: usize, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        tx.seal_data(&mut self.write, len).map_err(Misuse::of_outbox)?;
        self.traffic.count(1, len);
        Ok(())
    }

    /// Before data: sends an owed KeyUpdate, and updates a key that is used up (R12). False if pending bytes must be sent
    /// first.
    #[inline]
    fn prepare(&mut self, wanted: usize, tx: &mut OutboxView<'_>) -> Result<bool, Misuse> {
        if !self.owes && self.write.records_left() > 0 {
            return Ok(true);
        }
        self.update_before_data(wanted, tx)
    }

    fn update_before_data(&mut self, wanted: usize, tx: &mut OutboxView<'_>) -> Result<bool, Misuse> {
        tx.check_capacity(&self.write, key_update::LEN, wanted).map_err(Misuse::of_outbox)?;
        match self.pay(tx) {
            Err(Misuse::NoRoom { .. }) => return Ok(false), // an empty outbox has room
            paid => paid?,
        }
        if self.write.records_left() > 0 {
            return Ok(true);
        }
        // Without room for data after it the update is too early, unless the outbox is empty: then it is sent alone.
        let room =
            tx.has_room_for_message_and_data(&mut self.write, key_update::LEN, wanted).map_err(Misuse::of_outbox)?;
        if !room && !tx.is_empty() {
            return Ok(false);
        }
        self.send_key_update(KeyUpdateRequest::UPDATE_NOT_REQUESTED, tx)?;
        Ok(true)
    }
}

/// KeyUpdate (RFC 9846 §4.7.3).
impl Sending {
    /// Updates our key on our own initiative. This also answers the peer's requests.
    pub(super) fn update_key(&mut self, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        self.check(tx)?;
        self.send_key_update(KeyUpdateRequest::UPDATE_NOT_REQUESTED, tx)?;
        if core::mem::take(&mut self.owes) {
            tx.mark_owed();
        }
        Ok(())
    }

    pub(super) fn confirm(&mut self, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        self.check(tx)?;
        if self.requested {
            return Ok(());
        }
        self.pay(tx)?;
        self.send_key_update(KeyUpdateRequest::UPDATE_REQUESTED, tx)?;
        self.requested = true;
        Ok(())
    }

    pub(super) fn reply(&mut self, reply: &Reply, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        if reply.stamp != self.stamp {
            return Err(Misuse::ForeignReply);
        }
        self.check(tx)?;
        self.note(reply);
        self.pay(tx)
    }

    /// Notes a KeyUpdate of the peer, if it is new.
    pub(super) fn note(&mut self, reply: &Reply) {
        if reply.number > self.received {
            self.owes |= reply.wanted > self.received;
            self.received = reply.number;
            self.requested = false;
        }
    }

    /// Sends the KeyUpdate that is owed. While it is still in the outbox, it also answers later requests. After the last
    /// possible update requests are ignored.
    pub(super) fn pay(&mut self, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        if !self.owes || self.is_closed() || self.traffic.generation >= MAX_GENERATIONS {
            return Ok(());
        }
        if !tx.owes_peer() {
            self.send_key_update(KeyUpdateRequest::UPDATE_NOT_REQUESTED, tx)?;
            tx.mark_owed();
        }
        self.owes = false;
        Ok(())
    }

    /// Sends the message and updates our key.
    fn send_key_update(&mut self, request_update: KeyUpdateRequest, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        if self.traffic.generation >= MAX_GENERATIONS {
            return Err(Misuse::NotNow);
        }
        let secret = self.secret.as_ref().ok_or(Misuse::NotNow)?;
        let next = key_update::send(request_update, secret, &mut self.write, tx).map_err(Misuse::of_outbox)?;
        self.secret = Some(next);
        self.traffic.generation = self.traffic.generation.saturating_add(1);
        Ok(())
    }
}

/// Sleep.
impl Sending {
    /// Checks that nothing is pending in this half and its outbox.
    pub(super) fn check_idle(&self, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        self.check(tx)?;
        if self.owes || !tx.is_empty() { Err(Misuse::NotNow) } else { Ok(()) }
    }

    /// Takes out what is kept of an idle half.
    pub(super) fn fold(&mut self) -> Result<(Common, AsleepSending), Misuse> {
        let algorithms = self.write.algorithms().ok_or(Misuse::Closed)?;
        let asleep = AsleepSending {
            secret: self.secret.take().ok_or(Misuse::Closed)?,
            sequence: self.write.sequence().into(),
            record_size_limit: self.write.record_size_limit().to_ne_bytes(),
            traffic: self.traffic.into(),
            received: self.received.into(),
            requested: self.requested,
        };
        Ok((Common::new(self.stamp, algorithms), asleep))
    }

    pub(super) fn unfold(common: Common, asleep: AsleepSending, policy: &Policy) -> Result<Sending, CryptoFailed> {
        let (stamp, (suite, mode)) = (common.stamp, common.algorithms());
        let AsleepSending { secret, sequence, record_size_limit, traffic, received, requested } = asleep;
        let key = secret.key(suite, mode)?;
        let mut write = WriteProtection::resume(key, sequence.into(), u16::from_ne_bytes(record_size_limit));
        write.set_max_fragment(policy.max_fragment);
        let (traffic, received) = (traffic.into(), received.into());
        let write = DataProtection::new(write, policy);
        Ok(Sending { stamp: stamp.into(), write, secret: Some(secret), traffic, received, owes: false, requested })
    }
}

/// The end.
impl Sending {
    pub(super) fn close(&mut self, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        match self.abort(AlertDescription::CLOSE_NOTIFY, tx) {
            Err(Misuse::Closed) => self.check_outbox(tx),
            sent => sent,
        }
    }

    pub(super) fn abort(&mut self, alert: AlertDescription, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        self.check(tx)?;
        tx.alert(&mut self.write, alert).map_err(Misuse::of_outbox)?;
        if alert == AlertDescription::USER_CANCELED {
            // RFC 9846 §6.1: "This alert SHOULD be followed by a close_notify." The reserve has room for both.
            let _ = tx.alert(&mut self.write, AlertDescription::CLOSE_NOTIFY);
        }
        self.end();
        Ok(())
    }

    /// Sends the alert for an error, if the error has one and none was sent before. Returns whether it was sent.
    pub(super) fn send_alert(&mut self, error: &Error, tx: &mut OutboxView<'_>) -> bool {
        if !error.is_fatal() {
            return false;
        }
        // It has room, unless the whole outbox is smaller than the reserve for alerts.
        let sent = error.kind().alert().is_some_and(|alert| self.abort(alert, tx).is_ok());
        self.end();
        sent
    }

    /// We send nothing more, so our secret is forgotten. A failed connection must do so (RFC 9846 §6).
    fn end(&mut self) {
        self.secret = None;
        self.write.forget();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.secret.is_none()
    }

    pub(super) fn expose_secret(&self) -> &[u8] {
        self.secret.as_ref().map_or(&[], TrafficSecret::expose)
    }

    /// Checks that our direction is open and the outbox is ours (R1).
    fn check(&self, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        if self.is_closed() { Err(Misuse::Closed) } else { self.check_outbox(tx) }
    }

    pub(super) fn check_outbox(&self, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        if tx.belongs_to(self.stamp) { Ok(()) } else { Err(Misuse::ForeignOutbox) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{CryptoMode, HashAlgorithm, SharedSecret, Suite};
    use crate::policy::Policy;
    use crate::record::{Outbox, WriteProtection};
    use crate::role::Role;
    use crate::schedule::Early;
    use std::vec;
    use std::vec::Vec;

    fn sending(tx: &mut Outbox<Vec<u8>>, policy: &Policy) -> Sending {
        let suite = Suite::Aes128GcmSha256;
        let hash = HashAlgorithm::Sha256.hash(b"transcript");
        let main = Early::new(suite.hash()).handshake(SharedSecret::of_vector(&[7; 32])).main();
        let (secrets, _) = main.application(&hash);
        let mut write = WriteProtection::new(Role::Server);
        tx.view().replace_key(&mut write, secrets.server.key(suite, CryptoMode::Real).unwrap()).unwrap();
        Sending::new(1, DataProtection::new(write, policy), (0, secrets.server))
    }

    fn request(number: u64) -> Reply {
        Reply { stamp: 1, number, wanted: number }
    }

    // req: 9846-4.7.3-9, 9846-4.7.3-11
    #[test]
    fn at_the_last_generation_we_update_no_more_and_ignore_requests() {
        let mut tx = Outbox::new(vec![0; 1000]);
        let mut sending = sending(&mut tx, &Policy::new());
        sending.traffic.generation = (1 << 48) - 2;
        sending.reply(&request(1), &mut tx.view()).unwrap();
        assert_eq!(sending.traffic.generation, (1 << 48) - 1);
        assert_eq!(tx.pending().len(), 5 + 5 + 1 + 16, "the last KeyUpdate");
        let sent = tx.pending().len();
        assert_eq!(sending.reply(&request(2), &mut tx.view()), Ok(()));
        assert_eq!(sending.update_key(&mut tx.view()), Err(Misuse::NotNow));
        assert_eq!(sending.confirm(&mut tx.view()), Err(Misuse::NotNow));
        assert_eq!(tx.pending().len(), sent, "nothing is sent");
        assert_eq!(sending.write(b"data", &mut tx.view()), Ok(4), "the key itself is not used up");
    }

    /// `write` first returns the number of bytes taken. The next call returns the error.
    #[test]
    fn what_was_taken_is_returned_before_the_last_key_is_used_up() {
        let mut tx = Outbox::new(vec![0; 60_000]);
        let mut sending = sending(&mut tx, &Policy::new().update_after(2));
        sending.traffic.generation = MAX_GENERATIONS;
        let data = vec![7; 40_000];
        assert_eq!(sending.write(&data, &mut tx.view()), Ok(2 << 14), "two records");
        assert_eq!(sending.write(&data[2 << 14..], &mut tx.view()), Err(Misuse::NotNow));
    }
}
