//! Memory for records, lent to connections while they need it.
//!
//! It is not wiped between two connections. It contains data that the program had as plaintext in any case, never a key.
//! A connection shows only what it has opened itself: if a faulty transport returned old bytes of this memory, they
//! would have to be a valid record of the peer. Wiping would cost time with each record.

use crate::{Inbox, Outbox};
use std::cell::RefCell;
use std::{mem, vec, vec::Vec};

/// How many of each size a thread keeps: enough for the connections that one poll needs.
const KEPT: usize = 4;

std::thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

fn take(len: usize) -> Vec<u8> {
    let kept = FREE.try_with(|free| {
        let mut free = free.try_borrow_mut().ok()?;
        // The last one returned, which is still in the processor's cache.
        let at = free.iter().rposition(|memory| memory.len() == len)?;
        Some(free.remove(at))
    });
    kept.ok().flatten().unwrap_or_else(|| vec![0; len])
}

fn give(memory: Vec<u8>, usual: usize) {
    if memory.len() == usual {
        let _ = FREE.try_with(|free| {
            if let Ok(mut free) = free.try_borrow_mut()
                && free.iter().filter(|memory| memory.len() == usual).count() < KEPT
            {
                free.push(memory);
            }
        });
    }
}

/// Gives memory to an inbox that has none.
pub(super) fn lend_inbox(rx: &mut Inbox<Vec<u8>>, len: usize) {
    if rx.capacity() == 0 {
        *rx = Inbox::new(take(len));
    }
}

/// Takes the memory of an empty inbox.
pub(super) fn take_back_inbox(rx: &mut Inbox<Vec<u8>>, usual: usize) {
    match mem::replace(rx, Inbox::new(Vec::new())).into_memory() {
        Ok(memory) => give(memory, usual),
        Err(held) => *rx = held,
    }
}

/// Gives memory to an outbox that has none.
pub(super) fn lend_outbox(tx: &mut Outbox<Vec<u8>>, len: usize) {
    if tx.capacity() == 0 {
        *tx = Outbox::new(take(len));
    }
}

/// Takes the memory of an empty outbox.
pub(super) fn take_back_outbox(tx: &mut Outbox<Vec<u8>>, usual: usize) {
    match mem::replace(tx, Outbox::new(Vec::new())).into_memory() {
        Ok(memory) => give(memory, usual),
        Err(held) => *tx = held,
    }
}
