//! The sending half of a session.

use crate::codec::{AlertDescription, KeyUpdate, KeyUpdateRequest, MESSAGE_HEADER, Writer};
use crate::error::{Error, ErrorKind, Misuse};
use crate::limits::MAX_GENERATIONS;
use crate::memory::Memory;
use crate::record::{Outbox, OutboxView, WriteProtection};
use crate::schedule::TrafficSecret;
use core::ops::Range;

/// The length of a KeyUpdate.
const KEY_UPDATE: usize = MESSAGE_HEADER + 1;

/// A KeyUpdate of the peer: give it to [`Sender::reply`] before our next data. A later one stands for all before it.
#[must_use = "give it to Sender::reply"]
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// How many KeyUpdates the peer has sent, this one included; it wraps.
    pub(super) number: u32,
    /// The number of the last one that wanted an answer.
    pub(super) wanted: u32,
}

/// The sending half of a session: its memory is the outbox.
pub struct Sender {
    write: WriteProtection,
    /// application_traffic_secret_N. `None`: we have said our last.
    secret: Option<TrafficSecret>,
    /// N.
    generation: u64,
    /// The number of the peer's last KeyUpdate that we know of.
    received: u32,
    /// The peer wants a KeyUpdate that has not been sent.
    pub(super) owes: bool,
    /// We want one that we have not heard of.
    requested: bool,
    closed: bool,
}

impl Sender {
    pub(super) fn new(write: WriteProtection, secret: TrafficSecret) -> Sender {
        Sender { write, secret: Some(secret), generation: 0, received: 0, owes: false, requested: false, closed: false }
    }

    /// Copies and seals as much of `data` as `tx` has room for, in records as long as the peer takes them, and says how
    /// many bytes that was. 0: send what is pending first. The write key is updated when it is time (RFC 9846 §5.5).
    ///
    /// # Errors
    /// [`Misuse::Closed`] after close_notify or an alert; [`Misuse::NoRoom`] if even an empty outbox is too small;
    /// [`Misuse::NotNow`] if the last key is used up. None after data has been taken: the next call says it.
    pub fn write<T: Memory>(&mut self, data: &[u8], tx: &mut Outbox<T>) -> Result<usize, Misuse> {
        let mut tx = tx.view();
        let mut taken = 0usize;
        while let Some(rest) = data.get(taken..).filter(|rest| !rest.is_empty()) {
            match self.write_some(rest, &mut tx) {
                Ok(0) => break,
                Ok(n) => taken = taken.saturating_add(n),
                Err(_) if taken > 0 => break, // what has been taken is told first, the next call says why no more is
                Err(misuse) => return Err(misuse),
            }
        }
        Ok(taken)
    }

    /// As much of `data` as one key and the room that there is allow.
    fn write_some(&mut self, data: &[u8], tx: &mut OutboxView<'_>) -> Result<usize, Misuse> {
        if !self.keep_key_fresh(data.len(), tx)? {
            return Ok(0);
        }
        tx.write_data(&mut self.write, data).map_err(Misuse::of_outbox)
    }

