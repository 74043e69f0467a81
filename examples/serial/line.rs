//! A serial line: bytes in order, a few at a time, in each direction.

use countersign::Role;
use std::collections::VecDeque;

/// The size of a UART's buffer.
const FIFO: usize = 16;

/// Both directions of the line.
#[derive(Default)]
pub struct Line {
    to_client: VecDeque<u8>,
    to_server: VecDeque<u8>,
}

impl Line {
    /// Takes as many bytes as have room, as a driver does. Returns how many.
    pub fn write(&mut self, from: Role, bytes: &[u8]) -> usize {
        let fifo = if from == Role::Client { &mut self.to_server } else { &mut self.to_client };
        let len = bytes.len().min(FIFO - fifo.len());
        fifo.extend(&bytes[..len]);
        len
    }

    /// Returns as many bytes as have come and fit. 0: none has come.
    pub fn read(&mut self, at: Role, space: &mut [u8]) -> usize {
        let fifo = if at == Role::Client { &mut self.to_client } else { &mut self.to_server };
        let len = space.len().min(fifo.len());
        for (place, byte) in space.iter_mut().zip(fifo.drain(..len)) {
            *place = byte;
        }
        len
    }
}
