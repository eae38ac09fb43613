//! The first interrupt ends an apply gracefully: nothing new is started, what is known is written down, and the same
//! command goes on later.

use std::process::Stdio;

use nix::{sys::signal::Signal, unistd::Pid};
use relplan_testkit::proxy::{Fault, Rule};

use crate::fixture::{Fixture, ONE_OF_EACH, Packers};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_interrupt_is_graceful_and_a_later_apply_goes_on() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let fixture = Fixture::new(Packers::BuiltIn).await;
        let cargo = &fixture.bench.cargo;
        cargo.inject(Rule::once("PUT", "/crates/new", Fault::HoldBefore));
        let command =
            fixture
                .environment
                .relplan(&["apply", "--yes", "--offline-pack", "--settle", "1s"]);
        let mut command = tokio::process::Command::from(command);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        cargo.log().until_stalled().await;
        let id = i32::try_from(child.id().unwrap()).unwrap();
        nix::sys::signal::kill(Pid::from_raw(id), signal).unwrap();
        // The upload that is under way loses its connection meanwhile; what became of it is not found out in time.
        fixture.heal();
        let output = child.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{signal}: {said}");
        assert!(said.contains("interrupted"), "{said}");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains("\n    relplan apply\n"), "{printed}");

        let session = fixture.expect(0, &["apply", "--settle", "1s"]);
        assert!(
            session.stderr.contains("goes on where it was left"),
            "{session}"
        );
        assert_eq!(
            fixture.accepted_uploads(),
            ONE_OF_EACH,
            "{signal}\n{session}"
        );
    }
}
