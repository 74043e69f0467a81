//! A serial line: bytes in order, a few at a time, each way by itself.

use countersign::Role;
use std::collections::VecDeque;

/// What a UART's buffer holds.
const FIFO: usize = 16;

/// Both directions of the line.
#[derive(Default)]
pub struct Line {
    to_client: VecDeque<u8>,
    to_server: VecDeque<u8>,
}

impl Line {
    /// Takes what has room, as a driver does; how much that was.
    pub fn write(&mut self, from: Role, bytes: &[u8]) -> usize {
        let fifo = if from == Role::Client { &mut self.to_server } else { &mut self.to_client };
        let len = bytes.len().min(FIFO - fifo.len());
        fifo.extend(&bytes[..len]);
        len
    }

    /// Gives what has come, as far as there is space; how much that was. 0: nothing, by now.
    pub fn read(&mut self, at: Role, space: &mut [u8]) -> usize {
        let fifo = if at == Role::Client { &mut self.to_client } else { &mut self.to_server };
        let len = space.len().min(fifo.len());
        for (place, byte) in space.iter_mut().zip(fifo.drain(..len)) {
            *place = byte;
        }
        len
    }
}
