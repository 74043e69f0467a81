//! `halves`: both sessions of a connection are split, as for two threads each: replies to KeyUpdates and alerts come
//! late, in any order with data, key updates, close and abort. The received data is the sent data, in order. An end is
//! reported as orderly only if the peer has closed. Nothing fails without a cause.

use super::choices::Choices;
use super::end::{End, connected, gets, policy};
use super::wire::text;
use countersign::{Alert, AlertDescription, Error, ErrorKind, Event, Misuse, Receiver, Reply, Role, Sender};

struct Half {
    end: End,
    sender: Sender,
    receiver: Receiver,
    /// Replies that the sender has not received yet.
    replies: Vec<Reply>,
    /// The number of bytes sent and received.
    wrote: usize,
    read: usize,
    wire: Vec<u8>,
    closed: bool,
    aborted: Option<AlertDescription>,
    /// The greatest number of KeyUpdates that it has sent.
    updates: usize,
    error: Option<Error>,
    peer_closed: bool,
}

/// The first byte: bits 0-1, the policy; bit 2, null cryptography. Then actions: bit 7, the end; bits 4-6, the action;
/// bits 0-3, its amount.
pub fn halves(data: &[u8]) {
    let mut choices = Choices::new(data);
    let how = choices.byte();
    let null = how & 4 != 0;
    let pair = connected(policy(usize::from(how & 3) % 3, null), null);
    let mut halves = pair.map(|(end, session)| {
        let (sender, receiver, _) = session.split();
        Half {
            end,
            sender,
            receiver,
            replies: Vec::new(),
            wrote: 0,
            read: 0,
            wire: Vec::new(),
            closed: false,
            aborted: None,
            updates: 1, // a server confirms its client by one
            error: None,
            peer_closed: false,
        }
    });
    while !choices.is_empty() {
        let act = choices.byte();
        let (one, two) = halves.split_at_mut(1);
        let (ours, theirs) = if act & 0x80 == 0 { (&mut one[0], &mut two[0]) } else { (&mut two[0], &mut one[0]) };
        let much = usize::from(act & 15);
        match act >> 4 & 7 {
            0 => ours.write(much * much * much),
            1 => ours.update(much),
            2 => ours.receive(theirs),
            3 => ours.reply(much),
            4 => theirs.brings(&mut ours.wire, (much + 1) * (much + 1) * 8),
            5 if much == 15 => ours.abort(AlertDescription(80)),
            5 if much > 12 => ours.close(),
            _ => {
                theirs.brings(&mut ours.wire, usize::MAX);
                theirs.receive(ours);
            }
        }
        ours.flush();
    }
    // In the end everything that was sent arrives.
    let mut before = None;
    while before != Some(halves.each_ref().map(Half::progress)) {
        before = Some(halves.each_ref().map(Half::progress));
        let [one, two] = &mut halves;
        one.flush();
        two.brings(&mut one.wire, usize::MAX);
        two.receive(one);
        two.flush();
        one.brings(&mut two.wire, usize::MAX);
        one.receive(two);
    }
    let [one, two] = &halves;
    for (from, to) in [(one, two), (two, one)] {
        if from.error.is_none() && to.error.is_none() && from.aborted.is_none() && to.aborted.is_none() {
            assert_eq!(to.read, from.wrote, "all of it");
            assert_eq!(to.peer_closed, from.closed, "close_notify");
        }
    }
}

impl Half {
    /// What changes while something is on its way.
    fn progress(&self) -> (usize, usize, bool) {
        (self.read, self.wire.len(), self.peer_closed)
    }

    fn is_over(&self) -> bool {
        self.closed || self.aborted.is_some() || self.error.is_some()
    }

    fn write(&mut self, len: usize) {
        match self.sender.write(text(self.wrote, len), &mut self.end.tx) {
            Ok(n) => {
                assert!(!self.is_over(), "data after the last words");
                self.wrote += n;
                self.updates += usize::from(n > 0);
            }
            Err(Misuse::NoRoom { .. }) => {}
            Err(misuse) => assert!(misuse == Misuse::Closed && self.is_over(), "{misuse}"),
        }
    }