    /// The place in `tx` for the content of the next record: put it there and [`seal`](Self::seal) it, and nothing is
    /// copied. At least `wanted` bytes, or as many as one record takes in this outbox; empty: send what is pending first.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn body<'t, T: Memory>(&mut self, wanted: usize, tx: &'t mut Outbox<T>) -> Result<&'t mut [u8], Misuse> {
        let place = self.place_body(wanted, &mut tx.view())?;
        Ok(tx.at(place))
    }

    fn place_body(&mut self, wanted: usize, tx: &mut OutboxView<'_>) -> Result<Range<usize>, Misuse> {
        if !self.keep_key_fresh(wanted, tx)? {
            return Ok(0..0);
        }
        tx.place_body(&mut self.write, wanted).map_err(Misuse::of_outbox)
    }

    /// Seals the first `len` bytes of [`body`](Self::body) as one record; it may be empty.
    ///
    /// # Errors
    /// [`Misuse::Closed`]; [`Misuse::NoRoom`] if `len` is more than [`body`](Self::body) gave.
    pub fn seal<T: Memory>(&mut self, len: usize, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.check_open()?;
        let mut tx = tx.view();
        match tx.seal_body(&mut self.write, len) {
            // The update that must go first had no room, and `body` gave nothing.
            Err(ErrorKind::KeyExhausted) if self.generation < MAX_GENERATIONS => {
                Err(Misuse::NoRoom { needed: tx.needed_for_message_and_data(&self.write, KEY_UPDATE, len) })
            }
            sealed => sealed.map_err(Misuse::of_outbox),
        }
    }

    /// Changes our write key now: a KeyUpdate that asks for nothing (RFC 9846 §4.7.3).
    ///
    /// # Errors
    /// [`Misuse::Closed`]; [`Misuse::NoRoom`]; [`Misuse::NotNow`] after 2^48 - 1 updates.
    pub fn update_key<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.check_open()?;
        self.send_key_update(KeyUpdateRequest::UPDATE_NOT_REQUESTED, &mut tx.view())
    }

    /// Asks the peer to answer under a new key: a KeyUpdate that requests one. A client learns by the answer that a
    /// conforming server has processed its Finished. While a request is outstanding, nothing is sent.
    ///
    /// # Errors
    /// As [`update_key`](Self::update_key).
    pub fn confirm<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.check_open()?;
        if self.requested {
            return Ok(());
        }
        self.send_key_update(KeyUpdateRequest::UPDATE_REQUESTED, &mut tx.view())?;
        self.requested = true;
        Ok(())
    }

    /// Answers the peer's KeyUpdates up to this one, if they want an answer that has not been given.
    ///
    /// # Errors
    /// [`Misuse::Closed`]: nothing is owed any more; [`Misuse::NoRoom`]: send what is pending, and reply again.
    pub fn reply<T: Memory>(&mut self, reply: &Reply, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.check_open()?;
        self.note(reply);
        self.pay(&mut tx.view())
    }

    /// Takes note of a KeyUpdate of the peer, if it is news.
    pub(super) fn note(&mut self, reply: &Reply) {
        let is_new = |number: u32| (1..1 << 31).contains(&number.wrapping_sub(self.received));
        if is_new(reply.number) {
            self.owes |= is_new(reply.wanted);
            self.received = reply.number;
            self.requested = false;
        }
    }

    /// Sends the KeyUpdate that is owed. Once the generations are used up, requests are ignored (RFC 9846 §4.7.3).
    #[inline]
    pub(super) fn pay(&mut self, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        if self.owes && !self.closed && self.generation < MAX_GENERATIONS {
            self.send_key_update(KeyUpdateRequest::UPDATE_NOT_REQUESTED, tx)?;
            self.owes = false;
        }
        Ok(())
    }

    /// Sends close_notify: we send nothing more, and may go on receiving. A second call does nothing.
    ///
    /// # Errors
    /// [`Misuse::NoRoom`] if the outbox has no room even for an alert.
    pub fn close<T: Memory>(&mut self, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        match self.abort(AlertDescription::CLOSE_NOTIFY, tx) {
            Err(Misuse::Closed) => Ok(()),
            sent => sent,
        }
    }

    /// Ends the connection with an alert of the application's choice.
    ///
    /// # Errors
    /// [`Misuse::Closed`]; [`Misuse::NoRoom`] if the outbox has no room even for an alert.
    pub fn abort<T: Memory>(&mut self, alert: AlertDescription, tx: &mut Outbox<T>) -> Result<(), Misuse> {
        self.say_last(alert, &mut tx.view())
    }

    fn say_last(&mut self, alert: AlertDescription, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        self.check_open()?;
        tx.alert(&mut self.write, alert).map_err(Misuse::of_outbox)?;
        self.end();
        Ok(())
    }

    /// Tells the peer of an error of the [`crate::Receiver`]: exactly one alert, if one is due and none has gone before.
    /// Nothing can be sent after it.
    pub fn alert<T: Memory>(&mut self, error: &Error, tx: &mut Outbox<T>) {
        self.alert_in(error, &mut tx.view());
    }

    /// The same, whoever owns the memory.
    pub(super) fn alert_in(&mut self, error: &Error, tx: &mut OutboxView<'_>) {
        if !error.is_fatal() {
            return;
        }
        if let Some(alert) = error.kind().alert() {
            // There is always room for it, if the outbox has room for anything at all.
            let _ = self.say_last(alert, tx);
        }
        self.end();
    }

    /// We have said our last: what would protect more is forgotten. A failed connection must (RFC 9846 §6).
    fn end(&mut self) {
        self.closed = true;
        self.secret = None;
        self.write = WriteProtection::server();
    }

    /// Whether we have sent close_notify or an alert.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Our present traffic secret: whoever has it reads what we send.
    pub fn expose_secret(&self) -> &[u8] {
        self.secret.as_ref().map_or(&[], TrafficSecret::expose)
    }

    fn check_open(&self) -> Result<(), Misuse> {
        if self.closed { Err(Misuse::Closed) } else { Ok(()) }
    }

    /// Updates the write key if it is used up. False: the update, and so much data behind it, have no room before
    /// pending bytes have been sent.
    #[inline]
    fn keep_key_fresh(&mut self, wanted: usize, tx: &mut OutboxView<'_>) -> Result<bool, Misuse> {
        self.check_open()?;
        if self.write.records_left() > 0 {
            return Ok(true);
        }
        // An update that no data follows is made too early. In an empty outbox it cannot be helped: it goes alone.
        let room = tx.has_room_for_message_and_body(&mut self.write, KEY_UPDATE, wanted).map_err(Misuse::of_outbox)?;
        if !room && !tx.is_empty() {
            return Ok(false);
        }
        self.send_key_update(KeyUpdateRequest::UPDATE_NOT_REQUESTED, tx)?;
        Ok(true)
    }

    /// KeyUpdate (RFC 9846 §4.7.3), and the next generation of our key.
    fn send_key_update(&mut self, request_update: KeyUpdateRequest, tx: &mut OutboxView<'_>) -> Result<(), Misuse> {
        if self.generation >= MAX_GENERATIONS {
            return Err(Misuse::NotNow);
        }
        let mut message = [0; KEY_UPDATE];
        let mut writer = Writer::new(&mut message);
        KeyUpdate { request_update }.write(&mut writer);
        tx.append_handshake(&mut self.write, message.len(), |memory| memory.copy_from_slice(&message))
            .map_err(Misuse::of_outbox)?;
        let secret = self.secret.take().ok_or(Misuse::NotNow)?.next();
        let (suite, crypto) = self.write.algorithms().ok_or(Misuse::NotNow)?;
        let key = secret.key(suite, crypto).map_err(|_| Misuse::NotNow)?;
        self.secret = Some(secret);
        self.write.replace_key(tx, key).map_err(Misuse::of_outbox)?;
        self.generation = self.generation.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{CryptoMode, HashAlgorithm, SharedSecret, Suite};
    use crate::schedule::Early;
    use std::vec;

    fn sender(tx: &mut Outbox<vec::Vec<u8>>) -> Sender {
        let suite = Suite::Aes128GcmSha256;
        let hash = HashAlgorithm::Sha256.hash(b"transcript");
        let main = Early::new(suite.hash()).handshake(SharedSecret::of_vector(&[7; 32])).main();
        let (secrets, _) = main.application(&hash);
        let mut write = WriteProtection::server();
        write.replace_key(&mut tx.view(), secrets.server.key(suite, CryptoMode::Real).unwrap()).unwrap();
        Sender::new(write, secrets.server)
    }

    // req: 9846-4.7.3-9, 9846-4.7.3-11
    #[test]
    fn at_the_last_generation_we_update_no_more_and_ignore_requests() {
        let mut tx = Outbox::new(vec![0; 1000]);
        let mut sender = sender(&mut tx);
        sender.generation = (1 << 48) - 2;
        sender.reply(&Reply { number: 1, wanted: 1 }, &mut tx).unwrap();
        assert_eq!(sender.generation, (1 << 48) - 1);
        assert_eq!(tx.pending().len(), 5 + 5 + 1 + 16, "the last KeyUpdate");
        let sent = tx.pending().len();
        assert_eq!(sender.reply(&Reply { number: 2, wanted: 2 }, &mut tx), Ok(()));
        assert_eq!(sender.update_key(&mut tx), Err(Misuse::NotNow));
        assert_eq!(sender.confirm(&mut tx), Err(Misuse::NotNow));
        assert_eq!(tx.pending().len(), sent, "nothing is sent");
        assert_eq!(sender.write(b"data", &mut tx), Ok(4), "the key itself is not used up");
    }
    /// Whoever writes is told how much has gone before it is told that nothing more goes.
    #[test]
    fn what_was_taken_is_told_before_the_last_key_is_used_up() {
        let mut tx = Outbox::new(vec![0; 60_000]);
        let mut sender = sender(&mut tx);
        sender.generation = MAX_GENERATIONS;
        sender.write.set_update_after(2);
        let data = vec![7; 40_000];
        assert_eq!(sender.write(&data, &mut tx), Ok(2 << 14), "two records");
        assert_eq!(sender.write(&data[2 << 14..], &mut tx), Err(Misuse::NotNow));
    }
}
