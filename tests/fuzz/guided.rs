//! The guided run: libFuzzer drives the reader that `READER` names.

#![no_main]

#[cfg(feature = "targets")]
mod answers;
mod readers;

use std::sync::LazyLock;

static READER: LazyLock<&readers::Reader> = LazyLock::new(|| {
    let name = std::env::var("READER").unwrap_or_default();
    let all = readers::READERS.iter();
    #[cfg(feature = "targets")]
    let all = all.chain(answers::READERS);
    let mut all = all;
    let found = all.find(|reader| reader.name == name);
    found.unwrap_or_else(|| panic!("READER names none of the readers: {name:?}"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (READER.read)(bytes));
