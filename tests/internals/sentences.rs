//! What the errors of the lower layers say. Most of it is the end of a sentence of `Error`.

use countersign::CryptoFailed;
use countersign::internals::codec::{Malformed, NotWritten};
use countersign::internals::crypto::KxError;
use countersign::internals::schedule::BadFinished;
use std::collections::BTreeSet;

#[test]
fn each_says_something_of_its_own_in_one_line() {
    let malformed = [
        Malformed::Truncated,
        Malformed::TrailingBytes,
        Malformed::EmptyVector,
        Malformed::BadLength,
        Malformed::DuplicateExtension,
        Malformed::BadServerNames,
        Malformed::NotOneElement,
        Malformed::UnknownStatusType,
    ];
    let mut sentences: Vec<String> = malformed.iter().map(ToString::to_string).collect();
    sentences.extend([KxError::BadShare, KxError::Failed].iter().map(ToString::to_string));
    sentences.extend([CryptoFailed.to_string(), BadFinished.to_string()]);
    for sentence in &sentences {
        assert!(sentence.contains(' ') && !sentence.contains('\n') && !sentence.ends_with('.'), "{sentence:?}");
    }
    assert_eq!(sentences.iter().collect::<BTreeSet<_>>().len(), sentences.len(), "{sentences:?}");
}

#[test]
fn what_was_not_written_is_told_in_numbers() {
    let (room, long) = (NotWritten::NoRoom { needed: 1234 }, NotWritten::TooLong { length: 70_000, limit: 65_535 });
    assert!(room.to_string().contains("1234 bytes"), "{room}");
    assert!(long.to_string().contains("70000 bytes") && long.to_string().contains("at most 65535"), "{long}");
}
