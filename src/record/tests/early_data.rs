//! Early data is never accepted. It is dropped where a client may have sent it (RFC 9846 §4.3.10).

use super::*;
use crate::limits::MAX_EARLY_DATA;
use Opened::{Dropped, Handshake};

/// A server after its ServerHello, if the client has offered early data.
const SKIP_UNOPENED: Expect = Expect { early_data: EarlyData::Unopened, ..IN_HANDSHAKE };
/// The same after its HelloRetryRequest.
const SKIP_PROTECTED: Expect = Expect { early_data: EarlyData::Protected, ..IN_HANDSHAKE };

#[test]
fn early_data_is_dropped_until_a_record_opens_and_the_sequence_number_stays() {
    let early = protected(&key(SUITE, 9), 0, DATA, b"early data");
    let short = plain(DATA, &[0; 7]);
    let finished = protected(&key(SUITE, 1), 0, HANDSHAKE, b"x");
    let bytes = [early.clone(), plain(CCS, &[1]), short, early.clone(), finished].concat();
    let expected = vec![Dropped, Dropped, Dropped, Dropped, Handshake];
    assert_eq!(open_with_key(&bytes, SKIP_UNOPENED), Ok(expected));
    assert_eq!(open_with_key(&[bytes.clone(), early.clone()].concat(), SKIP_UNOPENED), Err(ErrorKind::BadRecordMac));
    assert_eq!(open_with_key(&early, IN_HANDSHAKE), Err(ErrorKind::BadRecordMac), "not offered");
}

#[test]
fn after_hello_retry_request_protected_records_are_dropped_by_their_outer_type() {
    let early = protected(&key(SUITE, 9), 0, DATA, b"early data");
    let bytes = [early.clone(), early.clone(), plain(HANDSHAKE, b"x")].concat();
    assert_eq!(open_plain(&bytes, SKIP_PROTECTED), Ok(vec![Dropped, Dropped, Handshake]));
    assert_eq!(open_plain(&early, IN_HANDSHAKE), Err(unexpected(DATA)), "not offered");
    let amid = [plain(HANDSHAKE, b"x"), early].concat();
    assert_eq!(open_plain(&amid, SKIP_PROTECTED), Err(ErrorKind::InterleavedRecord));
}

#[test]
fn early_data_is_bounded() {
    let limit = MAX_EARLY_DATA as usize;
    for parts in [vec![limit], vec![limit - 100, 100], vec![64; limit / 64]] {
        let fits: Vec<u8> = parts.iter().flat_map(|&len| plain(DATA, &vec![0; len])).collect();
        let too_much = [fits.clone(), plain(DATA, &[0])].concat();
        assert!(open_with_key(&fits, SKIP_UNOPENED).is_ok());
        assert_eq!(open_with_key(&too_much, SKIP_UNOPENED), Err(ErrorKind::TooMuchEarlyData));
        assert!(open_plain(&fits, SKIP_PROTECTED).is_ok());
        assert_eq!(open_plain(&too_much, SKIP_PROTECTED), Err(ErrorKind::TooMuchEarlyData));
    }
    assert_eq!(
        open_plain(&[23, 3, 3, 0x40, 0x01], SKIP_PROTECTED),
        Err(ErrorKind::TooMuchEarlyData),
        "from the header"
    );
    // No connection has such records (RFC 9846 §5.2), so it is no early data either.
    assert_eq!(open_plain(&[23, 3, 3, 0x41, 0x00], SKIP_PROTECTED), Err(ErrorKind::TooMuchEarlyData));
    let overflow = ErrorKind::record_overflow(0x4101, 0x4100);
    assert_eq!(open_plain(&[23, 3, 3, 0x41, 0x01], SKIP_PROTECTED), Err(overflow));
}

#[test]
fn early_data_larger_than_the_memory_is_dropped_as_it_comes() {
    let bytes = [plain(DATA, &vec![0; 16_000]), plain(HANDSHAKE, b"x")].concat();
    let mut rx = Inbox::new([0; 64]);
    let mut protection = ReadProtection::new();
    let mut sent = 0;
    let mut opened = Vec::new();
    while opened.last() != Some(&Handshake) {
        if let Some(what) = protection.open(&mut rx.view(), SKIP_PROTECTED).unwrap() {
            opened.push(what);
            continue;
        }
        protection.want_more(&rx.view()).unwrap();
        sent += receive(&mut rx, &bytes[sent..]);
    }
    assert_eq!(opened, [Dropped, Handshake]);
}

#[test]
fn early_data_beyond_our_record_size_limit_is_dropped_as_it_comes() {
    let mut protection = with_key(key(SUITE, 1));
    protection.set_record_size_limit(64);
    let bytes = [plain(DATA, &vec![0; 10_000]), protected(&key(SUITE, 1), 0, HANDSHAKE, b"x")].concat();
    let mut rx = Inbox::new([0; 85]);
    let mut sent = 0;
    let mut dropped = 0;
    loop {
        match protection.open(&mut rx.view(), SKIP_UNOPENED).unwrap() {
            Some(Dropped) => dropped += 1,
            Some(opened) => break assert_eq!((opened, dropped), (Handshake, 1)),
            None => {
                protection.want_more(&rx.view()).unwrap();
                sent += receive(&mut rx, &bytes[sent..]);
            }
        }
    }
}
