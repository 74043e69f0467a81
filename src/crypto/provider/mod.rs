//! The provider of cryptography, chosen when the crate is built: *ring*, or aws-lc-rs with the feature of that name.
//! No name of either is used above this module.
//!
//! Both have one interface (ring's, which aws-lc-rs follows). What they say differently is a function of the same name
//! in both files.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
#[cfg(feature = "mldsa")]
pub(crate) mod ml_dsa;
pub(crate) mod ml_kem;
#[cfg(not(feature = "aws-lc-rs"))]
mod ring;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc_rs::*;
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use ring::*;