    fn update(&mut self, much: usize) {
        let updated = match much {
            0..8 => self.sender.update_key(&mut self.end.tx),
            _ => self.sender.confirm(&mut self.end.tx).inspect(|()| self.receiver.expect_key_update()),
        };
        self.updates += 1;
        assert!(updated != Err(Misuse::Closed) || self.is_over());
    }

    /// Passes replies to the sender: the latest one first, or all.
    fn reply(&mut self, much: usize) {
        if much < 8 && self.replies.len() > 1 {
            let last = self.replies.pop();
            self.replies.clear();
            self.replies.extend(last);
        }
        while let Some(reply) = self.replies.first() {
            match self.sender.reply(reply, &mut self.end.tx) {
                Err(Misuse::NoRoom { .. }) => return,
                Err(misuse) => assert!(misuse == Misuse::Closed && self.is_over(), "{misuse}"),
                Ok(()) => self.updates += 1,
            }
            drop(self.replies.remove(0));
        }
    }

    fn close(&mut self) {
        match self.sender.close(&mut self.end.tx) {
            Ok(()) => self.closed |= self.aborted.is_none() && self.error.is_none(),
            Err(misuse) => assert!(matches!(misuse, Misuse::NoRoom { .. } | Misuse::Closed), "{misuse}"),
        }
    }

    fn abort(&mut self, alert: AlertDescription) {
        let before = self.is_over();
        if self.sender.abort(alert, &mut self.end.tx).is_ok() && !before {
            self.aborted = Some(alert);
        }
    }

    fn flush(&mut self) {
        let sent = self.end.sends();
        self.wire.extend(sent);
    }

    fn brings(&mut self, wire: &mut Vec<u8>, len: usize) {
        let len = gets(&mut self.end.rx, &wire[..len.min(wire.len())]);
        wire.drain(..len);
    }

    fn receive(&mut self, from: &Half) {
        loop {
            match self.receiver.receive(&mut self.end.rx) {
                Ok(Event::Read | Event::Closed) if self.peer_closed => return,
                Ok(Event::Read) => return,
                Ok(Event::Confirmed) => assert_eq!(self.end.role, Role::Client),
                Ok(Event::Owed(reply)) => self.replies.push(reply),
                Ok(Event::Closed) => {
                    assert!(from.closed, "closed by nobody");
                    assert_eq!(self.read, from.wrote, "close_notify before all of it");
                    self.peer_closed = true;
                }
                Ok(Event::Data) => {
                    let data = self.end.rx.data();
                    assert_eq!(data, text(self.read, data.len()), "data as it was sent");
                    self.read += data.len();
                    assert!(self.read <= from.wrote, "data that nobody has sent");
                    self.end.rx.consume(self.end.rx.data().len());
                }
                Err(error) if !error.is_fatal() => self.end.grow(error),
                Err(error) => return self.failed(error, from),
            }
        }
    }

    fn failed(&mut self, error: Error, from: &Half) {
        assert!(!matches!(error.kind(), ErrorKind::CryptoFailed | ErrorKind::Bug), "{error}");
        assert!(!matches!(error.alert(), Some(Alert::Sent(_))), "a receiver cannot know that an alert was sent");
        if let Some(before) = self.error {
            assert_eq!(before.kind(), error.kind(), "an error stays");
            return;
        }
        let told = from.aborted.is_some() || from.error.is_some();
        assert!(told || from.updates > 32, "nobody has broken anything: {error}");
        let alert = self.sender.alert(&error, &mut self.end.tx).expect("its own outbox");
        assert!(!self.closed || !matches!(alert.alert(), Some(Alert::Sent(_))), "an alert after close_notify");
        self.error = Some(error);
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for how in 0..8 {
        for last in [0x5d, 0x5f, 0xdd, 0xdf, 0x60] {
            seeds.push(vec![how, 0x05, 0x85, 0x60, 0xe0, 0x18, 0x60, 0xb8, 0x85, 0x30, 0x45, 0x20, last, 0x60, 0xe0]);
        }
        seeds.push([&[how][..], &[0x11, 0x60, 0x91, 0xe0].repeat(20)].concat());
        seeds.push([&[how][..], &[0x0f, 0x46, 0x20, 0x18, 0x38, 0xb8].repeat(12)].concat());
    }
    seeds
}
