//! The parts of tests that run with both carriers: memory and transport.

use crate::end::{End, InMemory};
use countersign::flow::{Flow, FlowInbox, FlowOutbox};
use countersign::{Error, Handshake, Inbox, Messages, Misuse, Outbox, Policy, Records};

/// A carrier in a test.
pub trait Carried: InMemory {
    /// Whether the alert of an error is in the outbox. Otherwise the error names the alert, and the transport conveys
    /// it.
    const WRITES_ALERTS: bool;

    fn inbox(len: usize) -> Self::Rx;
    fn outbox(len: usize) -> Self::Tx;
    /// The same outbox in other memory, if its contents fit.
    fn resized(tx: Self::Tx, len: usize) -> Result<Self::Tx, Self::Tx>;
    /// The same outbox after all pending bytes have been sent.
    fn emptied(tx: Self::Tx) -> Self::Tx;
    /// All pending bytes.
    fn pending(tx: &Self::Tx) -> Vec<u8>;
    /// Carries what the inbox takes now. False: something is left until the other end has been driven.
    fn carry(tx: &mut Self::Tx, rx: &mut Self::Rx) -> bool;
    /// Bytes that are illegal for the peer now.
    fn says_nonsense(hs: &Handshake<Policy, Self>, rx: &mut Self::Rx);
    /// Takes the session. Returns only whether there was one.
    fn finish(hs: &mut Handshake<Policy, Self>) -> Result<(), Misuse>;
}

impl Carried for Records {
    const WRITES_ALERTS: bool = true;

    fn inbox(len: usize) -> Inbox<Vec<u8>> {
        Inbox::new(vec![0; len])
    }

    fn outbox(len: usize) -> Outbox<Vec<u8>> {
        Outbox::new(vec![0; len])
    }

    fn resized(tx: Outbox<Vec<u8>>, len: usize) -> Result<Outbox<Vec<u8>>, Outbox<Vec<u8>>> {
        tx.move_into(vec![0; len]).map_err(|(tx, _)| tx)
    }

    fn emptied(mut tx: Outbox<Vec<u8>>) -> Outbox<Vec<u8>> {
        tx.sent(usize::MAX);
        tx
    }

    fn pending(tx: &Outbox<Vec<u8>>) -> Vec<u8> {
        tx.pending().to_vec()
    }

    fn carry(tx: &mut Outbox<Vec<u8>>, rx: &mut Inbox<Vec<u8>>) -> bool {
        let len = tx.pending().len().min(rx.space().len());
        rx.space()[..len].copy_from_slice(&tx.pending()[..len]);
        if len > 0 {
            rx.filled(len);
            tx.sent(len);
        }
        tx.pending().is_empty()
    }

    fn says_nonsense(_: &Handshake<Policy>, rx: &mut Inbox<Vec<u8>>) {
        let garbage = [21, 3, 3, 0, 3, 1, 2, 3]; // an alert of three bytes, or a record that does not open
        rx.space()[..garbage.len()].copy_from_slice(&garbage);
        rx.filled(garbage.len());
    }

    fn finish(hs: &mut Handshake<Policy>) -> Result<(), Misuse> {
        hs.finish().map(drop)
    }
}

impl InMemory for Messages {
    type Rx = FlowInbox<Vec<u8>>;
    type Tx = FlowOutbox<Vec<u8>>;
}

impl Carried for Messages {
    const WRITES_ALERTS: bool = false;

    fn inbox(len: usize) -> FlowInbox<Vec<u8>> {
        FlowInbox::new(vec![0; len])
    }

    fn outbox(len: usize) -> FlowOutbox<Vec<u8>> {
        FlowOutbox::new(vec![0; len])
    }

    fn resized(tx: FlowOutbox<Vec<u8>>, len: usize) -> Result<FlowOutbox<Vec<u8>>, FlowOutbox<Vec<u8>>> {
        tx.move_into(vec![0; len]).map_err(|(tx, _)| tx)
    }

    fn emptied(mut tx: FlowOutbox<Vec<u8>>) -> FlowOutbox<Vec<u8>> {
        while tx.pending().is_some() {
            tx.sent(usize::MAX);
        }
        tx
    }

    fn pending(tx: &FlowOutbox<Vec<u8>>) -> Vec<u8> {
        tx.pending().map_or(vec![], |(epoch, bytes)| [&[epoch as u8], bytes].concat())
    }

    fn carry(tx: &mut FlowOutbox<Vec<u8>>, rx: &mut FlowInbox<Vec<u8>>) -> bool {
        while let Some((epoch, bytes)) = tx.pending() {
            let taken = rx.feed(epoch, bytes);
            tx.sent(taken);
            if taken == 0 {
                return false; // drive the other epoch's bytes first
            }
        }
        true
    }

    fn says_nonsense(hs: &Flow<Policy>, rx: &mut FlowInbox<Vec<u8>>) {
        rx.feed(hs.read_epoch(), &[99, 0, 0, 0]);
    }

    fn finish(hs: &mut Flow<Policy>) -> Result<(), Misuse> {
        hs.finish().map(drop)
    }
}

impl<C: Carried> End<'_, C> {
    /// Carries the pending bytes of this end to the other one, which is driven if it does not take all at once.
    pub fn tells(&mut self, other: &mut End<'_, C>) -> Result<(), Error> {
        while !C::carry(&mut self.tx, &mut other.rx) {
            other.drive()?;
        }
        Ok(())
    }
}

/// Makes one test of each function for each carrier.
macro_rules! on_both_carriers {
    ($($story:ident),* $(,)?) => {
        mod over_records {
            $(#[test] fn $story() { super::$story::<countersign::Records>(); })*
        }
        mod by_messages {
            $(#[test] fn $story() { super::$story::<countersign::Messages>(); })*
        }
    };
}
pub(crate) use on_both_carriers;
