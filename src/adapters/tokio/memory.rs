//! Memory for records, lent to connections that have something to do.
//!
//! It is not wiped between two of them. What is left in it is data that the program had in the clear anyway, never a key; a
//! connection shows only what it has opened itself, and whatever else a transport were to bring up from there would have to
//! pass for a record of the peer. Wiping would
//! be paid for with each record.

use crate::{Inbox, Outbox};
use std::cell::RefCell;
use std::{mem, vec, vec::Vec};

/// Of each size so many are kept, per thread: enough for the connections that one poll touches.
const KEPT: usize = 4;

std::thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

fn take(len: usize) -> Vec<u8> {
    let kept = FREE.try_with(|free| {
        let mut free = free.try_borrow_mut().ok()?;
        // The last one that came back: the processor still has it at hand.
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

/// Gives an inbox its memory back, if it has none.
pub(super) fn lend_inbox(rx: &mut Inbox<Vec<u8>>, len: usize) {
    if rx.capacity() == 0 {
        *rx = Inbox::new(take(len));
    }
}

/// Takes the memory of an inbox that holds nothing.
pub(super) fn take_back_inbox(rx: &mut Inbox<Vec<u8>>, usual: usize) {
    match mem::replace(rx, Inbox::new(Vec::new())).into_memory() {
        Ok(memory) => give(memory, usual),
        Err(held) => *rx = held,
    }
}

/// Gives an outbox its memory back, if it has none.
pub(super) fn lend_outbox(tx: &mut Outbox<Vec<u8>>, len: usize) {
    if tx.capacity() == 0 {
        *tx = Outbox::new(take(len));
    }
}

/// Takes the memory of an outbox that holds nothing.
pub(super) fn take_back_outbox(tx: &mut Outbox<Vec<u8>>, usual: usize) {
    match mem::replace(tx, Outbox::new(Vec::new())).into_memory() {
        Ok(memory) => give(memory, usual),
        Err(held) => *tx = held,
    }
}
