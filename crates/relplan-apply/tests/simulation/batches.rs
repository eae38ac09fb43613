//! How often a store is written to: steps that come together are recorded together, so that a release of many packages
//! does not make a remote store's writes as many as its steps.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use relplan_apply::{Admission, ExitClass, Opening, Options, Ports, Stop, admit, claim, walk};
use relplan_model::{
    digest::Sha256,
    journal::Entry,
    port::{BoxFuture, Clock as _, StateStore, StoreError},
    state::State,
};
use relplan_testkit::world::{Faults, Ran, Row, SimClock, SimStore, World};

use super::approvals::Ungated;
use super::session::{check_laws, plan};

/// A store that takes as long for an append as a push over the network does.
struct Remote {
    store: SimStore,
    clock: SimClock,
    takes: Duration,
    appends: AtomicUsize,
    entries: AtomicUsize,
}

impl StateStore for Remote {
    fn location(&self) -> String {
        self.store.location()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        self.store.load()
    }

    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>> {
        Box::pin(async move {
            self.appends.fetch_add(1, Ordering::SeqCst);
            self.entries.fetch_add(entries.len(), Ordering::SeqCst);
            self.clock.sleep(self.takes).await;
            self.store.append(head, entries).await
        })
    }
}

/// Three layers of packages, each of which needs one of the layer before.
fn release(packages: usize) -> Vec<Row> {
    let layer = packages / 3;
    (0..packages)
        .map(|package| {
            let row = Row::release(&format!("one:p{package}"));
            match package.checked_sub(layer) {
                Some(needed) => row.needs(&format!("one:p{needed}")),
                None => row,
            }
        })
        .collect()
}

/// Appends and entries of one undisturbed apply, and the seconds that it took.
fn cost(packages: usize, takes: Duration) -> (usize, usize, i64) {
    let world = World::new(7, plan(&release(packages)), Faults::none());
    let clock = world.clock();
    let store = Remote {
        store: world.store(),
        clock: world.clock(),
        takes,
        appends: AtomicUsize::new(0),
        entries: AtomicUsize::new(0),
    };
    let ran = world.run(async {
        let ports = Ports {
            drivers: &world,
            source: &world,
            store: &store,
            clock: &clock,
            events: &world,
            approvals: &Ungated,
        };
        let admission = Admission {
            part: relplan_apply::Part::whole(),
            bytes: world.plan_bytes(),
            now: clock.now(),
            state: State::default(),
            drivers: &world,
            source: &world,
        };
        let admitted = admit(admission).await.unwrap();
        let opening = Opening {
            lineage: "simulated".to_owned(),
            tool: "0.0.0".to_owned(),
            runner: "runner".to_owned(),
            run: "one".to_owned(),
        };
        let begin = clock.now().unix();
        let claimed = claim(admitted, opening, &ports).await.unwrap();
        let report = walk(claimed, &ports, &Options::default(), &Stop::new()).await;
        assert_eq!(report.exit, ExitClass::Done, "{}", report.message());
        clock.now().unix() - begin
    });
    let Ran::Ended(seconds) = ran else {
        panic!("it was killed")
    };
    check_laws(&world);
    (
        store.appends.into_inner(),
        store.entries.into_inner(),
        seconds,
    )
}

#[test]
fn a_thousand_packages_make_tens_of_writes_to_a_remote_store() {
    for millis in [100, 300, 1_000] {
        let (appends, entries, seconds) = cost(1_000, Duration::from_millis(millis));
        eprintln!("{millis} ms an append: {entries} entries in {appends} appends, {seconds} s");
        assert!(entries > 3_000);
        assert!(
            appends < 60,
            "{entries} entries in {appends} appends at {millis} ms each"
        );
    }
}
