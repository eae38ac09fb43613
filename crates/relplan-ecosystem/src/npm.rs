//! npm tarballs.

pub(crate) mod layout;
mod tarball;

pub use self::tarball::Tarball;
