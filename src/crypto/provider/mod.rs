//! The cryptographic provider, chosen at compile time: *ring*, or aws-lc-rs with the feature of that name.
//! Only this module uses their names.
//!
//! aws-lc-rs has the interface of *ring*. Where they differ, both files have a function of the same name.

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
