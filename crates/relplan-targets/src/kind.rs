//! One folder for each kind of target. `crate::kinds` lists them; nothing else names them.

pub(crate) mod cargo;
pub(crate) mod directory;
pub(crate) mod npm;
pub(crate) mod pypi;
