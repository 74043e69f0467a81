//! Diffie-Hellman in a toy group with numbered private keys, for runs that can be repeated byte by byte. Both ends have
//! their own key, so that tests of several sessions can check who knows which secret. It protects nothing.

/// 2^61 - 1, a prime.
const MODULUS: u64 = 0x1fff_ffff_ffff_ffff;
const GENERATOR: u64 = 37;

/// The length of the value at the end of a share. The bytes before it are fours, as in the constant shares.
pub(super) const VALUE_LEN: usize = 8;

const fn product(a: u64, b: u64) -> u64 {
    let remainder = (a as u128).wrapping_mul(b as u128).checked_rem(MODULUS as u128);
    match remainder {
        Some(remainder) => remainder as u64,
        None => 0, // the modulus is not zero
    }
}

const fn power(base: u64, mut exponent: u64) -> u64 {
    let (mut power, mut square) = (1, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = product(power, square);
        }
        square = product(square, square);
        exponent >>= 1;
    }
    power
}

/// The private key of this number. The keys are spread over the group.
const fn private(number: u8) -> u64 {
    (number as u64).wrapping_add(2).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4
}

static PUBLIC: [[u8; VALUE_LEN]; 256] = {
    let mut table = [[0; VALUE_LEN]; 256];
    let mut number = 0_u8;
    let mut rest: &mut [[u8; VALUE_LEN]] = &mut table;
    while let Some((place, others)) = rest.split_first_mut() {
        *place = power(GENERATOR, private(number)).to_be_bytes();
        number = number.wrapping_add(1);
        rest = others;
    }
    table
};

/// The public value of this private key.
pub(super) fn public(number: u8) -> &'static [u8; VALUE_LEN] {
    PUBLIC.get(usize::from(number)).unwrap_or(&[0; VALUE_LEN])
}

/// The shared secret of this private key and the peer's share; `None` if that is no share.
pub(super) fn agree(number: u8, share: &[u8]) -> Option<[u8; VALUE_LEN]> {
    let (fours, value) = share.split_last_chunk::<VALUE_LEN>()?;
    let value = u64::from_be_bytes(*value);
    let is_share = fours.iter().all(|byte| *byte == 4) && (2..MODULUS).contains(&value);
    is_share.then(|| power(value, private(number)).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_private_keys_agree_and_others_do_not() {
        let share = |number: u8| [&[4; 24][..], public(number)].concat();
        for a in [0, 1, 7, 255] {
            for b in [0, 2, 200] {
                assert_eq!(agree(a, &share(b)).unwrap(), agree(b, &share(a)).unwrap());
                assert_ne!(agree(a, &share(b)).unwrap(), agree(a, &share(b + 1)).unwrap());
            }
        }
        for bad in [&[4; 7][..], &[4; 24], &[0; 32], &[[4; 24].as_slice(), &[0xff; 8]].concat()] {
            assert_eq!(agree(1, bad).is_none(), bad != [4; 24], "{bad:?}");
        }
    }
}
