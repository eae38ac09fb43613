//! Files that are larger than they should be.

use std::fs;

use super::{Scene, said};

/// B12: a file of another size than the bundle says is not read, however long it says it is.
#[test]
fn l3_an_artifact_of_another_size_is_not_read() {
    let scene = Scene::new();
    scene.expect(0, &["pack"]);
    let artifact = scene.project(".relplan/bundle/widget-1.0.0.tgz");
    let file = fs::OpenOptions::new().write(true).open(artifact).unwrap();
    file.set_len(4 << 40).unwrap();
    let planned = scene.expect(0, &["plan", "-o", "release.json"]);
    let why = "has 4398046511104 bytes, and the plan says";
    assert!(said(&planned).contains(why), "{planned}");
    let refused = scene.run(&["apply", "release.json", "--yes"]);
    assert_ne!(refused.code, Some(0), "{refused}");
    let merged = scene.expect(
        65,
        &["pack", "--merge", ".relplan/bundle", "--bundle", "other"],
    );
    assert!(said(&merged).contains("bytes instead of"), "{merged}");
}
