//! The contract, by way of a place; what damage does to files is tested beside the store itself.

use relplan_testkit::world::contract::{Open, store_contract};

use crate::{client, vars};

#[test]
fn it_is_a_store() {
    let root = tempfile::tempdir().unwrap();
    let vars = vars(root.path());
    let count = std::cell::Cell::new(0);
    store_contract(|| {
        count.set(count.get() + 1);
        let place = root.path().join(count.get().to_string());
        let (place, vars) = (place.display().to_string(), vars.clone());
        let open: Open = Box::new(move || client(&place, &vars));
        open
    });
}
