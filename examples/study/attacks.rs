//! Attacks, which all fail.

use crate::end::{Failure, Sight};
use countersign::internals::crypto::{AeadKey, CryptoMode};
use countersign::study::{Connection, KeyLog, explain};
use countersign::{CipherSuite, Role, Suite};

/// Changes one bit of the random in ServerHello. It is in plaintext, so anybody on the path can do it.
#[allow(clippy::ptr_arg, reason = "an attack may change the length, too")]
pub(crate) fn flip_a_bit(sight: &Sight<'_>, flight: &mut Vec<u8>) -> Result<(), Failure> {
    if let (Role::Server, Some(byte)) = (sight.from, flight.get_mut(20)) {
        *byte ^= 1;
    }
    Ok(())
}

/// A client without the private key: its last flight has no CertificateVerify, and a Finished for the messages that are
/// there.
pub(crate) fn remove_certificate_verify(sight: &Sight<'_>, flight: &mut Vec<u8>) -> Result<(), Failure> {
    let log = KeyLog::parse(sight.key_log.as_bytes());
    let explained = |flight: &[u8]| -> Result<Connection, Failure> {
        let mut heard = sight.heard.clone();
        heard.add(sight.from, flight);
        Ok(explain(&[heard], &log).connections.pop().ok_or("no connection")?)
    };
    let honest = explained(flight)?;
    let proof = honest.messages.iter().find(|m| m.sender == Role::Client && m.name == "certificate_verify");
    let Some(proof) = proof else { return Ok(()) };

    let certificate = &honest.spaces[proof.space].bytes[..proof.start];
    let record = honest.records.iter().rfind(|record| record.sender == Role::Client).ok_or("no record")?;
    flight.truncate(flight.len() - record.len);
    let suite = suite(&honest)?;
    let forged = |verify_data: &[u8]| -> Result<Vec<u8>, Failure> {
        let finished = [&[20, 0, 0, u8::try_from(verify_data.len())?], verify_data].concat();
        let record = seal(&honest, suite, &[certificate, &finished, &[22]].concat())?;
        Ok([flight, &record[..]].concat())
    };
    // The study computes the Finished of such a conversation.
    let almost = explained(&forged(&vec![0; suite.hash().output_len()])?)?;
    let finished = almost.checks.iter().find(|check| check.name == "client Finished").ok_or("no Finished")?;
    *flight = forged(finished.expected.bytes().ok_or("not known")?)?;
    Ok(())
}

/// The first record under the client's handshake key. Its number is 0, so the nonce is the IV (RFC 9846 §5.3).
fn seal(connection: &Connection, suite: Suite, content: &[u8]) -> Result<Vec<u8>, Failure> {
    let secret = |name: &str| -> Result<&[u8], Failure> {
        let found = connection.secrets.iter().find(|secret| secret.name == name);
        Ok(found.and_then(|secret| secret.value.bytes()).ok_or_else(|| format!("no {name}"))?)
    };
    let length = u16::try_from(content.len() + 16)?.to_be_bytes();
    let mut record = vec![23, 3, 3, length[0], length[1]];
    let key = AeadKey::new(suite, secret("client_handshake_write_key")?, CryptoMode::Real)?;
    let mut sealed = content.to_vec();
    let tag = key.seal_in_place(secret("client_handshake_write_iv")?.try_into()?, &record, &mut sealed)?;
    record.extend(sealed);
    record.extend(tag);
    Ok(record)
}

/// The cipher suite of the server's choice.
fn suite(connection: &Connection) -> Result<Suite, Failure> {
    let field = connection.fields.iter().rfind(|field| field.name == "cipher_suite").ok_or("no suite")?;
    let number = connection.spaces[field.space].bytes[field.start..field.start + field.len].try_into()?;
    Ok(Suite::from(CipherSuite(u16::from_be_bytes(number))).ok_or("an unknown suite")?)
}
